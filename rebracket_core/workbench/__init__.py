"""The one door to the engine: loaded models, verdicts, data sets, runs, history."""

from rebracket_core.workbench.bench import Workbench, get_workbench
from rebracket_core.workbench.concepts import Concept, ConceptsRead
from rebracket_core.workbench.history import History, HistoryEntry
from rebracket_core.workbench.runs import RunInfo

__all__ = ["Concept", "ConceptsRead", "History", "HistoryEntry", "RunInfo", "Workbench", "get_workbench"]
