"""The answers of an axis in words, for the plain form: the same presets that the keys of the keyboard view give."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from rebracket_core.annotation import AnswerKind, AxisLabel, axis_presets
from rebracket_core.rainbow import MODES

CANNOT_TELL = "cannot tell"


def _named(axis: str, version: int) -> Iterator[tuple[str, AxisLabel]]:
    for preset in axis_presets(version):
        for order in permutations(MODES[axis]):
            yield preset.words.format(*order), preset.label(axis, *order)


def choices(axis: str, version: int = 1) -> dict[str, AxisLabel]:
    """Words → answer, from one mode alone to all three alike, "cannot tell" last; no words and no answer stand there twice."""
    found: dict[str, AxisLabel] = {}
    for words, answer in _named(axis, version):
        if answer not in found.values():
            found.setdefault(words, answer)
    return {**found, CANNOT_TELL: AxisLabel.abstain()}


def in_words(axis: str, answer: AxisLabel, *, version: int = 1) -> str:
    """An answer in the words of its preset, or its shares in percent."""
    if answer.kind is AnswerKind.ABSTAIN:
        return CANNOT_TELL
    words = next((words for words, one in _named(axis, version) if one == answer), None)
    if words:
        return words
    parts = sorted(zip(answer.per_mille, MODES[axis], strict=True), key=lambda part: -part[0])
    return ", ".join(f"{mode} {share / 10:g} %" for share, mode in parts if share)
