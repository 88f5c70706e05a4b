"""Distances, paths and edits: the golden numbers and what holds for any scores."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, strategies as st

from rebracket_core.errors import InputError
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, album_named, album_vertices
from rebracket_core.settings import Thresholds
from rebracket_core.validation.states import axis_state, fits
from rebracket_core.validation.transmigration import (
    Difficulty,
    apply_targets,
    axis_distances,
    difficulty,
    distances,
    minimal_edits,
    path,
)

LIMITS = Thresholds()
VERTEX = dict(zip(ALBUM_NAMES, album_vertices().tolist(), strict=True))
TRIPLES = st.tuples(*[st.floats(0.0, 1.0)] * 3).filter(lambda w: sum(w) > 1e-3).map(lambda w: tuple(x / sum(w) for x in w))
SCORES = st.tuples(TRIPLES, TRIPLES, TRIPLES)

GOLDEN = {
    ("Red", "Orange"): 1.4142,
    ("Red", "Yellow"): 2.4495,
    ("Red", "Green"): 2.4495,
    ("Red", "Blue"): 2.4495,
    ("Red", "Violet"): 2.0,
    ("Orange", "Yellow"): 2.0,
    ("Orange", "Green"): 2.4495,
    ("Orange", "Blue"): 2.4495,
    ("Orange", "Violet"): 2.4495,
    ("Yellow", "Green"): 1.4142,
    ("Yellow", "Blue"): 2.4495,
    ("Yellow", "Violet"): 2.4495,
    ("Green", "Blue"): 2.0,
    ("Green", "Violet"): 2.4495,
    ("Blue", "Violet"): 1.4142,
    ("Indigo", "Red"): 1.3540,
    ("Indigo", "Green"): 1.3540,
    ("Indigo", "Blue"): 1.3540,
    ("Indigo", "Violet"): 1.3540,
    ("Indigo", "Orange"): 1.6833,
    ("Indigo", "Yellow"): 1.6833,
    ("Indigo", "Black"): 0.4082,
    ("Red", "Black"): 1.4142,
    ("Violet", "Black"): 1.4142,
    ("Black", "White"): 0.0,
}


@pytest.mark.parametrize(("pair", "expected"), GOLDEN.items(), ids=["-".join(pair) for pair in GOLDEN])
def test_distances_between_albums(pair: tuple[str, str], expected: float) -> None:
    one, other = pair
    assert distances(VERTEX[one])[other] == pytest.approx(expected, abs=1e-4)
    assert distances(VERTEX[other])[one] == pytest.approx(expected, abs=1e-4)


def test_distances_of_the_golden_states() -> None:
    found = distances([[0.87, 0.12, 0.01], [0.92, 0.05, 0.03], [0.78, 0.15, 0.07]])
    expected = {
        "Orange": 0.3421,
        "Red": 1.2398,
        "Indigo": 1.3676,
        "Yellow": 1.8913,
        "Blue": 2.1580,
        "Violet": 2.1948,
        "Green": 2.1993,
        "Black": 1.1212,
        "White": 1.1212,
    }
    assert found == pytest.approx(expected, abs=1e-4)
    assert list(found) == list(ALBUM_NAMES)
    glossary = distances([[0.92, 0.05, 0.03], [0.88, 0.09, 0.03], [0.85, 0.10, 0.05]])
    assert glossary["Orange"] == pytest.approx(0.2612, abs=1e-4)
    assert glossary["Black"] == pytest.approx(1.1697, abs=1e-4)
    assert glossary["Red"] == pytest.approx(1.2916, abs=1e-4)
    assert glossary["Yellow"] == pytest.approx(1.8515, abs=1e-4)
    hybrid = distances([[0.48, 0.47, 0.05], [0.78, 0.15, 0.07], [0.06, 0.12, 0.82]])
    assert min(hybrid, key=lambda name: hybrid[name]) == "Red"
    assert hybrid["Red"] == pytest.approx(0.7874, abs=1e-4)


def test_distances_of_upstreams_source() -> None:
    # Upstream's prototypes of Violet, Yellow, Green, Indigo and Blue are others; these three are the same.
    found = distances([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.8, 0.1, 0.1]])
    assert found["Orange"] == pytest.approx(0.678233, abs=1e-4)
    assert found["Red"] == pytest.approx(1.363818, abs=1e-4)
    assert found["Black"] == pytest.approx(0.812404, abs=1e-4)


def test_one_axis_apart() -> None:
    third = [1 / 3] * 3
    apart = axis_distances([[0.0, 1.0, 0.0], third, [0.0, 0.0, 1.0]], "Red")
    assert apart == pytest.approx((1.414214, 0.816497, 0.0), abs=1e-4)


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (0.0, "easy"),
        (0.999, "easy"),
        (1.0, "moderate"),
        (1.4142, "moderate"),
        (2.0, "moderate"),
        (2.0001, "difficult"),
        (2.4495, "difficult"),
    ],
)
def test_difficulty(distance: float, expected: str) -> None:
    assert difficulty(distance) == expected


def test_a_path_changes_one_axis_at_a_time_and_ends_once_at_the_target() -> None:
    found = path([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.8, 0.1, 0.1]], "Blue", thresholds=LIMITS)
    # Upstream's order too: ontological, temporal, spatial are the farthest first for its Blue.
    assert [step.axis for step in found.steps] == ["ontological", "spatial", "temporal"]
    assert [list(row) for row in found.steps[-1].scores] == VERTEX["Blue"]
    assert found.steps[-1].remaining == 0.0
    ends = [step.scores for step in found.steps]
    assert len(set(ends)) == len(ends)
    assert found.warnings == ("All three axes must change to reach Blue.",)
    assert found.difficulty is Difficulty.MODERATE
    assert found.steps[0].text == "Move ontological from imagined to forgotten."


def test_an_axis_that_is_there_is_no_step() -> None:
    found = path(VERTEX["Red"], "Orange", thresholds=LIMITS)
    assert [step.axis for step in found.steps] == ["ontological"]
    assert found.distance == pytest.approx(1.414214, abs=1e-4)
    assert found.warnings == ()
    assert path(VERTEX["Red"], "Red", thresholds=LIMITS).steps == ()


def test_two_flipped_axes_are_moderate_and_three_difficult() -> None:
    assert path(VERTEX["Red"], "Violet", thresholds=LIMITS).difficulty == "moderate"
    three = path(VERTEX["Red"], "Yellow", thresholds=LIMITS)
    assert (three.difficulty, len(three.steps)) == ("difficult", 3)
    assert three.warnings == ("All three axes must change to reach Yellow.",)


def test_strengthening_three_axes_is_no_warning() -> None:
    found = path([[0.8, 0.1, 0.1]] * 3, "Orange", thresholds=LIMITS)
    assert len(found.steps) == 3
    assert found.warnings == ()
    assert found.steps[0].text == "Strengthen past on temporal."


def test_black_and_white_are_told_to_share_a_target() -> None:
    found = path(VERTEX["Red"], "White", thresholds=LIMITS)
    assert found.warnings == (
        "All three axes must change to reach White.",
        "White shares its target with Black: the axes cannot tell them apart.",
    )
    assert found.steps[0].text == "Mention present and future as much as past on the temporal axis."


def test_indigo_is_reached_by_its_two_modes() -> None:
    found = path(VERTEX["Red"], "Indigo", thresholds=LIMITS)
    assert "forgotten and known" in found.steps[-1].text
    assert found.steps[-1].scores[2] == pytest.approx((0.0, 0.5, 0.5))


@given(scores=SCORES, album=st.sampled_from(ALBUM_NAMES))
def test_paths_shorten_and_end_at_the_target(scores: tuple[tuple[float, ...], ...], album: str) -> None:
    found = path(scores, album, thresholds=LIMITS)
    left = [found.distance, *(step.remaining for step in found.steps)]
    assert all(a > b or a == b == 0.0 for a, b in pairwise(left))
    assert all(a.distance >= b.distance for a, b in pairwise(found.steps))
    assert len({step.axis for step in found.steps}) == len(found.steps)
    if found.steps:
        assert [list(row) for row in found.steps[-1].scores] == VERTEX[album]
    for one, other in combinations([step.scores for step in found.steps], 2):
        assert one != other


@given(scores=SCORES)
def test_distances_obey_the_triangle(scores: tuple[tuple[float, ...], ...]) -> None:
    found = distances(scores)
    for one, other in combinations(ALBUM_NAMES, 2):
        assert abs(found[one] - found[other]) <= distances(VERTEX[one])[other] + 1e-9
        assert found[one] <= 2.4495


def test_minimal_edits_give_scores_within_reach_and_directions_beyond() -> None:
    scores = [[0.65, 0.3, 0.05], [0.2, 0.7, 0.1], [0.05, 0.2, 0.75]]
    found = minimal_edits(scores, "Red", thresholds=LIMITS)
    assert [(edit.axis, dict(edit.targets)) for edit in found] == [("spatial", {}), ("temporal", {"past": 0.7})]
    assert [edit.text for edit in found] == ["Move spatial from place to thing", "Raise past from 0.65 to 0.70"]
    assert found[0].distance > 0.5 > found[1].distance


def test_minimal_edits_even_out_where_an_album_has_no_mode() -> None:
    found = minimal_edits([[0.62, 0.2, 0.18], [1 / 3] * 3, [0.3, 0.36, 0.34]], "Indigo", thresholds=LIMITS)
    assert [edit.axis for edit in found] == ["ontological", "temporal"]
    assert dict(found[0].targets) == {"forgotten": 0.45, "known": 0.45}
    now = "(past 0.62, present 0.20, future 0.18; about 0.33 each)"
    assert found[1].text == f"Mention present and future as much as past on the temporal axis {now}"


@given(scores=SCORES, album=st.sampled_from(ALBUM_NAMES))
def test_edits_with_targets_are_within_reach_and_do(scores: tuple[tuple[float, ...], ...], album: str) -> None:
    for edit in minimal_edits(scores, album, thresholds=LIMITS):
        i = AXIS_NAMES.index(edit.axis)
        assert bool(edit.targets) == (edit.distance <= 0.5 + 1e-9)
        if edit.targets:
            reached = apply_targets(edit.axis, scores[i], targets=edit.targets)
            assert fits(axis_state(edit.axis, reached, thresholds=LIMITS), album_named(album).modes[edit.axis])


def test_applied_targets_keep_the_others_in_proportion() -> None:
    assert apply_targets("temporal", [0.5, 0.3, 0.2], targets={"past": 0.7}) == pytest.approx((0.7, 0.18, 0.12))
    assert apply_targets("temporal", [1.0, 0.0, 0.0], targets={"past": 0.6}) == pytest.approx((0.6, 0.2, 0.2))
    both = {"known": 0.45, "forgotten": 0.45}
    assert apply_targets("ontological", [0.2, 0.3, 0.5], targets=both) == pytest.approx((0.1, 0.45, 0.45))


def test_an_unknown_album_is_refused_and_never_black() -> None:
    with pytest.raises(InputError, match="no such album"):
        path(VERTEX["Red"], "Purple", thresholds=LIMITS)
