"""The words in which other tools hold our answers: "past" or "temporal:past" for a mode, "type:causal", "cannot tell"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from rebracket_core.annotation.entities.label_schema import WHOLE, AnswerKind, AxisLabel, LabelValue
from rebracket_core.rainbow import AXIS_NAMES, MODES, TYPE_NAMES

CANNOT_TELL = "cannot tell"
NONE_OF_THEM = "none of them"
LOOK_AT_THIS = "look at this"
TYPES = "types"
_MOST_SHOWN = 80

_EVEN_SPLIT = "several modes marked on one axis, taken as an even split"
_UNANSWERED = 'an axis without an answer, taken as "cannot tell"'
_AXIS_OF = {mode: axis for axis in AXIS_NAMES for mode in MODES[axis]}


class Ticks:
    """The words of one label, sorted into axes, types and what is unknown."""

    def __init__(self) -> None:
        self.modes: dict[str, list[str]] = {}
        self.types: set[str] | None = None
        self.flag = False
        self.unknown: list[str] = []

    def add(self, word: str, *, question: str = "") -> None:
        """Add one word. `question` is the name of the control that it was chosen in, if there is one."""
        scope, _, name = word.strip().casefold().rpartition(":")
        scope, name = scope.strip() or question.strip().casefold(), name.strip()
        if name in _AXIS_OF and scope in ("", _AXIS_OF[name]):
            self.modes.setdefault(_AXIS_OF[name], []).append(name)
        elif name == CANNOT_TELL and scope in AXIS_NAMES:
            self.modes.setdefault(scope, [])
        elif name in TYPE_NAMES and scope in ("", "type", TYPES):
            self.types = (self.types or set()) | {name}
        elif name == NONE_OF_THEM and scope in ("", "type", TYPES):
            self.types = self.types or set()
        elif name == LOOK_AT_THIS and scope in ("", "flag"):
            self.flag = True
        else:
            self.unknown.append(word[:_MOST_SHOWN])


def words_of(value: LabelValue) -> list[str]:
    """The label in words: every mode with a share ("temporal:past"), "temporal:cannot tell", types, the flag."""
    words = []
    for axis, answer in value.axes.items():
        marked = [mode for mode, share in zip(MODES[axis], answer.per_mille, strict=True) if share]
        words += [f"{axis}:{mode}" for mode in marked] or [f"{axis}:{CANNOT_TELL}"]
    if value.types is not None:
        words += [f"type:{name}" for name in TYPE_NAMES if name in value.types] or [f"type:{NONE_OF_THEM}"]
    return words + [f"flag:{LOOK_AT_THIS}"] * value.flag


def value_of(
    ticks: Ticks,
    *,
    taken_as: Counter[str],
    shares: Mapping[str, AxisLabel] | None = None,
    confidence: int | None = None,
    note: str = "",
) -> LabelValue | None:
    """The label of these words, None where no axis and no type is answered. `shares` gives the axes that have exact shares.

    What had to be interpreted is counted in `taken_as`.
    """
    exact = shares or {}
    if not exact and not ticks.modes and ticks.types is None:
        return None
    axes = {axis: exact.get(axis) or _axis(axis, ticks.modes.get(axis), taken_as) for axis in AXIS_NAMES}
    types = None if ticks.types is None else frozenset(ticks.types)
    return LabelValue(**axes, types=types, confidence=confidence, note=note, flag=ticks.flag)


def shares_text(axis: str, answer: AxisLabel) -> str:
    """A mixture in words with its per-mille shares: "past=750 present=250 future=0"."""
    return " ".join(f"{mode}={share}" for mode, share in zip(MODES[axis], answer.per_mille, strict=True))


def shares_from(axis: str, text: str) -> AxisLabel | None:
    """The mixture that `shares_text` wrote, None where it is none."""
    try:
        given = {name: int(number) for name, _, number in (part.partition("=") for part in text.split())}
    except ValueError:
        return None
    if set(given) != set(MODES[axis]) or sum(given.values()) != WHOLE or min(given.values()) < 0:
        return None
    return AxisLabel.of([given[mode] for mode in MODES[axis]])


def only_hard(value: LabelValue) -> bool:
    """Whether no axis is a mixture."""
    return all(answer.kind is not AnswerKind.SOFT for answer in value.axes.values())


def _axis(axis: str, modes: Iterable[str] | None, taken_as: Counter[str]) -> AxisLabel:
    if modes is None:
        taken_as[_UNANSWERED] += 1
        return AxisLabel.abstain()
    marked = set(modes)
    if not marked:
        return AxisLabel.abstain()
    if len(marked) > 1:
        taken_as[_EVEN_SPLIT] += 1
    return AxisLabel.from_shares([float(mode in marked) for mode in MODES[axis]])
