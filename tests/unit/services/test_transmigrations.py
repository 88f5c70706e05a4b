"""Plans of transmigration: golden numbers between places, and plans from a text that a run scored."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from rebracket_core.errors import InputError
from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.services.concepts.transmigrations import plan_between, plan_from_scores
from rebracket_core.settings import Thresholds
from rebracket_core.validation import place_of
from tests.conftest import open_home

GOLDEN = [
    ("Red", "Orange", 1.4142, "moderate", ["ontological"]),
    ("Red", "Violet", 2.0, "moderate", ["temporal", "spatial"]),
    ("Red", "Yellow", 2.4495, "difficult", ["temporal", "spatial", "ontological"]),
    ("past_thing_known", "past_thing_imagined", 1.4142, "moderate", ["ontological"]),
    ("past_thing_known", "future_person_known", 2.0, "moderate", ["temporal", "spatial"]),
    ("Indigo", "Black", 0.4082, "easy", ["ontological"]),
    ("I", "R", 1.3540, "moderate", ["temporal", "spatial", "ontological"]),
    ("past_thing_known", "none_thing_known", 0.8165, "easy", ["temporal"]),
    ("Black", "White", 0.0, "easy", []),
]


@pytest.mark.parametrize(("start", "to", "distance", "band", "order"), GOLDEN, ids=[f"{a}-{b}" for a, b, *_ in GOLDEN])
def test_golden_plans(start: str, to: str, distance: float, band: str, order: list[str]) -> None:
    plan = plan_between(start, to)
    assert plan.way.distance == pytest.approx(distance, abs=1e-4)
    assert (str(plan.way.difficulty), list(plan.order)) == (band, order)
    assert plan.within_reach == (distance <= 2.0)
    assert sum(change.size**2 for change in plan.changes) == pytest.approx(distance**2, abs=1e-3)


def test_the_golden_source_changes_the_farthest_axis_first() -> None:
    source = [[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.8, 0.1, 0.1]]
    plan = plan_from_scores(source, place_of("Orange"), thresholds=Thresholds(), start="source")
    assert plan.way.distance == pytest.approx(0.678233, abs=1e-4) and plan.way.difficulty == "easy"
    assert plan.order == ("spatial", "temporal", "ontological")
    temporal = plan.changes[0]
    assert temporal.vector == pytest.approx((0.3, -0.2, -0.1)) and temporal.direction == "from present and future to past"
    assert plan_from_scores(source, place_of("Red"), thresholds=Thresholds(), start="s").way.distance == pytest.approx(
        1.363818, abs=1e-4
    )


@pytest.mark.parametrize("to", [*ALBUM_NAMES, "past_person_known"])
def test_states_change_one_axis_each_and_the_end_stands_once(to: str) -> None:
    plan = plan_between("past_thing_known", to)
    states = [plan.scores, *(state.scores for state in plan.states)]
    for one, other in pairwise(states):
        assert sum(a != b for a, b in zip(one, other, strict=True)) == 1
    assert states[-1] == plan.to.scores and len(set(states)) == len(states)
    if plan.states:
        assert plan.states[-1].nearest_distance == pytest.approx(0.0) or plan.to.album is None


def test_a_far_and_an_uncharted_end_are_warned_of() -> None:
    far = plan_between("past_thing_known", "future_place_imagined")
    assert far.to.album == "Yellow"
    assert any("above 2.00" in text for text in far.warnings)
    near = plan_between("Red", "Orange", max_distance=1.0)
    assert not near.within_reach and near.warnings
    uncharted = plan_between("Red", "past, person, known")
    assert uncharted.to.album is None and any("uncharted" in text for text in uncharted.warnings)


def test_places_are_read_in_the_order_of_the_axes() -> None:
    assert place_of("Past/Thing/Imagined").album == "Orange"
    assert place_of("none_none_forgotten+known").album == "Indigo"
    for wrong in ("", "Purple", "past_thing", "thing_past_known", "past_thing_known_known"):
        with pytest.raises(InputError):
            place_of(wrong)
    with pytest.raises(InputError, match="largest distance"):
        plan_between("Red", "Blue", max_distance=0.0)


def test_a_text_gets_minimal_edits_and_is_not_kept(home: Path) -> None:
    bench = open_home(home)
    text = "The town weighed its bread against an iron pound that had been stamped in 1804 and lay in the museum now."
    plan = bench.transmigrations.from_text(text, "Blue")
    document = json.loads(json.dumps(plan.to_dict()))
    assert document["from"]["text"] == text and document["from"]["run_id"] == plan.run_id
    assert plan.edits and {edit.axis for edit in plan.edits} <= set(plan.order)
    assert [step["axis"] for step in document["steps"]] == document["order"]
    assert bench.history.count(text) == 0
    with pytest.raises(InputError, match="cannot be scored"):
        bench.transmigrations.from_text("  ", "Blue")
    with pytest.raises(InputError, match="text alone"):
        bench.transmigrations.word_edits(bench.transmigrations.between("Red", "Blue"))
