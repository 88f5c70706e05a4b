"""Tables of truth and answer: counts, shares, intervals, pairs, and two runs against each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rebracket_core.errors import ModelError
from rebracket_core.insight.errors.confusion_matrix import (
    FEW_GROUPS,
    NO_MODE,
    Question,
    cell_differences,
    confused_pairs,
    confusion,
)
from rebracket_core.insight.errors.joint import joint_failures
from rebracket_core.insight.review import Review
from rebracket_core.rainbow import ALBUM_NAMES

Make = Callable[..., Review]


def _proba(tops: np.ndarray, p: float = 0.7) -> np.ndarray:
    out = np.full((len(tops), 9), (1 - p) / 8)
    out[np.arange(len(tops)), tops] = p
    return out


def test_counts_shares_and_the_texts_of_a_cell(review: Make) -> None:
    truth = np.repeat([1, 2], 60)
    top = truth.copy()
    top[:15] = 2
    cells = confusion(review(truth, _proba(top)), Question.ALBUM, seed=1)
    assert cells.counts[1, 2] == 15 and cells.share[1, 2] == pytest.approx(0.25)
    assert cells.low[1, 2] < 0.25 < cells.high[1, 2]
    assert cells.texts_of(1, 2).tolist() == list(range(15))
    assert "Black" in cells.absent and np.isnan(cells.share[0]).all()
    assert [(p.truth, p.answer, p.n_groups) for p in confused_pairs(cells)] == [("Red", "Orange", 5)]
    assert cells.row_groups[1] == 20 and not cells.few.any() and FEW_GROUPS == 10


def test_too_few_songs_are_marked_and_nothing_is_certain(review: Make) -> None:
    truth = np.repeat([1, 2], [9, 60])
    cells = confusion(review(truth, _proba(truth)), Question.ALBUM, seed=1)
    assert cells.few[1] and not cells.few[2]
    assert cells.share[1, 1] == 1.0 and cells.low[1, 1] < 0.6


def test_expected_confusion_counts_probabilities(review: Make) -> None:
    truth = np.repeat([1, 2], 30)
    cells = confusion(review(truth, _proba(truth, 0.6)), Question.ALBUM, seed=1, expected=True)
    assert cells.counts[1, 1] == pytest.approx(18.0) and cells.share[1].sum() == pytest.approx(1.0)


def test_texts_without_a_mode_stand_in_a_line_of_their_own(review: Make) -> None:
    made = review(np.zeros(30, dtype=int), _proba(np.zeros(30, dtype=int)))
    assert made.predictions is not None
    made.predictions.axis_kind[:5, 0] = "none"
    made.axis_truth[:5, 0] = -1
    cells = confusion(made, Question.TEMPORAL, seed=1)
    assert cells.truths[-1] == NO_MODE and cells.row_n[-1] == 5
    assert all(pair.truth != NO_MODE for pair in confused_pairs(cells))


def test_a_planted_difference_of_two_runs_is_found_and_no_difference_is_not(review: Make) -> None:
    truth = np.repeat([1, 2], 90)
    worse = truth.copy()
    worse[::3] = 2
    first, second = review(truth, _proba(worse)), review(truth, _proba(truth), run_id="other")
    found = cell_differences(first, second, Question.ALBUM, seed=1)
    red = next(d for d in found if (d.truth, d.answer) == ("Red", "Red"))
    assert red.difference == pytest.approx(1 / 3) and red.low is not None and red.low > 0.2
    assert red.p is not None and red.p < 0.01
    assert all(d.difference == 0 for d in cell_differences(first, first, Question.ALBUM, seed=1))


def test_axes_that_fail_together_are_told_from_axes_that_fail_alone(review: Make) -> None:
    n = 300
    truth = np.zeros((n, 3), dtype=int)
    top = truth.copy()
    top[:60, :2] = 1  # two axes always fail together
    made = review(np.zeros(n, dtype=int), _proba(np.zeros(n, dtype=int)), axis_truth=truth, axis_top=top)
    both = next(f for f in joint_failures(made, seed=1) if f.axes == ("temporal", "spatial"))
    assert both.count == 60 and both.share == pytest.approx(0.2) and both.apart == pytest.approx(0.04) and both.low > both.apart


def test_what_the_run_did_not_learn_is_said(review: Make) -> None:
    truth = np.repeat([1, 2], 6)
    with pytest.raises(ModelError, match="types"):
        confusion(review(truth, _proba(truth)), Question.TYPE, seed=1)
    with pytest.raises(ModelError, match="did not keep"):
        confusion(review(truth, _proba(truth), predictions=None), Question.TYPE, seed=1)
    assert set(ALBUM_NAMES) == set(confusion(review(truth, _proba(truth), predictions=None), Question.ALBUM, seed=1).truths)
