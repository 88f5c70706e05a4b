from rebracket_core.ui.concepts.batch import batches as batches, pick_row as pick_row, show_batch as show_batch
from rebracket_core.ui.concepts.history_entry import show_entry as show_entry
from rebracket_core.ui.concepts.reading import read_verdict as read_verdict
from rebracket_core.ui.concepts.verdict import show_verdict as show_verdict
from rebracket_core.ui.concepts.verdict_table import (
    VERDICTS as VERDICTS,
    columns_of as columns_of,
    verdict_frame as verdict_frame,
)
