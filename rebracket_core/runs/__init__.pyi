from rebracket_core.runs.archive import export_run as export_run, import_run as import_run, pack_run as pack_run
from rebracket_core.runs.comparison import compare as compare, predictions_of as predictions_of, ranked as ranked
from rebracket_core.runs.metrics import (
    AccuracyScore as AccuracyScore,
    Calibration as Calibration,
    RunMetrics as RunMetrics,
    SetScores as SetScores,
)
from rebracket_core.runs.notes import (
    MOST_CHARS as MOST_CHARS,
    RunNote as RunNote,
    read_note as read_note,
    write_note as write_note,
)
from rebracket_core.runs.production import previous_id as previous_id, promote_first as promote_first
from rebracket_core.runs.store import (
    STARTER as STARTER,
    RunInfo as RunInfo,
    RunSnapshot as RunSnapshot,
    RunStore as RunStore,
    info_of as info_of,
)
from rebracket_core.runs.type_metrics import TypeScores as TypeScores, table as table
