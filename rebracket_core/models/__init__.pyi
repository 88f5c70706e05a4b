from rebracket_core.models.artefact import (
    Artefact as Artefact,
    load_artefact as load_artefact,
    load_manifest as load_manifest,
    save_artefact as save_artefact,
)
from rebracket_core.models.backbone import Backbone as Backbone, HiddenLayers as HiddenLayers
from rebracket_core.models.config import (
    PARTS as PARTS,
    VERDICT_TASKS as VERDICT_TASKS,
    FitConfig as FitConfig,
    HeadsConfig as HeadsConfig,
    OptimiserConfig as OptimiserConfig,
    TasksConfig as TasksConfig,
)
from rebracket_core.models.conformal import ConformalSets as ConformalSets, in_sets as in_sets
from rebracket_core.models.layout import (
    ALBUM as ALBUM,
    AXIS as AXIS,
    CONFIDENCE as CONFIDENCE,
    N_OUTPUTS as N_OUTPUTS,
    TYPES as TYPES,
)
from rebracket_core.models.optimiser import (
    move_outputs_at as move_outputs_at,
    output_rates as output_rates,
    rate_factor as rate_factor,
)
from rebracket_core.models.scores import (
    Calibration as Calibration,
    Scores as Scores,
    any_type_log_odds as any_type_log_odds,
    any_type_probability as any_type_probability,
    axis_affinity as axis_affinity,
    entropy as entropy,
    scores_from_logits as scores_from_logits,
    sigmoid as sigmoid,
    softmax as softmax,
    type_probabilities as type_probabilities,
)
from rebracket_core.models.targets import HeadTargets as HeadTargets
