"""Figures that set runs beside each other."""

from __future__ import annotations

from rebracket_core.charts import Gap, accuracy_overlay, difference_intervals, loss_overlay

LOSS = [{"fold": 0, "step": k, "loss": 1.0 / k, "loss_low": 0.0, "loss_high": 2.0} for k in (1, 2)]
OTHER_FOLD = [{"fold": 1, "step": 1, "loss": 3.0}]


def test_a_difference_stands_with_its_whisker_on_its_side() -> None:
    gaps = [Gap("album", 0.03, 0.01, 0.06, proven=True), Gap("<b>x</b>", -0.1, -0.2, 0.0)]
    figure = difference_intervals(gaps, first="a", second="b")
    trace = figure.data[0]
    assert list(trace.x) == [0.03, -0.1] and trace.y[1] == "&lt;b&gt;x&lt;/b&gt;"
    assert [round(v, 6) for v in trace.error_x.array] == [0.03, 0.1]
    assert [round(v, 6) for v in trace.error_x.arrayminus] == [0.02, 0.1]
    assert trace.marker.color[0] != trace.marker.color[1]
    low, high = figure.layout.xaxis.range
    assert low == -high and high > 0.2
    assert "b against a: album +0.030 (+0.010 to +0.060)" in figure.layout.meta["alt"]


def test_a_leaked_run_is_named_in_the_title_and_the_reading() -> None:
    figure = difference_intervals([], first="a", second="b", leaked=True)
    assert "(leaked)" in figure.layout.meta["title"] and "nothing in this figure" in figure.layout.meta["reading"]


def test_losses_are_means_over_folds_and_runs_keep_their_own_line() -> None:
    figure = loss_overlay({"one": [*LOSS, *OTHER_FOLD], "two": LOSS, "none": []})
    assert [(t.name, list(t.x), list(t.y)) for t in figure.data] == [("one", [1, 2], [2.0, 0.5]), ("two", [1, 2], [1.0, 0.5])]
    assert figure.data[0].line.dash != figure.data[1].line.dash


def test_shares_stand_over_the_texts_asked() -> None:
    figure = accuracy_overlay({"one": [{"n": 10, "album": 0.5}, {"n": 20, "album": 0.6}, {"n": 30}], "none": []})
    assert [(t.name, list(t.x), list(t.y)) for t in figure.data] == [("one", [10, 20], [0.5, 0.6])]
    assert accuracy_overlay({}).layout.meta["alt"].endswith("no curve was kept.")
