"""The one door to the engine: loaded models, verdicts, data sets, runs, history."""

from rebracket_core.runs.store import RunInfo
from rebracket_core.services.verdicts.history import History, HistoryEntry
from rebracket_core.workbench.bench import Workbench, get_workbench
from rebracket_core.workbench.concepts import Concept, ConceptsRead

__all__ = ["Concept", "ConceptsRead", "History", "HistoryEntry", "RunInfo", "Workbench", "get_workbench"]
