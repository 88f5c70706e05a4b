"""The curves of a training show the points that it told, over interruptions too."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go
import pytest

from rebracket_core.charts import loss_curves, loss_of_folds, right_curves, right_so_far

EVIL = "<a href='http://x'>x</a><script>%{x}"


def _step(fold: Any, step: int, loss: float) -> dict[str, Any]:
    return {"fold": fold, "step": step, "loss": loss, "loss_low": loss - 0.5, "loss_high": loss + 0.5}


def _asked(n: int, share: float) -> dict[str, Any]:
    return {"fold": 0, "n": n, "album": share, "album_low": share - 0.2, "album_high": share + 0.1, "temporal": 0.9}


POINTS = [_step(0, 1, 4.0), _step(0, 2, 3.0), _asked(30, 0.5), _step(1, 1, 4.5), _step(1, 2, 2.5), _asked(60, 0.6)]
FIGURES = {
    "loss": loss_curves(POINTS),
    "right": right_curves(POINTS),
    "no loss yet": loss_curves([]),
    "nothing asked yet": right_curves([]),
    "a strange fold": loss_curves([_step(EVIL, 1, 2.0)]),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_it_is_and_how_to_read_it(name: str) -> None:
    figure = FIGURES[name]
    assert figure.layout.meta["title"] in figure.layout.title.text
    assert figure.layout.meta["reading"].endswith(".") and figure.layout.meta["alt"].endswith(".")
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert "<a href" not in figure.to_json() and "<script" not in figure.to_json()


def _lines(figure: go.Figure) -> dict[str, list[float]]:
    return {trace.name: list(trace.y) for trace in figure.data if trace.name}


def test_each_fold_is_a_line_and_the_newest_has_the_band_of_its_members() -> None:
    figure = FIGURES["loss"]
    assert _lines(figure) == {"fold 1": [4.0, 3.0], "fold 2": [4.5, 2.5]}
    widths = {trace.name: trace.line.width for trace in figure.data}
    assert widths["fold 2"] > widths["fold 1"]
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert [list(band.y) for band in bands] == [[5.0, 3.0, 2.0, 4.0]]
    assert "fold 2 is at 2.500 after step 2" in figure.layout.meta["alt"]


def test_a_fold_that_was_trained_again_shows_its_last_time_only() -> None:
    again = [*POINTS, _step(1, 1, 9.0), _step(0, 1, 7.0)]
    folds = loss_of_folds(again)
    assert [p["loss"] for p in folds["1"]] == [9.0] and [p["loss"] for p in folds["0"]] == [7.0]
    assert list(folds) == ["1", "0"]  # the one in training is the last


def test_a_loss_that_is_no_number_is_left_out() -> None:
    assert list(loss_of_folds([_step(0, 1, math.nan), _step(0, 2, math.inf), _step(0, 3, 1.0)])["0"]) == [_step(0, 3, 1.0)]
    assert loss_of_folds([_step(0, 1, math.nan)]) == {} == loss_of_folds([{"n": 3}, {}])
    no_range = loss_curves([{"step": 1, "loss": 2.0, "loss_low": None}, {"step": 2, "loss": 1.0}])
    assert _lines(no_range) == {"the training": [2.0, 1.0]}


def test_album_and_axes_stand_apart_with_their_intervals() -> None:
    figure = FIGURES["right"]
    assert _lines(figure) == {"album": [0.5, 0.6], "temporal": [0.9, 0.9]}
    band = next(trace for trace in figure.data if trace.fill == "toself")
    assert list(band.x) == [30, 60, 60, 30] and list(band.y) == pytest.approx([0.6, 0.7, 0.4, 0.3])
    assert [a.text for a in figure.layout.annotations] == ["album 0.60", "temporal 0.90", "spatial", "ontological"]
    assert "album 0.60 (0.40 to 0.70)" in figure.layout.meta["alt"]


def test_a_single_fold_has_whiskers_because_a_band_needs_two() -> None:
    first = next(trace for trace in right_curves(POINTS[:3]).data if trace.name == "album")
    assert first.error_y.array == pytest.approx((0.1,)) and first.error_y.arrayminus == pytest.approx((0.2,))
    later = next(trace for trace in FIGURES["right"].data if trace.name == "album")
    assert later.error_y.array is None


def test_shares_told_again_after_an_interruption_count_once() -> None:
    assert [(p["n"], p["album"]) for p in right_so_far([*POINTS, _asked(30, 0.4)])] == [(30, 0.4), (60, 0.6)]


def test_a_leaked_split_is_marked_on_both() -> None:
    for figure in (loss_curves(POINTS, leaked=True), right_curves(POINTS, leaked=True)):
        assert "(leaked)" in figure.layout.title.text
    assert "memory" in right_curves(POINTS, leaked=True).layout.meta["reading"]
