"""Answers are exact: sums of 1000, "cannot tell" apart from "even", and the same again after a journey through JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from rebracket_core.annotation import EVEN, AnswerKind, AxisLabel, LabelValue, ProjectSettings
from rebracket_core.annotation.entities.presets import axis_presets
from rebracket_core.errors import InputError
from rebracket_core.rainbow import TYPE_NAMES
from tests.support.labels import abstained


@given(st.lists(st.floats(0, 1e9), min_size=3, max_size=3).filter(lambda s: sum(s) > 1e-6))
def test_any_shares_become_exact_per_mille(shares: list[float]) -> None:
    label = AxisLabel.from_shares(shares)
    assert sum(label.per_mille) == 1000
    assert all(abs(p / 1000 - s / sum(shares)) <= 0.001 for p, s in zip(label.per_mille, shares, strict=True))


def test_even_is_an_answer_and_cannot_tell_is_none() -> None:
    even, none = AxisLabel.of(EVEN), AxisLabel.abstain()
    assert even.kind is AnswerKind.SOFT and even.shares == (1 / 3, 1 / 3, 1 / 3)
    assert none.kind is AnswerKind.ABSTAIN and none.shares is None
    assert even != none


@pytest.mark.parametrize(
    ("shares", "kind"),
    [
        ((1000, 0, 0), "soft"),
        ((500, 500, 0), "hard"),
        ((500, 499, 0), "soft"),
        ((0, 0, 0), "soft"),
        ((1000, 0, 0), "abstain"),
        ((1001, -1, 0), "soft"),
        ((500.0, 500, 0), "soft"),
        ((500, 500), "soft"),
        ((True, 999, 0), "soft"),
    ],
)
def test_what_is_no_answer_is_refused(shares: tuple[int, ...], kind: str) -> None:
    with pytest.raises(InputError):
        AxisLabel(shares, AnswerKind(kind))  # type: ignore[arg-type]


@pytest.mark.parametrize("shares", [[0, 0, 0], [float("nan"), 1, 1], [-1, 1, 1], [float("inf"), 1, 1], [1, 1]])
def test_shares_that_are_no_distribution_are_refused(shares: list[float]) -> None:
    with pytest.raises(InputError):
        AxisLabel.from_shares(shares)


_axis = st.one_of(
    st.just(AxisLabel.abstain()),
    st.lists(st.integers(0, 1000), min_size=2, max_size=2)
    .map(sorted)
    .map(lambda cut: AxisLabel.of((cut[0], cut[1] - cut[0], 1000 - cut[1]))),
)


@given(
    _axis,
    _axis,
    _axis,
    st.none() | st.frozensets(st.sampled_from(TYPE_NAMES)),
    st.none() | st.integers(0, 1000),
    st.text(max_size=20),
    st.booleans(),
)
def test_a_label_comes_back_from_json_the_same(
    temporal: AxisLabel,
    spatial: AxisLabel,
    ontological: AxisLabel,
    types: frozenset[str] | None,
    confidence: int | None,
    note: str,
    flag: bool,
) -> None:
    label = LabelValue(temporal, spatial, ontological, types, confidence, note, flag)
    assert LabelValue.from_dict(json.loads(json.dumps(label.to_dict()))) == label


@pytest.mark.parametrize(
    "change",
    [
        {"types": ["memories"]},
        {"types": "memory"},
        {"confidence": 1001},
        {"confidence": 0.5},
        {"temporal": None},
        {"temporal": {"kind": "firm", "per_mille": [1000, 0, 0]}},
    ],
)
def test_a_label_that_cannot_be_read_is_refused(change: dict[str, object]) -> None:
    good = abstained().to_dict()
    with pytest.raises(InputError):
        LabelValue.from_dict({**good, **change})


def test_presets_say_what_keys_mean() -> None:
    mostly = next(p for p in axis_presets(1) if p.name == "mostly")
    assert mostly.label("temporal", "past", "present").per_mille == (750, 250, 0)
    assert mostly.label("temporal", "present", "past").per_mille == (250, 750, 0)
    assert all(sum(p.shares) == 1000 for p in axis_presets(1))
    with pytest.raises(InputError):
        axis_presets(99)


@pytest.mark.parametrize("change", [{"overlap": 0}, {"lease_s": 1}, {"blind_share": 1.5}])
def test_settings_out_of_range_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InputError):
        ProjectSettings(**change)  # type: ignore[arg-type]
