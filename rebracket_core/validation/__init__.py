"""Scores in, verdicts out: evidence, rules, out-of-distribution detection, transmigration, suggestions."""

from rebracket_core.validation.albums import AlbumReport, album_report, axes_affinity
from rebracket_core.validation.concept import Concept
from rebracket_core.validation.evidence import Evidence, evidence_of
from rebracket_core.validation.fingerprints import text_fingerprint
from rebracket_core.validation.flags import FLAGS, SEEN_IN_TRAINING, UNKNOWN_SOURCE, flag_sentence, is_remark
from rebracket_core.validation.model import ConceptModel, Predictions
from rebracket_core.validation.ood import OodDetector, OodMethod
from rebracket_core.validation.rules import (
    RULES,
    Decision,
    Rule,
    Suggestion,
    decide,
    is_out_of_distribution,
    rule_behind,
    rules_digest,
    rules_reading,
)
from rebracket_core.validation.scorer import Scorer, decision_of, verdicts_from
from rebracket_core.validation.states import AxisState, State, agrees, axis_state, axis_states, contradicts, fits, mode_name
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
from rebracket_core.validation.trust import Claim, Trust, trust_of, unmeasured_kind
from rebracket_core.validation.verdict import FIELDS, Verdict, failed_verdict
from rebracket_core.verdict_kinds import ACCEPTED, VerdictKind, is_accepted

__all__ = [
    "ACCEPTED",
    "FIELDS",
    "FLAGS",
    "RULES",
    "SEEN_IN_TRAINING",
    "UNKNOWN_SOURCE",
    "AlbumReport",
    "AxisState",
    "Claim",
    "Concept",
    "ConceptModel",
    "Decision",
    "Difficulty",
    "Edit",
    "Evidence",
    "OodDetector",
    "OodMethod",
    "Path",
    "Predictions",
    "Rule",
    "Scorer",
    "State",
    "Step",
    "Suggestion",
    "Trust",
    "Verdict",
    "VerdictKind",
    "agrees",
    "album_report",
    "apply_targets",
    "axes_affinity",
    "axis_state",
    "axis_states",
    "contradicts",
    "decide",
    "decision_of",
    "difficulty",
    "distances",
    "distances_many",
    "evidence_of",
    "failed_verdict",
    "fits",
    "flag_sentence",
    "is_accepted",
    "is_out_of_distribution",
    "is_remark",
    "minimal_edits",
    "mode_name",
    "path",
    "rule_behind",
    "rules_digest",
    "rules_reading",
    "text_fingerprint",
    "trust_of",
    "unmeasured_kind",
    "verdicts_from",
]
