from rebracket_core.validation.albums import (
    AlbumReport as AlbumReport,
    album_report as album_report,
    axes_affinity as axes_affinity,
)
from rebracket_core.validation.concept import Concept as Concept
from rebracket_core.validation.describe import (
    promise_words as promise_words,
    reasons as reasons,
    rules_document as rules_document,
    rules_list as rules_list,
    thresholds_document as thresholds_document,
)
from rebracket_core.validation.evidence import UNCERTAINTIES as UNCERTAINTIES, Evidence as Evidence, evidence_of as evidence_of
from rebracket_core.validation.fingerprints import text_fingerprint as text_fingerprint
from rebracket_core.validation.flags import (
    FLAGS as FLAGS,
    SEEN_IN_TRAINING as SEEN_IN_TRAINING,
    UNKNOWN_SOURCE as UNKNOWN_SOURCE,
    flag_sentence as flag_sentence,
    is_remark as is_remark,
)
from rebracket_core.validation.model import (
    ConceptModel as ConceptModel,
    Predictions as Predictions,
    untrained_tasks as untrained_tasks,
)
from rebracket_core.validation.ood import OodDetector as OodDetector, OodMethod as OodMethod
from rebracket_core.validation.rules import (
    RULES as RULES,
    Decision as Decision,
    Rule as Rule,
    Suggestion as Suggestion,
    decide as decide,
    is_out_of_distribution as is_out_of_distribution,
    rule_behind as rule_behind,
    rules_digest as rules_digest,
    rules_reading as rules_reading,
)
from rebracket_core.validation.scorer import (
    Prediction as Prediction,
    Scorer as Scorer,
    decision_of as decision_of,
    failure_of as failure_of,
    learnt_parts as learnt_parts,
    predict as predict,
    predictions_of as predictions_of,
    verdicts_from as verdicts_from,
    verdicts_of as verdicts_of,
)
from rebracket_core.validation.states import (
    AxisState as AxisState,
    State as State,
    agrees as agrees,
    axis_state as axis_state,
    axis_states as axis_states,
    contradicts as contradicts,
    fits as fits,
    mode_name as mode_name,
    read_state as read_state,
)
from rebracket_core.validation.transmigration import (
    AxisChange as AxisChange,
    Difficulty as Difficulty,
    Edit as Edit,
    Path as Path,
    Place as Place,
    Step as Step,
    apply_targets as apply_targets,
    axis_changes as axis_changes,
    axis_distances as axis_distances,
    difficulty as difficulty,
    distances as distances,
    distances_many as distances_many,
    minimal_edits as minimal_edits,
    path as path,
    place_of as place_of,
    vertex as vertex,
)
from rebracket_core.validation.trust import (
    Claim as Claim,
    Trust as Trust,
    trust_of as trust_of,
    unmeasured_kind as unmeasured_kind,
)
from rebracket_core.validation.usable import unusable as unusable
from rebracket_core.validation.verdict import FIELDS as FIELDS, Verdict as Verdict, failed_verdict as failed_verdict
