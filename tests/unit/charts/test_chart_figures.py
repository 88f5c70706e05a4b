"""Every figure has a title, a reading sentence and words for a screen reader, and shows the numbers it was given."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from rebracket_core.charts import (
    AgreementDot,
    AxisRating,
    ReliabilityBin,
    Score,
    TernaryPoint,
    agreement_intervals,
    album_bars,
    album_counts,
    axis_bars,
    axis_ternary,
    confusion_counts,
    distance_bars,
    effort,
    labels_by_day,
    probability_distribution,
    ratings_ternary,
    reliability_curve,
    score_intervals,
)
from rebracket_core.charts.colours import ALBUM_COLOURS, NEUTRAL
from rebracket_core.errors import InputError
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES

AXES = {axis: dict(zip(MODES[axis], (0.7, 0.2, 0.1), strict=True)) for axis in AXIS_NAMES}
ALBUMS = {name: 0.2 if name == "Orange" else 0.1 for name in ALBUM_NAMES}
EVIL = "<a href='http://x'>x</a><script>%{x}"

FIGURES: dict[str, go.Figure] = {
    "axis_bars": axis_bars(AXES, album="Red", states={"temporal": "past, dominant"}),
    "album_bars": album_bars(ALBUMS, accept=0.5, axes_album="Red", expected="Blue"),
    "distance_bars": distance_bars({name: i / 3 for i, name in enumerate(ALBUM_NAMES)}),
    "axis_ternary": axis_ternary("temporal", [TernaryPoint("1", (0.2, 0.3, 0.5), "Red", EVIL)]),
    "confusion": confusion_counts([[3, 1], [0, 2]], ["Red", EVIL]),
    "reliability": reliability_curve([ReliabilityBin(0.5, 0.4, 20), ReliabilityBin(0.9, 0.95, 20)], ece=0.05),
    "distribution": probability_distribution({"ACCEPT": [0.9, 1.0], "REJECT": [0.1], "none": []}, accept=0.5),
    "intervals": score_intervals([Score("album", 0.8, low=0.7, high=0.9, n=20, majority=0.3)], leaked=True),
    "agreement": agreement_intervals([AgreementDot(EVIL, 0.5, 0.4, 0.6, 20), AgreementDot("types", -0.1, None, None, 9)]),
    "labels_by_day": labels_by_day({"2026-03-01": {EVIL: 3, "Bo": 2}}),
    "album_counts": album_counts({"Red": (12, 3)}),
    "votes": ratings_ternary("spatial", [AxisRating(EVIL, (0.75, 0.25, 0.0)), AxisRating("B", None)], model=(0.2, 0.2, 0.6)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_it_is_and_how_to_read_it(name: str) -> None:
    meta = FIGURES[name].layout.meta
    assert meta["title"] in FIGURES[name].layout.title.text
    assert meta["reading"].endswith(".") and len(meta["reading"]) > 40
    assert meta["alt"].endswith(".")


@pytest.mark.parametrize("name", FIGURES)
def test_text_from_data_is_never_a_tag(name: str) -> None:
    assert "<a href" not in FIGURES[name].to_json() and "<script" not in FIGURES[name].to_json()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_fixes_no_background(name: str) -> None:
    assert FIGURES[name].layout.paper_bgcolor == FIGURES[name].layout.plot_bgcolor == "rgba(0,0,0,0)"


def test_axis_bars_show_nine_numbers_and_mark_the_albums_modes() -> None:
    bars = FIGURES["axis_bars"].data
    assert [list(bar.text) for bar in bars] == [["0.70", "0.20", "0.10"]] * 3
    assert list(bars[0].y) == ["◆ past", "present", "future"]
    assert list(bars[0].marker.color) == [ALBUM_COLOURS["Red"], NEUTRAL, NEUTRAL]
    assert list(bars[2].y) == ["imagined", "forgotten", "◆ known"]
    assert {shape.x0 for shape in FIGURES["axis_bars"].layout.shapes} == {0.6}


def test_axis_bars_of_an_album_without_modes_have_no_mark() -> None:
    figure = axis_bars(AXES, album="Black")
    assert all("◆" not in label for bar in figure.data for label in bar.y)
    assert "◆" not in figure.layout.meta["reading"]


def test_album_bars_keep_the_tables_order_and_name_what_matters() -> None:
    bar = FIGURES["album_bars"].data[0]
    assert list(bar.y) == list(ALBUM_NAMES)
    texts = dict(zip(bar.y, bar.text, strict=True))
    assert texts["Orange"] == "<b>0.20</b> first" and texts["Red"].endswith("axes") and texts["Blue"].endswith("expected")
    assert texts["Green"] == "0.10"


def test_album_bars_are_short_of_words_where_all_agree() -> None:
    figure = album_bars(ALBUMS, axes_album="Orange", expected="Orange")
    assert figure.data[0].text[ALBUM_NAMES.index("Orange")] == "<b>0.20</b> first, as all say"


@pytest.mark.parametrize(("distance", "word"), [(0.99, "easy"), (1.0, "moderate"), (2.0, "moderate"), (2.01, "hard")])
def test_effort_has_its_borders_at_one_and_two(distance: float, word: str) -> None:
    assert effort(distance) == word


def test_distances_stand_nearest_first() -> None:
    figure = distance_bars({"Red": 1.4142, "Orange": 0.3421, "Blue": 2.158})
    assert list(figure.data[0].y) == ["Orange", "Red", "Blue"]
    assert list(figure.data[0].text) == ["easy (0.34)", "moderate (1.41)", "hard (2.16)"]


def test_confusion_writes_every_count_and_refuses_another_shape() -> None:
    assert [note.text for note in FIGURES["confusion"].layout.annotations] == ["<b>3</b>", "1", "0", "<b>2</b>"]
    with pytest.raises(InputError, match="shape"):
        confusion_counts([[1, 2]], ["Red", "Blue"])


def test_reliability_leaves_empty_bins_out_and_shows_counts() -> None:
    figure = reliability_curve([ReliabilityBin(0.2, 0.0, 0), ReliabilityBin(0.5, 0.4, 20), ReliabilityBin(0.52, 0.6, 20)])
    assert list(figure.data[1].x) == [0.5, 0.52]
    assert list(figure.data[1].text) == ["n=20", ""]
    assert list(figure.data[2].y) == [20, 20]


def test_distribution_counts_everything_once() -> None:
    figure = FIGURES["distribution"]
    assert [trace.name for trace in figure.data] == ["ACCEPT (2)", "REJECT (1)"]
    assert [sum(trace.y) for trace in figure.data] == [2, 1]
    assert figure.data[0].y[19] == 1 and figure.data[0].y[18] == 1
    patterns = [trace.marker.pattern.shape for trace in figure.data]
    assert len(set(patterns)) == 2


def test_intervals_leave_unknown_rules_out_and_say_leaked() -> None:
    figure = FIGURES["intervals"]
    assert [trace.name for trace in figure.data] == ["commonest label", "the model"]
    assert figure.data[1].error_x.array[0] == pytest.approx(0.1)
    assert "leaked" in figure.layout.title.text


def test_a_ternary_has_one_symbol_an_album() -> None:
    points = [TernaryPoint(str(i), (1.0, 0.0, 0.0), album) for i, album in enumerate((*ALBUM_NAMES, None))]
    figure = axis_ternary("ontological", points)
    assert len(figure.data) == 10
    assert figure.layout.ternary.aaxis.title.text == "imagined"


def test_votes_at_one_place_are_one_point_and_whoever_cannot_tell_is_named() -> None:
    same = (1.0, 0.0, 0.0)
    votes = [AxisRating("A", same), AxisRating("B", (0.0, 1.0, 0.0)), AxisRating("C", same), AxisRating("D", None)]
    figure = ratings_ternary("temporal", votes)
    assert list(figure.data[0].text) == ["A, C", "B"] and list(figure.data[0].a) == [1.0, 0.0]
    assert "Cannot tell: D." in figure.layout.meta["reading"]
    assert "A says past 100%" in figure.layout.meta["alt"] and "D says cannot tell" in figure.layout.meta["alt"]
    assert len(figure.data) == 1


def test_the_way_to_an_album_is_a_line_with_its_length() -> None:
    from rebracket_core.charts import PathStep, path_ternary

    moved = path_ternary(
        PathStep(axis="temporal", here=(0.8, 0.1, 0.1), album="Green", target=(0.0, 0.0, 1.0), number=1, distance=1.21)
    )
    there = path_ternary(
        PathStep(axis="spatial", here=(0.0, 1.0, 0.0), album="Green", target=(0.0, 1.0, 0.0), number=None, distance=0.0)
    )
    assert [t.mode for t in moved.data] == ["lines", "markers", "markers"] and len(there.data) == 1
    assert "1.21" in moved.layout.title.text and "future 1.00" in moved.layout.meta["reading"]
    assert "nothing to do" in there.layout.title.text
