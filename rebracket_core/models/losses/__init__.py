"""Losses of the tasks, and how the gradients of several become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.lazy import lazy_face

if TYPE_CHECKING:
    from rebracket_core.models.losses.functions import AxisLoss, TypeLoss
    from rebracket_core.models.losses.tasks import member_losses, part_losses
    from rebracket_core.models.losses.weighting import WEIGHTINGS, Weighting

_HOMES = {
    "WEIGHTINGS": "weighting",
    "AxisLoss": "functions",
    "TypeLoss": "functions",
    "Weighting": "weighting",
    "member_losses": "tasks",
    "part_losses": "tasks",
}
__all__ = ["WEIGHTINGS", "AxisLoss", "TypeLoss", "Weighting", "member_losses", "part_losses"]
__getattr__, __dir__ = lazy_face(__name__, _HOMES)
