"""The answers of an axis in words, for the plain form: the same presets that the keys of the desk give."""

from __future__ import annotations

from itertools import permutations

from rebracket_core.annotation import AnswerKind, AxisLabel, presets
from rebracket_core.rainbow import MODES

CANNOT_TELL = "cannot tell"


def choices(axis: str, version: int = 1) -> dict[str, AxisLabel]:
    """Words → answer, from one mode alone to all three alike, "cannot tell" last; each answer stands there once."""
    found: dict[str, AxisLabel] = {}
    for preset in presets(version):
        for order in permutations(MODES[axis]):
            answer = preset.label(axis, *order)
            if answer not in found.values():
                found[preset.words.format(*order)] = answer
    return {**found, CANNOT_TELL: AxisLabel.abstain()}


def in_words(axis: str, answer: AxisLabel, version: int = 1) -> str:
    """An answer in the words of its preset, or its shares in percent."""
    if answer.kind is AnswerKind.ABSTAIN:
        return CANNOT_TELL
    named = next((words for words, one in choices(axis, version).items() if one == answer), None)
    if named:
        return named
    parts = sorted(zip(answer.per_mille, MODES[axis], strict=True), key=lambda part: -part[0])
    return ", ".join(f"{mode} {share / 10:g} %" for share, mode in parts if share)
