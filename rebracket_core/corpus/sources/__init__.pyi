from rebracket_core.corpus.sources.files import (
    ZIP_MAGIC as ZIP_MAGIC,
    FileSource as FileSource,
    source_of_bytes as source_of_bytes,
    source_of_path as source_of_path,
)
from rebracket_core.corpus.sources.fingerprint import fingerprint_of as fingerprint_of
from rebracket_core.corpus.sources.hub import Hub as Hub, fetch_dataset as fetch_dataset
from rebracket_core.corpus.sources.reading import iter_concepts as iter_concepts, read_concepts as read_concepts
from rebracket_core.corpus.sources.reading_child import (
    close_children as close_children,
    read_concepts_apart as read_concepts_apart,
    read_rows_apart as read_rows_apart,
)
