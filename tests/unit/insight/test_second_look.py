"""Whose side people take in a doubted label."""

from __future__ import annotations

import pytest

from rebracket_core.insight.errors.ranking import LabelErrorCandidate
from rebracket_core.insight.errors.re_annotation import Side, side_of

RED = {"temporal": (1.0, 0.0, 0.0), "spatial": (1.0, 0.0, 0.0), "ontological": (0.0, 0.0, 1.0)}


def _doubt(question: str, label: str, suggested: str) -> LabelErrorCandidate:
    return LabelErrorCandidate(row=0, row_id="r", text="t", question=question, label=label, suggested=suggested, quality=0.1)


@pytest.mark.parametrize(
    ("question", "label", "suggested", "side"),
    [
        ("album", "Red", "Green", Side.LABEL),
        ("album", "Violet", "Red", Side.MODEL),
        ("album", "White", "Black", Side.NEITHER),
        ("temporal", "past", "future", Side.LABEL),
        ("spatial", "place", "thing", Side.MODEL),
        ("ontological", "imagined", "forgotten", Side.NEITHER),
    ],
)
def test_people_are_nearer_to_one_of_both_or_to_neither(question: str, label: str, suggested: str, side: Side) -> None:
    assert side_of(_doubt(question, label, suggested), RED) is side


def test_an_axis_of_which_nobody_could_tell_decides_nothing() -> None:
    assert side_of(_doubt("temporal", "past", "future"), {**RED, "temporal": None}) is Side.NEITHER
    assert side_of(_doubt("album", "Red", "Violet"), {**RED, "temporal": None}) is Side.LABEL
    assert side_of(_doubt("album", "Red", "Orange"), {**RED, "ontological": None}) is Side.NEITHER
    assert side_of(_doubt("album", "White", "Red"), dict.fromkeys(RED)) is Side.NEITHER
    assert side_of(_doubt("album", "White", "Red"), dict.fromkeys(RED, (0.34, 0.33, 0.33))) is Side.LABEL
