"""Verdicts over time: shares that sum to one, only what occurs, milliseconds, and words for a screen reader."""

from __future__ import annotations

import pytest

from rebracket_core.charts import albums_over_time, latency_over_time, verdicts_over_time

TIMES = ["2026-03-01 00:00", "2026-03-01 06:00", "2026-03-01 12:00"]


def test_each_bar_is_parted_by_shares_and_tells_the_counts() -> None:
    figure = verdicts_over_time(TIMES, [{"ACCEPT": 3, "REJECT": 1}, {}, {"REJECT": 2, "error": 2}])
    assert [trace.name for trace in figure.data] == ["accept", "reject", "failed"]
    assert [list(trace.y) for trace in figure.data] == [[0.75, 0, 0], [0.25, 0, 0.5], [0, 0, 0.5]]
    assert list(figure.data[1].customdata) == [1, 0, 2]
    assert figure.layout.meta["alt"] == "Verdicts over time, in all: accept 3, reject 3, failed 2."
    assert "hover" in figure.layout.meta["reading"]


def test_albums_keep_their_order_and_colours() -> None:
    figure = albums_over_time(TIMES[:1], [{"White": 1, "Red": 2}])
    assert [trace.name for trace in figure.data] == ["Red", "White"]
    assert figure.data[0].marker.color == "#AE1E36" and figure.data[0].y[0] == pytest.approx(2 / 3)


def test_latency_is_in_milliseconds_and_a_gap_stays_a_gap() -> None:
    figure = latency_over_time(TIMES, [0.002, None, 0.003], [0.004, None, 0.5])
    assert list(figure.data[0].y) == [2.0, None, 3.0] and list(figure.data[1].y)[2] == 500.0
    assert "at most 500 ms" in figure.layout.meta["alt"]
    assert latency_over_time([], [], []).layout.meta["alt"]
