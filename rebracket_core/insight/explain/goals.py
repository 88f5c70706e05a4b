"""What a counterfactual is to reach: another album, another mode on one axis while the others hold, or another verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rebracket_core.errors import InputError
from rebracket_core.insight.explain.margins import Margin, classes_of
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES
from rebracket_core.validation import Verdict

ACCEPT, REJECT = "accept", "reject"
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to change (`album`, an axis, `verdict`) and what it is to become ("": anything else)."""

    what: str
    to: str = ""

    @classmethod
    def parse(cls, text: str) -> Goal:
        """The goal of "album=Green", "temporal=past", "verdict=accept", or of the word before the sign alone.

        Raises InputError for what is none.
        """
        what, _, to = (part.strip() for part in text.partition("="))
        known = {"album": ALBUM_NAMES, **MODES, "verdict": (ACCEPT, REJECT)}
        if what.lower() not in known:
            raise InputError(
                "This is no goal.",
                expected=f"one of {', '.join(known)}, with = and what it is to become",
                found=text or "nothing",
                hint="write album=Green, temporal=past or verdict=accept",
            )
        names = known[what.lower()]
        chosen = next((name for name in names if name.lower() == to.lower()), "")
        if to and not chosen:
            raise InputError(
                f"This is nothing that {what} can become.", expected=", ".join(names), found=to, hint="choose one of these"
            )
        return cls(what.lower(), chosen)

    def __str__(self) -> str:
        return f"{self.what}={self.to}" if self.to else self.what

    def met(self, before: Verdict, after: Verdict) -> bool:
        """Whether a text that was scored `after` reaches the goal of one that was scored `before`."""
        if after.error or before.error:
            return False
        old, new = answer_of(before, self.what), answer_of(after, self.what)
        if new == old or (self.to and new != self.to):
            return False
        others = [axis for axis in AXIS_NAMES if axis != self.what]
        return self.what not in AXIS_NAMES or all(answer_of(before, a) == answer_of(after, a) for a in others)

    def closeness(self, before: Verdict, after: Verdict) -> float:
        """How near a scored text is to the goal: a guide for the search alone, higher is nearer; `met` decides."""
        if after.error:
            return -math.inf
        if self.what == "verdict":
            accepted = (self.to or (REJECT if answer_of(before, "verdict") == ACCEPT else ACCEPT)) == ACCEPT
            return -_lacks(after) if accepted else _lacks(after) - float(after.album_probability or 0.0)
        near = _log_margin(_shares(after, self.what), old=answer_of(before, self.what), to=self.to)
        if self.what in AXIS_NAMES:
            unchanged = [_unchanged(after, axis, answer_of(before, axis)) for axis in AXIS_NAMES if axis != self.what]
            near += sum(min(0.0, h) for h in unchanged)
        return near

    def margin(self, before: Verdict) -> Margin:
        """The margin whose slope points toward the goal at the first step."""
        if self.what == "verdict":
            accepted = (self.to or (REJECT if answer_of(before, "verdict") == ACCEPT else ACCEPT)) == ACCEPT
            first, second = _order(before, "album")[:2]
            return Margin("album", first, second) if accepted else Margin("album", second, first)
        order, names = _order(before, self.what), classes_of(self.what)
        to = names.index(self.to) if self.to else order[1]
        return Margin(self.what, to, next(i for i in order if i != to))


def answer_of(verdict: Verdict, what: str) -> str:
    """What a verdict says: its album, the first mode of an axis, or whether it accepts."""
    if what == "album":
        return str(verdict.album)
    if what == "verdict":
        return ACCEPT if verdict.is_accepted else REJECT
    shares = _shares(verdict, what)
    return max(shares, key=lambda name: shares[name])


def _shares(verdict: Verdict, what: str) -> Mapping[str, float]:
    found = verdict.album_probabilities if what == "album" else getattr(verdict, what)
    return found or {}


def _order(verdict: Verdict, what: str) -> list[int]:
    shares, names = _shares(verdict, what), classes_of(what)
    return sorted(range(len(names)), key=lambda i: -shares[names[i]])


def _log_margin(shares: Mapping[str, float], *, old: str, to: str) -> float:
    wanted = shares[to] if to else max(share for name, share in shares.items() if name != old)
    best = max(share for name, share in shares.items() if name != to) if to else shares[old]
    return math.log(max(wanted, _TINY) / max(best, _TINY))


def _unchanged(verdict: Verdict, axis: str, mode: str) -> float:
    shares = _shares(verdict, axis)
    rest = max(share for name, share in shares.items() if name != mode)
    return math.log(max(shares[mode], _TINY) / max(rest, _TINY))


def _lacks(verdict: Verdict) -> float:
    """About how far a verdict is from ACCEPT: what is lacking in probability, confidence, axes and OOD score, added up."""
    found = verdict.evidence()
    limits = found.thresholds
    lacks = max(0.0, limits.accept - found.probability)
    if found.album.has_modes:
        lacks += max(0.0, limits.confidence - found.confidence)
    else:
        lacks += max(0.0, found.confidence - limits.black_confidence)
    for state in found.states:
        modes = found.album.modes[state.axis]
        own = max((share for name, share in _shares(verdict, state.axis).items() if name in modes), default=limits.dominant)
        if state.argmax_mode not in modes:
            lacks += max(0.0, state.top - limits.dominant, limits.dominant - own)
    if found.ood_p is not None:
        lacks += max(0.0, limits.ood_p - found.ood_p)
    return lacks + max(0.0, found.total_uncertainty - limits.uncertainty)
