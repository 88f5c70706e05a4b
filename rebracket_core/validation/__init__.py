"""Scores in, verdicts out: states, album, out-of-distribution, gate, transmigration, suggestions."""

from rebracket_core.validation.albums import AlbumReport, album_report, axes_affinity
from rebracket_core.validation.concept import Concept
from rebracket_core.validation.gate import Decision, Reason, VerdictKind, agrees, decide, fits, is_uncharted
from rebracket_core.validation.judging import Judge
from rebracket_core.validation.model import Answers, ConceptModel
from rebracket_core.validation.ood import OodDetector, OodMethod
from rebracket_core.validation.states import AxisState, State, axis_state, axis_states, mode_name
from rebracket_core.validation.suggestions import Suggestion, suggest
from rebracket_core.validation.transmigration import (
    Difficulty,
    Edit,
    Path,
    Step,
    apply_targets,
    difficulty,
    distances,
    distances_many,
    minimal_edits,
    path,
)
from rebracket_core.validation.verdict import Item, ItemLike, Verdict, decision_of, failed_verdict, judge, judge_many

__all__ = [
    "AlbumReport",
    "Answers",
    "AxisState",
    "Concept",
    "ConceptModel",
    "Decision",
    "Difficulty",
    "Edit",
    "Item",
    "ItemLike",
    "Judge",
    "OodDetector",
    "OodMethod",
    "Path",
    "Reason",
    "State",
    "Step",
    "Suggestion",
    "Verdict",
    "VerdictKind",
    "agrees",
    "album_report",
    "apply_targets",
    "axes_affinity",
    "axis_state",
    "axis_states",
    "decide",
    "decision_of",
    "difficulty",
    "distances",
    "distances_many",
    "failed_verdict",
    "fits",
    "is_uncharted",
    "judge",
    "judge_many",
    "minimal_edits",
    "mode_name",
    "path",
    "suggest",
]
