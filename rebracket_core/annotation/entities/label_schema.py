"""What one person says of one text: an answer on each axis, types, confidence, a note. Shares are whole per-mille numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXIS_NAMES, MODES, N_MODES, TYPE_NAMES

WHOLE = 1000
EVEN = (334, 333, 333)
Triple = tuple[int, int, int]


class AnswerKind(StrEnum):
    """How an axis was answered: one mode, a mixture, or "cannot tell" (which is not "even")."""

    HARD = "hard"
    SOFT = "soft"
    ABSTAIN = "abstain"


def text_digest(text: str) -> str:
    """The sha256 of a text, in hex: what a label is pinned to beside the item's id."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """One axis answered: per-mille shares in the order of the axis' modes, summing to exactly 1000, and how it was answered.

    "Cannot tell" has the shares (0, 0, 0); "even" is the soft answer (334, 333, 333). Raises InputError for anything else.
    """

    per_mille: Triple
    kind: AnswerKind

    def __post_init__(self) -> None:
        shares = self.per_mille
        whole = all(isinstance(s, int) and not isinstance(s, bool) and 0 <= s <= WHOLE for s in shares)
        good = len(shares) == N_MODES and whole
        if good and self.kind is AnswerKind.ABSTAIN:
            good = sum(shares) == 0
        elif good:
            good = sum(shares) == WHOLE and (max(shares) == WHOLE) == (self.kind is AnswerKind.HARD)
        if not good:
            raise InputError(
                "This answer of an axis cannot be stored.",
                expected="three whole per-mille numbers that sum to 1000 (hard: one of them 1000; abstain: all 0)",
                found=f"{shares!r}, {self.kind}",
                hint="use AxisLabel.of, AxisLabel.hard or AxisLabel.abstain",
            )

    @classmethod
    def of(cls, per_mille: Sequence[int]) -> AxisLabel:
        """The hard or soft answer of these per-mille shares."""
        shares = tuple(per_mille)
        kind = AnswerKind.HARD if WHOLE in shares else AnswerKind.SOFT
        return cls(shares, kind)  # type: ignore[arg-type]

    @classmethod
    def hard(cls, axis: str, mode: str) -> AxisLabel:
        """All of one mode of an axis."""
        return cls.of([WHOLE * (name == mode) for name in MODES[axis]])

    @classmethod
    def abstain(cls) -> AxisLabel:
        """The answer "cannot tell"."""
        return cls((0, 0, 0), AnswerKind.ABSTAIN)

    @classmethod
    def from_shares(cls, shares: Sequence[float]) -> AxisLabel:
        """The answer of any non-negative numbers, scaled and rounded so that the sum is exact (largest remainders).

        Raises InputError unless there are three of them, finite and not all 0.
        """
        total = float(sum(shares))
        if len(shares) != N_MODES or not total > 0 or any(not s >= 0 for s in shares) or total == float("inf"):
            raise InputError(
                "These shares are no distribution.",
                expected="three numbers of 0 or more, not all 0",
                found=repr(tuple(shares)),
                hint="use AxisLabel.abstain for no answer",
            )
        exact = [WHOLE * s / total for s in shares]
        floors = [int(e) for e in exact]
        order = sorted(range(N_MODES), key=lambda i: (floors[i] - exact[i], i))
        for i in order[: WHOLE - sum(floors)]:
            floors[i] += 1
        return cls.of(floors)

    @property
    def shares(self) -> tuple[float, ...] | None:
        """The three shares as fractions, or None for "cannot tell"; the even answer gives exact thirds."""
        if self.kind is AnswerKind.ABSTAIN:
            return None
        if sorted(self.per_mille) == sorted(EVEN):
            return (1 / 3, 1 / 3, 1 / 3)
        return tuple(s / WHOLE for s in self.per_mille)

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values."""
        return {"per_mille": list(self.per_mille), "kind": str(self.kind)}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> AxisLabel:
        """The answer that `to_dict` wrote; for "abstain" the shares are not looked at.

        Raises InputError where it is none.
        """
        try:
            kind = AnswerKind(raw["kind"])
            return cls.abstain() if kind is AnswerKind.ABSTAIN else cls(tuple(raw["per_mille"]), kind)  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError) as cause:
            raise InputError(
                "An axis' answer cannot be read.",
                expected="per_mille and kind",
                found=repr(raw),
                hint="send what AxisLabel.to_dict gives",
            ) from cause


@dataclass(frozen=True, slots=True)
class LabelValue:
    """All that one person says of one text.

    `types` is the set of rebracketing types (empty: none of them; None: not answered); `confidence` is per mille, None
    where it was not given; `flag` asks somebody to look at it.
    """

    temporal: AxisLabel
    spatial: AxisLabel
    ontological: AxisLabel
    types: frozenset[str] | None = None
    confidence: int | None = None
    note: str = ""
    flag: bool = False

    def __post_init__(self) -> None:
        unknown = sorted((self.types or frozenset()) - set(TYPE_NAMES))
        if unknown:
            raise InputError(
                "A label names an unknown type.",
                expected=", ".join(TYPE_NAMES),
                found=", ".join(unknown),
                hint="correct the type",
            )
        confidence = self.confidence
        if confidence is not None and (type(confidence) is not int or not 0 <= confidence <= WHOLE):
            raise InputError(
                "The confidence is out of range.",
                expected="a whole number from 0 to 1000 or nothing",
                found=repr(confidence),
                hint="give it per mille",
            )

    @property
    def axes(self) -> dict[str, AxisLabel]:
        """The three answers by axis name, in the order of the table."""
        return {name: getattr(self, name) for name in AXIS_NAMES}

    def to_dict(self) -> dict[str, Any]:
        """The label as plain values, types in the order of the table."""
        return {
            **{name: label.to_dict() for name, label in self.axes.items()},
            "types": None if self.types is None else [name for name in TYPE_NAMES if name in self.types],
            "confidence": self.confidence,
            "note": self.note,
            "flag": self.flag,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> LabelValue:
        """The label that `to_dict` wrote. Raises InputError naming what cannot be read."""
        if not isinstance(raw, Mapping) or any(not isinstance(raw.get(name), Mapping) for name in AXIS_NAMES):
            raise InputError(
                "A label cannot be read.",
                expected=f"answers for {', '.join(AXIS_NAMES)}",
                found=repr(raw)[:200],
                hint="send what LabelValue.to_dict gives",
            )
        types, flag = raw.get("types"), raw.get("flag", False)
        if types is not None and (isinstance(types, str) or not isinstance(types, Iterable)):
            raise InputError(
                "The types cannot be read.", expected="a list of names or nothing", found=repr(types), hint="send a list"
            )
        return cls(
            **{name: AxisLabel.from_dict(raw[name]) for name in AXIS_NAMES},
            types=None if types is None else frozenset(str(t) for t in types),
            confidence=raw.get("confidence"),
            note=str(raw.get("note") or ""),
            flag=bool(flag),
        )
