from rebracket_core.corpus.audit.confounds import AxisPair as AxisPair
from rebracket_core.corpus.audit.duplicates import NearDuplicate as NearDuplicate
from rebracket_core.corpus.audit.leakage import Leakage as Leakage
from rebracket_core.corpus.audit.report import (
    AuditReport as AuditReport,
    Count as Count,
    Finding as Finding,
    Level as Level,
    Shared as Shared,
    Spread as Spread,
)
from rebracket_core.corpus.concept import Concept as Concept
from rebracket_core.corpus.embeddings import (
    SAME_VECTOR_TOLERANCE as SAME_VECTOR_TOLERANCE,
    PrecomputedVectors as PrecomputedVectors,
    join_embeddings as join_embeddings,
    read_embeddings as read_embeddings,
    text_digest as text_digest,
)
from rebracket_core.corpus.fields import (
    FIELDS as FIELDS,
    TEXT_FIELDS as TEXT_FIELDS,
    FieldSpec as FieldSpec,
    field_names as field_names,
)
from rebracket_core.corpus.library import Library as Library, join_datasets as join_datasets, slug as slug
from rebracket_core.corpus.limits import MAX_COLUMNS as MAX_COLUMNS, Limits as Limits
from rebracket_core.corpus.row_vectors import (
    MAX_WIDTH as MAX_WIDTH,
    FieldVectors as FieldVectors,
    VectorsMeta as VectorsMeta,
    joined_vectors as joined_vectors,
    read_vector as read_vector,
)
from rebracket_core.corpus.schema import (
    COLUMNS as COLUMNS,
    Dataset as Dataset,
    DatasetMeta as DatasetMeta,
    ReadReport as ReadReport,
    Skip as Skip,
    frame_digest as frame_digest,
    make_frame as make_frame,
)
from rebracket_core.corpus.soft_targets import (
    HumanTarget as HumanTarget,
    Targets as Targets,
    axis_sources as axis_sources,
    smooth_context as smooth_context,
    take_targets as take_targets,
    targets as targets,
    with_human as with_human,
)
from rebracket_core.corpus.sources.reading import (
    RowsRead as RowsRead,
    read_not_concepts as read_not_concepts,
    read_rows as read_rows,
    read_source as read_source,
    read_upload as read_upload,
)
from rebracket_core.corpus.splits import (
    SparseClass as SparseClass,
    grouped_folds as grouped_folds,
    leak_safe_groups as leak_safe_groups,
    row_folds as row_folds,
    sparse_classes as sparse_classes,
)
from rebracket_core.corpus.units import (
    BLANK_LINE as BLANK_LINE,
    BOTH as BOTH,
    MERGE as MERGE,
    SKIP as SKIP,
    collapse_repeats as collapse_repeats,
    settle_types as settle_types,
    texts_with_two_types as texts_with_two_types,
)
from rebracket_core.corpus.usable import unusable as unusable
