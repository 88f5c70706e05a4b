"""What a training tells while it goes on, and how it is stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Cancelled(Exception):
    """Somebody asked the training to stop; what is finished stays in the checkpoints."""


class Watch(Protocol):
    """Who watches a training. Each call may raise Cancelled, which ends it there."""

    def stage(self, name: str, done: int, total: int) -> None:
        """`done` of `total` parts of the stage are through."""

    def point(self, values: Mapping[str, Any]) -> None:
        """One point of the curves: plain numbers by name."""
