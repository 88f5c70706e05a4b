"""Where the helper threads of a forward pass stay."""

from __future__ import annotations

import os

import pytest

from rebracket_core.encoders import device
from rebracket_core.encoders.device import helper_places


@pytest.mark.parametrize(
    ("threads", "allowed", "places"),
    [(2, {0, 1}, "2"), (3, {0, 4, 9}, "5;10"), (1, {0}, ""), (2, {0, 1, 2, 3}, ""), (4, {0, 1}, "")],
)
def test_helpers_have_a_processor_each_where_all_processors_are_used(
    threads: int, allowed: set[int], places: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device.os, "sched_getaffinity", lambda _pid: allowed, raising=False)
    assert helper_places(threads) == places


def test_a_system_without_affinities_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert helper_places(2) == ""
