"""Thresholds that a run chooses: as low as may be while enough of what their rules accept is right on held-out groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from rebracket_core.settings import Thresholds
from rebracket_core.thresholds import THRESHOLDS, Promise
from rebracket_core.training.evaluation.evaluate import HeldOutRows, held_out_verdicts
from rebracket_core.validation import rules_reading

NOTHING = 1.0  # the threshold at which a rule accepts nothing
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """A threshold as a run chose it, and what it was chosen on.

    `promised` is the share that is promised, `target` the share that was looked for; `n_reached` held-out texts meet all else
    that the rules ask, `n_accepted` of them reach `value`, and `right` of these are right (None without any). `kept` is False
    where the promise cannot be kept: `value` is then 1, at which the rules accept nothing.
    """

    threshold: str
    value: float
    promised: float
    target: float
    n_reached: int
    n_accepted: int
    right: float | None
    kept: bool

    def to_dict(self) -> dict[str, Any]:
        """The choice as plain values."""
        return asdict(self)

    @property
    def note(self) -> str:
        """Why the rules accept nothing, in one sentence; "" where the promise is kept."""
        if self.kept:
            return ""
        codes = " and ".join(_rules(self.threshold))
        return (
            f"{codes}: {self.n_reached} held-out texts reach it, and no {self.threshold} keeps the promise that "
            f"{self.promised:.0%} of what it accepts is right; it accepts nothing."
        )


@dataclass(frozen=True, slots=True)
class _Open:
    """The rows that the rules of one threshold would accept if it were 0, in a list where the other chosen ones are shut."""

    threshold: str
    promise: Promise
    target: float
    rows: np.ndarray


def choose_thresholds(held_out: HeldOutRows, *, targets: Mapping[str, float]) -> tuple[Choice, ...]:
    """The choice of every threshold that carries a promise, on all held-out rows.

    `targets` replaces, by threshold, the share that the held-out texts must reach.
    """
    return _choose(held_out, _opened(held_out, targets), at=np.ones(len(held_out.texts), dtype=bool))


def cross_thresholds(held_out: HeldOutRows, *, fold: np.ndarray, targets: Mapping[str, float]) -> HeldOutRows:
    """The same rows, each with the thresholds that were chosen on the other folds; `fold` is (n,)."""
    opened = _opened(held_out, targets)
    thresholds: list[Thresholds] = list(held_out.thresholds)
    for k in np.unique(fold):
        chosen = chosen_values(_choose(held_out, opened, at=fold != k))
        for i in np.flatnonzero(fold == k):
            thresholds[i] = thresholds[i].with_(**chosen)
    return replace(held_out, thresholds=thresholds)


def chosen_values(choices: tuple[Choice, ...]) -> dict[str, float]:
    """The values by the thresholds' names."""
    return {choice.threshold: choice.value for choice in choices}


def _rules(threshold: str) -> tuple[str, ...]:
    """The codes of the rules that accept by a threshold."""
    return tuple(rule.code for rule in rules_reading(threshold) if rule.verdict.is_accepted)


def _opened(held_out: HeldOutRows, targets: Mapping[str, float]) -> list[_Open]:
    """Which rows each promised threshold has to do with: the rules run once for each, over all rows."""
    promised = {info.name: info.promise for info in THRESHOLDS if info.promise is not None}
    shut = dict.fromkeys(promised, NOTHING)
    found = []
    for name, promise in promised.items():
        limits = [own.with_(**{**shut, name: 0.0}) for own in held_out.thresholds]
        codes = _rules(name)
        rows = np.array([v.rule in codes for v in held_out_verdicts(held_out, thresholds=limits)], dtype=bool)
        found.append(_Open(name, promise, targets.get(name, promise.target), rows))
    return found


def _choose(held_out: HeldOutRows, opened: list[_Open], *, at: np.ndarray) -> tuple[Choice, ...]:
    """The choices on the rows `at` (n,) bool; what an earlier threshold accepts does not reach a later one."""
    p = held_out.predictions.scores.album.max(axis=1).round(_DIGITS)
    right = (held_out.targets.album_idx >= 0) & (held_out.predictions.scores.album.argmax(axis=1) == held_out.targets.album_idx)
    left, choices = at.copy(), []
    for one in opened:
        rows = one.rows & left
        choice = _lowest(p[rows], right[rows], one, least=held_out.thresholds[0].uncertain_album)
        choices.append(choice)
        if choice.kept:
            left &= ~(one.rows & (p >= choice.value))
    return tuple(choices)


def _lowest(p: np.ndarray, right: np.ndarray, opened: _Open, *, least: float) -> Choice:
    """The lowest probability from which on at least the target share is right, of enough texts, and never below `least`.

    A cut lies only where the probability changes, so that the texts at the threshold itself are all counted.
    """
    order = np.argsort(-p, kind="stable")
    p, right = p[order], right[order]
    count = np.arange(1, len(p) + 1)
    share = np.cumsum(right) / count
    ends = np.append(p[1:] < p[:-1], True)[: len(p)]
    good = np.flatnonzero(ends & (p >= least) & (p < NOTHING) & (count >= opened.promise.min_texts) & (share >= opened.target))
    value, n = (float(p[good[-1]]), int(count[good[-1]])) if len(good) else (NOTHING, 0)
    return Choice(
        threshold=opened.threshold,
        value=value,
        promised=opened.promise.right,
        target=opened.target,
        n_reached=len(p),
        n_accepted=n,
        right=float(share[good[-1]]) if len(good) else None,
        kept=bool(len(good)),
    )
