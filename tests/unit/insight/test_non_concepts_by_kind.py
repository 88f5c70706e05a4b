"""Verdicts on texts that are no concepts, counted by kind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rebracket_core.insight.calibration import KindOfNonConcepts, non_concepts_by_kind


def verdict(*, reason: str = "", accepted: bool = False, error: str | None = None) -> Any:
    return SimpleNamespace(reason=reason, is_accepted=accepted, error=error)


def test_kinds_are_counted_apart_and_hard_ones_come_first() -> None:
    found = non_concepts_by_kind(
        [
            verdict(reason="ood_detection"),
            verdict(error="no letters"),
            verdict(accepted=True),
            verdict(reason="low_confidence"),
            verdict(reason="ood_detection"),
        ],
        kinds=["chat", "chat", "tale", "poem", "tale"],
        hard=[False, False, True, True, True],
    )
    assert found == (
        KindOfNonConcepts("poem", hard=True, n=1, n_out_of_distribution=0, n_accepted=0, n_unscored=0),
        KindOfNonConcepts("tale", hard=True, n=2, n_out_of_distribution=1, n_accepted=1, n_unscored=0),
        KindOfNonConcepts("chat", hard=False, n=2, n_out_of_distribution=1, n_accepted=0, n_unscored=1),
    )
    with pytest.raises(ValueError, match=r"shorter|longer"):
        non_concepts_by_kind([verdict()], kinds=[], hard=[])
