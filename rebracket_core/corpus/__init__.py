"""Rows coming in: schema, readers, targets, grouped splits, audit and the library of imported data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.lazy import lazy_face
from rebracket_core.texts import clean_text, has_words, normalised_text

if TYPE_CHECKING:
    from rebracket_core.corpus.audit.confounds import AxisPair
    from rebracket_core.corpus.audit.duplicates import NearDuplicate
    from rebracket_core.corpus.audit.leakage import Leakage
    from rebracket_core.corpus.audit.report import AuditReport, Count, Finding, Level, Shared, Spread
    from rebracket_core.corpus.embeddings import PrecomputedVectors, join_embeddings, read_embeddings
    from rebracket_core.corpus.fields import FIELDS, TEXT_FIELDS, FieldSpec, field_names
    from rebracket_core.corpus.library import Library, join_datasets, slug
    from rebracket_core.corpus.limits import Limits
    from rebracket_core.corpus.schema import COLUMNS, Dataset, DatasetMeta, ReadReport, Skip, frame_digest, make_frame
    from rebracket_core.corpus.soft_targets import Targets, smooth_context, targets
    from rebracket_core.corpus.sources.reading import read_not_concepts, read_source, read_upload
    from rebracket_core.corpus.splits import SparseClass, grouped_folds, leak_safe_groups, row_folds, sparse_classes
    from rebracket_core.corpus.units import collapse_repeats

_HOMES = {
    "AuditReport": "audit.report",
    "AxisPair": "audit.confounds",
    "COLUMNS": "schema",
    "Count": "audit.report",
    "Dataset": "schema",
    "DatasetMeta": "schema",
    "FIELDS": "fields",
    "FieldSpec": "fields",
    "Finding": "audit.report",
    "Leakage": "audit.leakage",
    "Level": "audit.report",
    "Library": "library",
    "Limits": "limits",
    "NearDuplicate": "audit.duplicates",
    "PrecomputedVectors": "embeddings",
    "ReadReport": "schema",
    "Shared": "audit.report",
    "Skip": "schema",
    "SparseClass": "splits",
    "Spread": "audit.report",
    "TEXT_FIELDS": "fields",
    "Targets": "soft_targets",
    "collapse_repeats": "units",
    "field_names": "fields",
    "frame_digest": "schema",
    "grouped_folds": "splits",
    "join_datasets": "library",
    "join_embeddings": "embeddings",
    "leak_safe_groups": "splits",
    "make_frame": "schema",
    "read_embeddings": "embeddings",
    "read_not_concepts": "sources.reading",
    "read_source": "sources.reading",
    "read_upload": "sources.reading",
    "row_folds": "splits",
    "slug": "library",
    "smooth_context": "soft_targets",
    "sparse_classes": "splits",
    "targets": "soft_targets",
}
__all__ = [
    "COLUMNS",
    "FIELDS",
    "TEXT_FIELDS",
    "AuditReport",
    "AxisPair",
    "Count",
    "Dataset",
    "DatasetMeta",
    "FieldSpec",
    "Finding",
    "Leakage",
    "Level",
    "Library",
    "Limits",
    "NearDuplicate",
    "PrecomputedVectors",
    "ReadReport",
    "Shared",
    "Skip",
    "SparseClass",
    "Spread",
    "Targets",
    "clean_text",
    "collapse_repeats",
    "field_names",
    "frame_digest",
    "grouped_folds",
    "has_words",
    "join_datasets",
    "join_embeddings",
    "leak_safe_groups",
    "make_frame",
    "normalised_text",
    "read_embeddings",
    "read_not_concepts",
    "read_source",
    "read_upload",
    "row_folds",
    "slug",
    "smooth_context",
    "sparse_classes",
    "targets",
]
__getattr__, __dir__ = lazy_face(__name__, _HOMES)
