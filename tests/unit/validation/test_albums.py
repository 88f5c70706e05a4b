"""What the axes answer, and the report on the album head."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rebracket_core.errors import InputError
from rebracket_core.rainbow import ALBUM_NAMES, ALBUMS, AXIS_NAMES, MODES, album_vertices
from rebracket_core.settings import Thresholds
from rebracket_core.validation.albums import album_report, axes_affinity

LIMITS = Thresholds()
AT = {name: i for i, name in enumerate(ALBUM_NAMES)}


def proba(**shares: float) -> list[float]:
    """Nine probabilities with these, and the rest spread evenly over the others."""
    rest = (1.0 - sum(shares.values())) / (9 - len(shares))
    return [shares.get(name, rest) for name in ALBUM_NAMES]


def test_each_album_but_white_is_the_answer_at_its_own_target() -> None:
    answers = axes_affinity(album_vertices()).argmax(axis=1)
    expected = [AT["Black"] if name == "White" else AT[name] for name in ALBUM_NAMES]
    assert answers.tolist() == expected


def test_a_single_mode_album_has_the_product_of_its_modes() -> None:
    scores = np.array([[[0.8, 0.15, 0.05], [0.7, 0.2, 0.1], [0.75, 0.15, 0.1]]])
    affinity = axes_affinity(scores)[0]
    assert affinity[AT["Orange"]] / affinity[AT["Red"]] == pytest.approx(0.75 / 0.1, abs=1e-4)
    assert affinity[AT["Yellow"]] / affinity[AT["Orange"]] == pytest.approx(0.05 * 0.2 / (0.8 * 0.7), abs=1e-4)
    assert affinity[AT["Orange"]] == pytest.approx(0.42 * affinity.sum() / _raw_sum(scores[0]), abs=1e-9)


def test_black_is_the_axes_answer_until_they_are_sharp() -> None:
    # The squared overlap with uniform is 0.78 where a mode has 0.8, so a clear but not sharp Orange answers Black.
    # Upstream ends at Black here too, by a threshold; its prototype of Black differs.
    soft = np.array([[[0.8, 0.15, 0.05], [0.7, 0.2, 0.1], [0.75, 0.15, 0.1]]])
    sharp = np.array([[[0.92, 0.05, 0.03], [0.88, 0.09, 0.03], [0.85, 0.10, 0.05]]])
    assert ALBUM_NAMES[axes_affinity(soft)[0].argmax()] == "Black"
    assert ALBUM_NAMES[axes_affinity(sharp)[0].argmax()] == "Orange"


def _raw_sum(scores: np.ndarray) -> float:
    overlap = np.einsum("xk,axk->ax", np.sqrt(scores), np.sqrt(album_vertices()))
    return float(np.delete(np.prod(overlap**2, axis=1), AT["White"]).sum())


def test_uniform_axes_answer_black_and_then_indigo() -> None:
    affinity = axes_affinity(np.full((1, 3, 3), 1 / 3))[0]
    total = 1.0 + 2 / 3 + 6 / 27
    assert affinity[AT["Black"]] == pytest.approx(1 / total)
    assert affinity[AT["Indigo"]] == pytest.approx(2 / 3 / total)
    assert affinity[AT["Red"]] == pytest.approx(1 / 27 / total)
    assert affinity[AT["White"]] == 0.0


@given(weights=st.lists(st.floats(0.0, 1.0), min_size=9, max_size=9))
def test_affinities_are_a_distribution_without_white(weights: list[float]) -> None:
    raw = np.array(weights).reshape(1, 3, 3) + 1e-6
    affinity = axes_affinity(raw / raw.sum(axis=2, keepdims=True))
    assert affinity.sum() == pytest.approx(1.0)
    assert (affinity >= 0.0).all()
    assert affinity[0, AT["White"]] == 0.0


def test_affinity_matches_the_formula_written_out() -> None:
    scores = np.array([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.2, 0.35, 0.45]])
    raw = []
    for album in ALBUMS:
        product = 1.0
        for row, axis in zip(scores, AXIS_NAMES, strict=True):
            modes = album.modes[axis] or set(MODES[axis])
            product *= sum(np.sqrt(p / len(modes)) for p, m in zip(row, MODES[axis], strict=True) if m in modes) ** 2
        raw.append(0.0 if album.name == "White" else product)
    np.testing.assert_allclose(axes_affinity(scores[None])[0], np.array(raw) / sum(raw), atol=1e-12)


def test_a_wrong_shape_and_an_empty_row_are_refused() -> None:
    with pytest.raises(InputError, match="wrong shape"):
        axes_affinity(np.ones((3, 3)))
    with pytest.raises(InputError, match="row 1"):
        axes_affinity(np.stack([np.full((3, 3), 1 / 3), np.zeros((3, 3))]))


def test_ties_are_the_others_within_a_tenth_most_probable_first() -> None:
    report = album_report(proba(Red=0.3, Orange=0.2, Blue=0.25, Green=0.199), proba(Red=0.9), thresholds=LIMITS)
    assert (report.album, report.ties) == ("Red", ("Blue", "Orange"))
    assert not report.uncertain  # exactly 0.3 is enough


def test_a_first_below_three_tenths_is_uncertain() -> None:
    assert album_report(proba(Red=0.299), proba(Red=0.9), thresholds=LIMITS).uncertain


def test_the_axes_own_album_stands_beside_the_first() -> None:
    report = album_report(proba(Red=0.8), proba(Orange=0.9), thresholds=LIMITS)
    assert (report.album, report.axes_album) == ("Red", "Orange")


def test_of_two_equal_albums_the_first_of_the_table_leads() -> None:
    report = album_report(proba(Violet=0.4, Red=0.4), proba(Red=0.5), thresholds=LIMITS)
    assert (report.album, report.ties) == ("Red", ("Violet",))


def test_a_wrong_number_of_probabilities_is_refused() -> None:
    with pytest.raises(InputError, match="wrong length"):
        album_report([0.5, 0.5], proba(Red=1.0), thresholds=LIMITS)
