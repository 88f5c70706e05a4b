"""The `accept` threshold: as low as it may be so that enough of the accepted are right on unseen groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.settings import Thresholds
from rebracket_core.training.evaluation.evaluate import ACCEPTED, Held, held_verdicts
from rebracket_core.validation import Verdict

MIN_ACCEPTED = 10


def choose_accept(held: Held, *, precision: float) -> float:
    """The `accept` of a run, chosen on all held-out rows; see `_choose`."""
    return _choose(held, _open_gate(held), precision=precision, at=np.arange(len(held.texts)))


def cross_accept(held: Held, *, fold: np.ndarray, precision: float) -> Held:
    """The same rows, each with the `accept` that was chosen on the other folds."""
    verdicts = _open_gate(held)
    thresholds: list[Thresholds] = list(held.thresholds)
    for k in np.unique(fold):
        accept = _choose(held, verdicts, precision=precision, at=np.flatnonzero(fold != k))
        for i in np.flatnonzero(fold == k):
            thresholds[i] = thresholds[i].with_(accept=accept)
    return replace(held, thresholds=thresholds)


def _open_gate(held: Held) -> list[Verdict]:
    return held_verdicts(held, thresholds=[limits.with_(accept=0.0) for limits in held.thresholds])


def _choose(held: Held, verdicts: list[Verdict], *, precision: float, at: np.ndarray) -> float:
    """The lowest album probability from which on at least `precision` of the accepted rows are right.

    The gate runs once with `accept` 0; what it lets through is then cut at each probability. Where no cut with at least
    ten accepted rows is right often enough, the answer is 1: the run accepts nothing on the strength of its album. It is
    never below `uncertain_album`, under which an album is called uncertain.
    """
    verdicts = [verdicts[i] for i in at]
    truth = held.targets.album_idx[at]
    passed = [i for i, v in enumerate(verdicts) if v.verdict in ACCEPTED]
    if len(passed) < MIN_ACCEPTED:
        return 1.0
    p = np.array([verdicts[i].album_probability for i in passed])
    right = np.array([truth[i] >= 0 and verdicts[i].album == ALBUM_NAMES[truth[i]] for i in passed], dtype=float)
    order = np.argsort(-p, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = [k for k in range(MIN_ACCEPTED - 1, len(order)) if shares[k] >= precision]
    if not good:
        return 1.0
    return max(round(float(p[order[good[-1]]]), 4), held.thresholds[0].uncertain_album)
