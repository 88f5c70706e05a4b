"""Golden numbers of the soft targets and of context smoothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rebracket_core.corpus import smooth_context, targets
from rebracket_core.rainbow import ALBUM_NAMES, axis_target

FrameOf = Callable[..., pd.DataFrame]

THIRD = [1 / 3] * 3


@pytest.mark.parametrize(
    ("smoothing", "expected"),
    [(0.1, [0.933333, 0.033333, 0.033333]), (0.05, [0.966667, 0.016667, 0.016667]), (0.2, [0.866667, 0.066667, 0.066667])],
)
def test_past_smoothed(frame_of: FrameOf, smoothing: float, expected: Any) -> None:
    of = targets(frame_of({"album": "Red"}), smoothing=smoothing)
    assert of.axis[0, 0] == pytest.approx(expected, abs=1e-6)


def test_every_album_has_targets_that_sum_to_one_and_the_right_kinds(frame_of: FrameOf) -> None:
    of = targets(frame_of(*({"album": name} for name in ALBUM_NAMES)))
    assert of.axis.sum(axis=2) == pytest.approx(np.ones((9, 3)))
    kinds = dict(zip(ALBUM_NAMES, of.axis_kind.tolist(), strict=True))
    assert kinds["Red"] == ["single", "single", "single"]
    assert kinds["Indigo"] == ["none", "none", "multi"]
    assert kinds["Black"] == kinds["White"] == ["none", "none", "none"]
    assert dict(zip(ALBUM_NAMES, of.confidence.tolist(), strict=True))["Indigo"] == 1
    assert [n for n, c in zip(ALBUM_NAMES, of.confidence.tolist(), strict=True) if c == 0] == ["Black", "White"]
    assert of.album_idx.tolist() == list(range(9))


def test_indigo_is_known_and_forgotten(frame_of: FrameOf) -> None:
    of = targets(frame_of({"album": "Indigo"}))
    assert of.axis[0, 2] == pytest.approx([0.033333, 0.483333, 0.483333], abs=1e-6)
    assert of.axis[0, 0] == pytest.approx(THIRD)


def test_a_human_distribution_comes_before_the_album_and_the_album_before_what_is_stated(frame_of: FrameOf) -> None:
    of = targets(
        frame_of(
            {"album": "Red", "temporal": [0.5, 0.5, 0.0], "spatial_stated": ["place"], "weight": 0.8},
            {"spatial_stated": ["place"], "temporal_stated": []},
        ),
        smoothing=0.0,
    )
    assert of.axis[0, 0].tolist() == [0.5, 0.5, 0.0]
    assert of.axis[0, 1].tolist() == [1.0, 0.0, 0.0]
    assert of.axis_kind.tolist() == [["soft", "single", "single"], ["none", "single", "unlabelled"]]
    assert of.axis[1, 1].tolist() == [0.0, 1.0, 0.0]
    assert of.album_idx.tolist() == [ALBUM_NAMES.index("Red"), -1]
    assert of.weight.tolist() == [0.8, 1.0]
    assert of.confidence.tolist() == [1.0, 1.0]


def test_an_unlabelled_row_teaches_nothing_and_no_type_is_not_unlabelled(frame_of: FrameOf) -> None:
    of = targets(frame_of({}, {"types": []}, {"types": ["memory", "spatial"]}))
    assert not of.labelled.any()
    assert of.types_labelled.tolist() == [False, True, True]
    assert of.types.sum(axis=1).tolist() == [0, 0, 2]


def context(modes: Sequence[str | None], *, smoothing: float = 0.0, groups: list[int] | None = None) -> np.ndarray:
    axis = np.array([[axis_target("temporal", [m] if m else [], smoothing=smoothing)] * 3 for m in modes])
    has = np.array([[m is not None] * 3 for m in modes])
    songs = np.array(groups or [0] * len(modes))
    smoothed = smooth_context(axis, groups=songs, has_modes=has)
    assert smoothed.sum(axis=2) == pytest.approx(np.ones(smoothed.shape[:2]))
    return smoothed[:, 0]


def test_context_of_three_rows() -> None:
    got = context(["past", "present", "past"])
    assert got == pytest.approx(np.array([[0.82, 0.18, 0], [0.3, 0.7, 0], [0.82, 0.18, 0]]))
    got = context(["past", "present", "past"], smoothing=0.1)
    outer = [0.771333, 0.195333, 0.033333]
    assert got == pytest.approx(np.array([outer, [0.303333, 0.663333, 0.033333], outer]), abs=1e-6)


def test_context_stays_inside_a_song() -> None:
    modes = ["past", "past", "future", "future"]
    own = context(modes, groups=[1, 1, 2, 2])
    assert own == pytest.approx(np.array([[1, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1]]))
    one_song = context(modes)
    expected = [[0.838462, 0, 0.161538], [0.8125, 0, 0.1875], [0.1875, 0, 0.8125], [0.161538, 0, 0.838462]]
    assert one_song == pytest.approx(np.array(expected), abs=1e-6)


def test_context_of_seven_rows() -> None:
    got = context(["past"] * 3 + ["future"] + ["past"] * 3)
    assert got[0] == pytest.approx([0.930769, 0, 0.069231], abs=1e-6)
    assert got[1] == pytest.approx([0.936842, 0, 0.063158], abs=1e-6)
    assert got[2] == pytest.approx([0.921739, 0, 0.078261], abs=1e-6)
    assert got[3] == pytest.approx([0.3, 0, 0.7])
    assert got == pytest.approx(got[::-1])


def test_context_is_never_taken_from_or_put_onto_an_axis_without_modes() -> None:
    got = context(["past", None, "past"])
    assert got[1] == pytest.approx(THIRD)
    assert got[0] == pytest.approx([1, 0, 0])
