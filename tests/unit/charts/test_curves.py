"""The curves of a training show the points that it told, over interruptions too."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from rebracket_core.charts import Curves, Weight, accuracy_curves, accuracy_so_far, loss_curves, loss_of_folds

EVIL = "<a href='http://x'>x</a><script>%{x}"


def _step(fold: Any, step: int, loss: float) -> dict[str, Any]:
    return {"fold": fold, "step": step, "loss": loss, "loss_low": loss - 0.5, "loss_high": loss + 0.5}


def _asked(n: int, share: float) -> dict[str, Any]:
    return {"fold": 0, "n": n, "album": share, "album_low": share - 0.2, "album_high": share + 0.1, "temporal": 0.9}


POINTS = [_step(0, 1, 4.0), _step(0, 2, 3.0), _asked(30, 0.5), _step(1, 1, 4.5), _step(1, 2, 2.5), _asked(60, 0.6)]
FIGURES = {
    "loss": loss_curves(POINTS),
    "right": accuracy_curves(POINTS),
    "no loss yet": loss_curves([]),
    "nothing asked yet": accuracy_curves([]),
    "a strange fold": loss_curves([_step(EVIL, 1, 2.0)]),
}


@pytest.mark.parametrize("name", FIGURES)
def test_curves_say_what_they_are_and_how_to_read_them(name: str) -> None:
    curves = FIGURES[name]
    assert curves.title and curves.reading.endswith(".") and curves.alt.endswith(".")
    assert json.loads(json.dumps(curves.to_dict(), allow_nan=False))["title"] == curves.title


def _lines(curves: Curves) -> dict[str, tuple[float, ...]]:
    return {line.name: line.y for plot in curves.plots for line in plot.lines}


def test_each_fold_is_a_line_and_the_newest_has_the_band_of_its_members() -> None:
    curves = FIGURES["loss"]
    assert _lines(curves) == {"fold 1": (4.0, 3.0), "fold 2": (4.5, 2.5)}
    old, new = curves.plots[0].lines
    assert (old.weight, new.weight) == (Weight.BEFORE, Weight.NOW) and old.low == old.high == ()
    assert (new.x, new.low, new.high) == ((1, 2), (4.0, 2.0), (5.0, 3.0))
    assert "fold 2 is at 2.500 after step 2" in curves.alt


def test_a_fold_that_was_trained_again_shows_its_last_time_only() -> None:
    again = [*POINTS, _step(1, 1, 9.0), _step(0, 1, 7.0)]
    folds = loss_of_folds(again)
    assert [p["loss"] for p in folds["1"]] == [9.0] and [p["loss"] for p in folds["0"]] == [7.0]
    assert list(folds) == ["1", "0"]  # the one in training is the last


def test_a_loss_that_is_no_number_is_left_out() -> None:
    assert list(loss_of_folds([_step(0, 1, math.nan), _step(0, 2, math.inf), _step(0, 3, 1.0)])["0"]) == [_step(0, 3, 1.0)]
    assert loss_of_folds([_step(0, 1, math.nan)]) == {} == loss_of_folds([{"n": 3}, {}])
    no_range = loss_curves([{"step": 1, "loss": 2.0, "loss_low": None}, {"step": 2, "loss": 1.0}])
    assert _lines(no_range) == {"the training": (2.0, 1.0)} and no_range.plots[0].lines[0].low == (2.0, 1.0)


def test_album_and_axes_stand_apart_with_their_intervals() -> None:
    curves = FIGURES["right"]
    assert _lines(curves) == {"album": (0.5, 0.6), "temporal": (0.9, 0.9)} and curves.share
    album = curves.plots[0].lines[0]
    assert album.x == (30, 60) and album.high == pytest.approx((0.6, 0.7)) and album.low == pytest.approx((0.3, 0.4))
    assert [plot.head for plot in curves.plots] == ["album 0.60", "temporal 0.90", "spatial", "ontological"]
    assert "album 0.60 (0.40 to 0.70)" in curves.alt


def test_shares_told_again_after_an_interruption_count_once() -> None:
    assert [(p["n"], p["album"]) for p in accuracy_so_far([*POINTS, _asked(30, 0.4)])] == [(30, 0.4), (60, 0.6)]


def test_a_leaked_split_is_marked_on_both() -> None:
    for curves in (loss_curves(POINTS, leaked=True), accuracy_curves(POINTS, leaked=True)):
        assert "(leaked)" in curves.title
    assert "memory" in accuracy_curves(POINTS, leaked=True).reading
