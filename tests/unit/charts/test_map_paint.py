"""Points of a map keep their class: the largest are told apart, what is not known is grey and last."""

from __future__ import annotations

import numpy as np

from rebracket_core.charts import class_paint, point_map, scale_paint
from rebracket_core.charts.colours import ALBUM_COLOURS
from rebracket_core.rainbow import ALBUM_NAMES


def test_albums_have_their_own_colours_and_the_unknown_is_last() -> None:
    paint = class_paint("album", np.array([0, 3, 3, -1]), ALBUM_NAMES, colours=ALBUM_COLOURS)
    assert paint.names == ("Black", "Yellow", "not known") and paint.counts == [1, 2, 1]
    assert paint.colours[:2] == (ALBUM_COLOURS["Black"], ALBUM_COLOURS["Yellow"])


def test_of_many_classes_the_largest_are_told_apart() -> None:
    codes = np.repeat(np.arange(30), np.arange(1, 31))
    paint = class_paint("song", codes, [f"s{k}" for k in range(30)])
    assert len(paint.names) == 13 and paint.names[-2] == "others (19)" and "s29" in paint.names
    assert sum(paint.counts) == len(codes) and paint.counts[-1] == 0
    pairs = list(zip(paint.colours, paint.symbols, strict=True))
    assert len(set(pairs[:-2])) == 11


def test_a_scale_covers_its_ends_and_marks_what_was_not_measured() -> None:
    paint = scale_paint("trust", np.array([0.0, 0.5, 1.0, np.nan]), low=0.0, high=1.0)
    assert paint.codes.tolist() == [0, 6, 11, 12] and paint.names[-1] == "not measured"


def test_a_map_to_take_away_has_one_trace_a_class_and_harmless_texts() -> None:
    paint = class_paint("kind", np.array([0, 1, 1]), ("a", "b"))
    for dims in (2, 3):
        figure = point_map(np.eye(3, dims), paint, ["<b>x</b>", "y", "z"], title="t", reading="r")
        assert len(figure.data) == 2 and "<b>" not in figure.data[0].text[0]
