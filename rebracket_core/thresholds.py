"""The numbers and switches that verdicts rest on, each with its description: label, help, range, and what it promises.

Pages, the command line, the API's schema and the documentation render these descriptions; nothing of them is written twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any

from rebracket_core.errors import ConfigError

Value = float | bool | str
_SWITCHES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
# Names of earlier versions → today's. Both stand in every mapping of thresholds, so that readers of either find theirs.
ALIASES = {"hybrid_album": "accept_hybrid"}


@dataclass(frozen=True, slots=True)
class Promise:
    """What a threshold is chosen for on held-out groups: of what its rules accept, at least the share `right` is right.

    The threshold is looked for at `right + margin`, because one that is chosen on some songs does slightly worse on others.
    Fewer than `min_texts` held-out texts that reach its rules promise nothing: the rules then accept nothing.
    """

    right: float
    margin: float
    min_texts: int

    @property
    def target(self) -> float:
        """The share that the held-out texts must reach."""
        return round(self.right + self.margin, 6)


@dataclass(frozen=True, slots=True)
class ThresholdInfo:
    """The description of one threshold: a share with its range, or a switch with its choices.

    `offered` where pages offer it for trying; `retired` where no rule reads it any more and it is kept for older readers.
    """

    name: str
    label: str
    help: str
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    choices: tuple[str, ...] = ()
    is_switch: bool = False
    offered: bool = False
    retired: bool = False
    promise: Promise | None = None

    @property
    def expected(self) -> str:
        """The values that are allowed, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return "true or false" if self.is_switch else f"a number from {self.low:g} to {self.high:g}"

    def parse(self, text: str) -> Value:
        """The value of a text, as the command line gives it. Raises ConfigError for one that cannot be read."""
        try:
            value: Value = text if self.choices else _SWITCHES[text.lower()] if self.is_switch else float(text)
        except (KeyError, ValueError):
            raise ConfigError(
                f"The threshold '{self.name}' cannot be read.",
                expected=self.expected,
                found=repr(text),
                hint=f"write {self.name}={getattr(Thresholds(), self.name)}",
            ) from None
        self.check(value)
        return value

    def check(self, value: object) -> None:
        """Raise ConfigError for a value that is not allowed."""
        if self.choices:
            good = value in self.choices
        elif self.is_switch:
            good = isinstance(value, bool)
        else:
            good = isinstance(value, (int, float)) and not isinstance(value, bool) and self.low <= value <= self.high
        if not good:
            raise ConfigError(
                f"The threshold '{self.name}' is out of range.",
                expected=self.expected,
                found=repr(value),
                hint=f"set {self.name} to a value such as {_default(self.name)}",
            )


def _share(default: float, label: str, help: str, **more: Any) -> Any:
    return field(default=default, metadata={"label": label, "help": help, **more})


def _switch(default: bool, label: str, help: str) -> Any:
    return field(default=default, metadata={"label": label, "help": help, "is_switch": True})


