from rebracket_core.models.losses.backbone import (
    ALL_PARTS as ALL_PARTS,
    BackboneLoss as BackboneLoss,
    backbone_loss as backbone_loss,
    cut_lengths as cut_lengths,
    head_penalty as head_penalty,
)
from rebracket_core.models.losses.classes import CLASSES as CLASSES, class_weights as class_weights
from rebracket_core.models.losses.functions import (
    AxisLoss as AxisLoss,
    TypeLoss as TypeLoss,
    balanced_weights as balanced_weights,
)
from rebracket_core.models.losses.gradient_balance import (
    MUCH_LARGER as MUCH_LARGER,
    Balance as Balance,
    largest_ratio as largest_ratio,
)
from rebracket_core.models.losses.pace import TaskPace as TaskPace, dwa_weights as dwa_weights, kept_parts as kept_parts
from rebracket_core.models.losses.tasks import member_losses as member_losses, part_losses as part_losses
from rebracket_core.models.losses.weighting import FIXED as FIXED, WEIGHTINGS as WEIGHTINGS, Weighting as Weighting
