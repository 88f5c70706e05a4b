"""A simulator plants an effect of suggestions; the report finds it, and finds none where none was planted."""

from __future__ import annotations

import numpy as np
import pytest

from rebracket_core.annotation.agreement.automation_bias import (
    Exposure,
    automation_bias_of,
    bias_by_axis,
    exposures,
    first_answers,
)
from rebracket_core.annotation.entities.label_schema import AxisLabel, LabelValue
from rebracket_core.annotation.entities.records import Item, Label, Suggestion
from rebracket_core.rainbow import MODES

RIGHT, MODEL_RIGHT = 0.75, 0.6


def simulate(pull: float, *, seed: int, n_items: int = 900, per_item: int = 2, blind_share: float = 0.4) -> list[Exposure]:
    """People are right 0.75 of the time, the model 0.6; who sees its answer takes it over with the chance `pull`."""
    rng = np.random.default_rng(seed)
    out = []
    for k in range(n_items):
        truth, blind = int(rng.integers(3)), bool(rng.random() < blind_share)
        guess = truth if rng.random() < MODEL_RIGHT else (truth + int(rng.integers(1, 3))) % 3
        model = tuple(0.8 if j == guess else 0.1 for j in range(3))
        for _ in range(per_item):
            own = truth if rng.random() < RIGHT else (truth + int(rng.integers(1, 3))) % 3
            said = guess if not blind and rng.random() < pull else own
            one_hot = tuple(float(j == said) for j in range(3))
            before = None if blind else tuple(float(j == own) for j in range(3))
            seconds = float(rng.lognormal(2.0 if blind else 1.8, 0.3))
            out.append(Exposure(f"i{k}", "temporal", not blind, one_hot, model, before, seconds))
    return out


def planted(pull: float) -> float:
    """What the difference is by construction: those who would not have agreed anyhow and take the answer over."""
    alone = RIGHT * MODEL_RIGHT + (1 - RIGHT) * (1 - MODEL_RIGHT) / 2
    return pull * (1 - alone)


@pytest.mark.parametrize("pull", [0.15, 0.4])
def test_a_planted_effect_is_recovered(pull: float) -> None:
    found = automation_bias_of(simulate(pull, seed=4), seed=1)
    effect = found.difference
    assert effect.value == pytest.approx(planted(pull), abs=0.05)
    assert effect.low is not None and effect.high is not None
    assert 0.0 < effect.low < planted(pull) < effect.high
    assert found.flip_rate.value == pytest.approx(planted(pull), abs=0.04)
    assert found.toward_model.value == 1.0
    assert found.time_difference_s.high is not None and found.time_difference_s.high < 0.0


@pytest.mark.slow
def test_intervals_hold_the_planted_effect_as_often_as_they_say() -> None:
    """Over 100 projects without and with an effect, at least 90 intervals hold it (95 are expected; 90 is 2.3 deviations)."""
    for pull in (0.0, 0.3):
        hits = 0
        for seed in range(100):
            effect = automation_bias_of(simulate(pull, seed=seed, n_items=150), seed=seed, replicates=300).difference
            assert effect.low is not None and effect.high is not None
            hits += effect.low <= planted(pull) <= effect.high
        assert hits >= 90


def test_few_answers_give_no_figure() -> None:
    found = automation_bias_of(simulate(0.3, seed=1, n_items=5), seed=1)
    assert found.difference.value is None and "not enough yet" in found.difference.why
    assert automation_bias_of([], seed=1).shown.why == "not enough yet: 0 answers with a suggestion seen, 20 are needed"


def test_a_shared_first_place_counts_in_part_and_soft_answers_move_the_overlap() -> None:
    even, model = (0.5, 0.5, 0.0), (0.9, 0.1, 0.0)
    rows = [Exposure(f"i{k}", "temporal", bool(k % 2), even, model) for k in range(80)]
    found = automation_bias_of(rows, seed=1)
    assert found.shown.value == 0.5 and found.difference.value == 0.0 and found.overlap_difference.value == 0.0


def label(item: str, *, mode: str, who: str = "ann", shown_at: str = "", revision: int = 1, round_: int = 1) -> Label:
    value = LabelValue(AxisLabel.hard("temporal", mode), AxisLabel.abstain(), AxisLabel.hard("ontological", "known"))
    return Label(
        f"{item}.{who}.{revision}",
        "p",
        item,
        "d",
        who,
        round_,
        value,
        "t",
        "t",
        1,
        shown_run="r" * bool(shown_at),
        shown_at=shown_at,
        active_s=4.0,
        revision=revision,
    )


def test_exposures_are_of_the_arms_alone() -> None:
    items = [
        Item("p", "blind", "x", "d", blind=True),
        Item("p", "open", "x", "d"),
        Item("p", "again", "x", "d", repeat_of="open"),
        Item("p", "none", "x", "d"),
    ]
    told = {name: Suggestion(name, "r", {axis: (0.8, 0.1, 0.1) for axis in MODES}) for name in ("blind", "open", "again")}
    labels = [
        label("blind", mode="past"),
        label("open", mode="past", shown_at="t"),
        label("open", mode="past", who="bo"),
        label("again", mode="past"),
        label("none", mode="past", shown_at="t"),
        label("open", mode="past", shown_at="t", round_=2),
    ]
    found = exposures(labels, items, suggestions=told)
    assert [(e.item_id, e.axis, e.shown) for e in found] == [
        ("blind", "temporal", False),
        ("blind", "ontological", False),
        ("open", "temporal", True),
        ("open", "ontological", True),
    ]
    assert [part.question for part in bias_by_axis(found, seed=1)] == ["all axes", "temporal", "spatial", "ontological"]


def test_the_answer_from_before_the_suggestion_is_the_last_unaided_one() -> None:
    first, second = label("open", mode="past"), label("open", mode="future", revision=2)
    after = label("open", mode="present", shown_at="t", revision=3)
    other = label("open", mode="present", who="bo", shown_at="t")
    assert first_answers([first, second, after, other]) == {after.label_id: second.value}