def _choice(default: str, choices: tuple[str, ...], label: str, help: str) -> Any:
    return field(default=default, metadata={"label": label, "help": help, "choices": choices, "offered": True})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of states, album report and rules, each beside its description; see `THRESHOLDS`.

    `accept` and `accept_hybrid` are replaced by a run's own values, chosen on held-out groups. At 1 their rules accept nothing.
    """

    accept: float = _share(
        0.5,
        "Accept from this album probability",
        "The album probability from which on a concept is accepted. A run chooses it on held-out songs; 1 accepts nothing.",
        offered=True,
        promise=Promise(right=0.9, margin=0.03, min_texts=30),
    )
    confidence: float = _share(
        0.7, "Chromatic confidence at least", "How album-like a text must be to be accepted.", offered=True
    )
    black_confidence: float = _share(
        0.5, "Black and White below a confidence of", "Albums without modes are accepted only below this chromatic confidence."
    )
    diffuse_confidence: float = _share(
        0.3, "Black by its axes below a confidence of", "Read by rules of earlier versions only.", retired=True
    )
    low_confidence: float = _share(
        0.4, "Reject below a confidence of", "Below this chromatic confidence a text is not album-like enough to be placed."
    )
    accept_hybrid: float = _share(
        0.3,
        "Accept hybrids from this album probability",
        "The album probability from which on a concept with one or two hybrid axes is accepted as a hybrid. A run chooses it "
        "on held-out songs; 1 accepts none.",
        offered=True,
        promise=Promise(right=0.8, margin=0.03, min_texts=30),
    )
    dominant: float = _share(
        0.6, "An axis is dominant from", "The score from which on the first mode of an axis dominates it.", offered=True
    )
    hybrid: float = _share(
        0.15,
        "A hybrid's gap is at most",
        "Up to this gap between its first two modes an axis is a hybrid of both.",
        offered=True,
    )
    diffuse: float = _share(
        0.2,
        "An axis is diffuse below a spread of",
        "Below this difference between its highest and its lowest score an axis says nothing.",
        offered=True,
    )
    tie: float = _share(0.1, "Albums tie within", "Albums whose probability is this near to the first are named beside it.")
    uncertain_album: float = _share(
        0.3, "The first album is weak below", "Below this probability the first album is only the best of nine weak answers."
    )
    uncertainty: float = _share(
        0.8,
        "Reject above this uncertainty",
        "Above this uncertainty (0 sure, 1 could be any album) the model cannot decide.",
        offered=True,
    )
    ood_p: float = _share(
        0.05,
        "Unlike the training texts below a p of",
        "Below this p-value a text is out of distribution: so few training texts look as unlike.",
        offered=True,
    )
    accept_uncharted: bool = _switch(
        False, "Accept uncharted triples", "Whether three clear modes that belong to no album together are accepted."
    )
    accept_axes: str = _choice(
        "contradicts",
        ("contradicts", "agree", "flag"),
        "The axes in the ACCEPT rule",
        "contradicts: an axis that is dominant on a mode the album lacks stops ACCEPT; agree: every axis must agree with the "
        "album; flag: the axes stop nothing, and a contradiction is flagged.",
    )

    def __post_init__(self) -> None:
        for info in THRESHOLDS:
            info.check(getattr(self, info.name))

    def with_(self, /, **changes: Any) -> Thresholds:
        """A copy with some thresholds replaced, by today's names or those of earlier versions.

        Raises ConfigError for an unknown name, a value that is not allowed, or two values for one threshold.
        """
        return replace(self, **_todays(changes)) if changes else self

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Thresholds:
        """The thresholds that `to_dict` gave, in this or an earlier version; what is absent keeps its default."""
        return cls(**_todays(raw))

    def to_dict(self) -> dict[str, Value]:
        """The thresholds as plain values by name; those that had another name stand under it too."""
        own: dict[str, Value] = {info.name: getattr(self, info.name) for info in THRESHOLDS}
        return {**own, **{old: own[new] for old, new in ALIASES.items()}}

    def rounded(self, digits: int) -> Thresholds:
        """A copy with every share rounded."""
        shares: dict[str, Any] = {
            info.name: round(float(getattr(self, info.name)), digits)
            for info in THRESHOLDS
            if not (info.choices or info.is_switch)
        }
        return replace(self, **shares)


def _todays(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The values under today's names."""
    known = {info.name for info in THRESHOLDS}
    unknown = sorted(set(raw) - known - set(ALIASES))
    if unknown:
        raise ConfigError(
            f"There is no threshold named {', '.join(unknown)}.",
            expected=f"one of {', '.join(sorted(known))}",
            found=", ".join(unknown),
            hint="check the spelling",
        )
    found: dict[str, Any] = {}
    for name, value in raw.items():
        new = ALIASES.get(name, name)
        if new in found and found[new] != value:
            raise ConfigError(
                f"The threshold '{new}' is given two values.",
                expected="one value",
                found=f"{found[new]!r} and {value!r}",
                hint=f"leave out its older name, {name}",
            )
        found[new] = value
    return found


THRESHOLDS: tuple[ThresholdInfo, ...] = tuple(ThresholdInfo(name=f.name, **f.metadata) for f in fields(Thresholds))
"""The descriptions of all thresholds, in their order."""

OFFERED: tuple[ThresholdInfo, ...] = tuple(info for info in THRESHOLDS if info.offered)
"""Those that pages offer for trying."""


@lru_cache(maxsize=1)
def _by_name() -> dict[str, ThresholdInfo]:
    return {info.name: info for info in THRESHOLDS}


def threshold(name: str) -> ThresholdInfo:
    """The description of a threshold, by today's name or an older one. Raises ConfigError for an unknown name."""
    todays = next(iter(_todays({name: None})))
    return _by_name()[todays]


def _default(name: str) -> Value:
    return next(f.default for f in fields(Thresholds) if f.name == name)  # type: ignore[return-value]


def shown(value: Value) -> str:
    """A value as pages and texts show it: "0.5", "yes", "agree"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:g}"


def in_words(values: Mapping[str, Value]) -> str:
    """Thresholds in one line, "accept 0.62, accept_axes agree"; older and retired names are left out."""
    kept = {name: value for name, value in values.items() if name in _by_name() and not _by_name()[name].retired}
    return ", ".join(f"{name} {shown(value)}" for name, value in kept.items())
