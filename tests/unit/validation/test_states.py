"""States of an axis: the golden triples, the boundaries, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXIS_NAMES, MODES
from rebracket_core.settings import Thresholds
from rebracket_core.validation.states import State, axis_state, axis_states, mode_name

LIMITS = Thresholds()
THIRD = [1 / 3, 1 / 3, 1 / 3]


@pytest.mark.parametrize(
    ("scores", "state", "modes"),
    [
        ([0.9, 0.05, 0.05], "dominant", ("past",)),
        ([0.6, 0.2, 0.2], "dominant", ("past",)),  # one upstream rule gives this no flag (top > 0.6)
        ([0.59, 0.36, 0.05], "leaning", ("past",)),
        ([0.55, 0.45, 0.0], "hybrid", ("past", "present")),
        ([0.52, 0.45, 0.03], "hybrid", ("past", "present")),
        ([0.45, 0.45, 0.1], "hybrid", ("past", "present")),
        ([0.45, 0.41, 0.14], "hybrid", ("past", "present")),  # upstream: diffuse, by its distance from one third
        ([0.44, 0.28, 0.28], "diffuse", ()),
        ([0.54, 0.23, 0.23], "leaning", ("past",)),
        (THIRD, "diffuse", ()),  # one upstream rule: hybrid, its gap being 0
        ([0.03, 0.52, 0.45], "hybrid", ("present", "future")),
        ([0.45, 0.03, 0.52], "hybrid", ("past", "future")),
    ],
)
def test_golden_states(scores: list[float], state: str, modes: tuple[str, ...]) -> None:
    found = axis_state("temporal", scores, thresholds=LIMITS)
    assert (found.state, found.modes) == (state, modes)


@pytest.mark.parametrize(
    ("scores", "state"),
    [
        ([0.45, 0.3, 0.25], "hybrid"),  # max - min exactly 0.2: no longer diffuse
        ([0.449, 0.3, 0.251], "diffuse"),
        ([0.5, 0.35, 0.15], "hybrid"),  # gap exactly 0.15, although 0.5 - 0.35 is above it as a float
        ([0.501, 0.35, 0.149], "leaning"),
        ([0.55, 0.4, 0.05], "hybrid"),
        ([0.6, 0.25, 0.15], "dominant"),
        ([0.599999, 0.25, 0.150001], "leaning"),
        ([0.6, 0.4, 0.0], "dominant"),  # dominance is asked before the gap
    ],
)
def test_boundaries(scores: list[float], state: str) -> None:
    assert axis_state("spatial", scores, thresholds=LIMITS).state == state


def test_lead_top_and_margin_are_told_in_every_state() -> None:
    found = axis_state("ontological", [0.3, 0.28, 0.42], thresholds=LIMITS)
    assert (found.state, found.argmax_mode, found.modes) == (State.DIFFUSE, "known", ())
    assert found.top == pytest.approx(0.42)
    assert found.margin == pytest.approx(0.12)


def test_equal_scores_lead_in_the_order_of_the_table() -> None:
    found = axis_state("temporal", [0.1, 0.45, 0.45], thresholds=LIMITS)
    assert (found.argmax_mode, found.modes) == ("present", ("present", "future"))


def test_mode_names_hybrids_and_diffuse_axes() -> None:
    rows = [[0.48, 0.47, 0.05], THIRD, [0.06, 0.12, 0.82]]
    assert mode_name(axis_states(rows, thresholds=LIMITS)) == "past+present_diffuse_known"


@pytest.mark.parametrize("scores", [[0.5, 0.5], [0.5, 0.6, 0.1], [1.2, -0.2, 0.0], [float("nan"), 0.5, 0.5], [0, 0, 0]])
def test_what_is_no_distribution_is_refused(scores: list[float]) -> None:
    with pytest.raises(InputError, match="no distribution"):
        axis_state("temporal", scores, thresholds=LIMITS)


def test_an_unknown_axis_is_named() -> None:
    with pytest.raises(InputError, match="objectional"):
        axis_state("objectional", THIRD, thresholds=LIMITS)


@given(axis=st.sampled_from(AXIS_NAMES), weights=st.tuples(*[st.floats(0.0, 1.0)] * 3).filter(lambda w: sum(w) > 1e-3))
def test_the_state_follows_from_its_definition(axis: str, weights: tuple[float, float, float]) -> None:
    scores = [w / sum(weights) for w in weights]
    found = axis_state(axis, scores, thresholds=LIMITS)
    ranked = sorted(scores, reverse=True)
    assert found.top == pytest.approx(ranked[0])
    assert scores[MODES[axis].index(found.argmax_mode)] == ranked[0]
    assert len(found.modes) == {"diffuse": 0, "hybrid": 2}.get(found.state, 1)
    if found.state is State.DIFFUSE:
        assert ranked[0] - ranked[2] < 0.2
    if found.state is State.DOMINANT:
        assert ranked[0] >= 0.6 - 1e-8
    if found.state is State.LEANING:
        assert ranked[0] - ranked[1] > 0.15
        assert ranked[0] < 0.6
