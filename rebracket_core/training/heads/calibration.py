"""Temperatures, the affinity's power and the blend, chosen by log-loss on rows that the models were not trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from rebracket_core.corpus import Targets, take_targets
from rebracket_core.models import (
    CONFIDENCE,
    TYPES,
    Calibration,
    ConformalSets,
    Scores,
    TasksConfig,
    any_type_log_odds,
    scores_from_logits,
    sigmoid,
    type_probabilities,
)
from rebracket_core.models.heads import Head

POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
BLENDS = tuple(round(0.1 * i, 1) for i in range(11))
_TINY = 1e-9


def fit_calibration(logits: np.ndarray, targets: Targets, *, tasks: TasksConfig) -> Calibration:
    """The calibration with the least log-loss on (n, M, 27) logits of held-out rows and their unsmoothed targets.

    The `tasks` say whether a text has exactly one type, and which types are predicted.

    Temperatures follow Guo et al. 2017 (one number a head, here on soft labels); each part is chosen in turn, axes before
    albums before the blend, because each uses the one before.
    """
    calibration = Calibration(exclusive_types=tasks.exclusive_types, likeliest_type=tasks.type_decision == "argmax")
    known = targets.axis_known
    for axis in range(known.shape[1]):
        calibration = _fit_axis(calibration, logits, targets, axis=axis)
    calibration = _fit_confidence(calibration, logits, targets)
    calibration = _fit_types(calibration, logits, targets)
    calibration = _fit_any_type(calibration, logits, targets)
    if tasks.type_decision == "chosen":
        calibration = _choose_type_thresholds(calibration, logits, targets)
    calibration = _fit_album(calibration, logits, targets)
    return _fit_blend(calibration, logits, targets)


def fold_calibrations(logits: np.ndarray, targets: Targets, *, fold: np.ndarray, tasks: TasksConfig) -> dict[int, Calibration]:
    """By fold the calibration that was fitted on the other folds."""
    return {int(k): fit_calibration(logits[fold != k], take_targets(targets, fold != k), tasks=tasks) for k in np.unique(fold)}


def cross_scores(logits: np.ndarray, *, fold: np.ndarray, calibrations: Mapping[int, Calibration], head: type[Head]) -> Scores:
    """Scores of every row under the calibration of its fold, as the kind of head makes them of logits."""
    parts = {k: head.scores(logits[fold == k], calibration=calibration) for k, calibration in calibrations.items()}
    n = len(fold)
    merged = {}
    for name in Scores.__slots__:
        first = getattr(next(iter(parts.values())), name)
        whole = np.zeros((n, *first.shape[1:]))
        for k, scores in parts.items():
            whole[fold == k] = getattr(scores, name)
        merged[name] = whole
    return Scores(**merged)


def cross_calibrate(logits: np.ndarray, targets: Targets, *, fold: np.ndarray, head: type[Head], tasks: TasksConfig) -> Scores:
    """Scores of every row under a calibration that was fitted on the other folds."""
    calibrations = fold_calibrations(logits, targets, fold=fold, tasks=tasks)
    return cross_scores(logits, fold=fold, calibrations=calibrations, head=head)


def set_limits(
    logits: np.ndarray,
    targets: Targets,
    *,
    fold: np.ndarray,
    groups: np.ndarray,
    calibrations: Mapping[int, Calibration],
    coverage: float,
) -> np.ndarray | None:
    """(n,) limit of each row's album set, from the rows of the other folds under the calibration fitted on them alone.

    None where a fold's others have no album.
    """
    limits = np.zeros(len(fold))
    for k, calibration in calibrations.items():
        others = fold != k
        album = scores_from_logits(logits[others], calibration=calibration).album
        sets = ConformalSets.fit(album, targets.album_idx[others], groups[others])
        if sets is None:
            return None
        limits[fold == k] = sets.limit(coverage)
    return limits


def album_log_loss(album: np.ndarray, album_idx: np.ndarray) -> float:
    """Mean negative log of the probability that the labelled album got, over rows with an album."""
    has = album_idx >= 0
    return float(-np.log(np.maximum(album[has, album_idx[has]], _TINY)).mean())


def _best_temperature(loss: Callable[[float], float]) -> float:
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(lambda log_t: loss(float(np.exp(log_t))), bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return round(float(np.exp(found.x)), 6)


def _axis_log_loss(axis: np.ndarray, targets: Targets, index: int) -> float:
    known = targets.axis_known[:, index]
    return float(-(targets.axis[known, index] * np.log(np.maximum(axis[known, index], _TINY))).sum(axis=-1).mean())


def _fit_axis(calibration: Calibration, logits: np.ndarray, targets: Targets, *, axis: int) -> Calibration:
    if not targets.axis_known[:, axis].any():
        return calibration

    def with_temperature(t: float) -> Calibration:
        temperatures = list(calibration.axis_temperature)
        temperatures[axis] = t
        return replace(calibration, axis_temperature=tuple(temperatures))

    best = _best_temperature(
        lambda t: _axis_log_loss(scores_from_logits(logits, calibration=with_temperature(t)).axis_heads, targets, axis)
    )
    return with_temperature(best)


def _fit_confidence(calibration: Calibration, logits: np.ndarray, targets: Targets) -> Calibration:
    mask = targets.labelled
    truth = targets.confidence[mask]
    if not mask.any() or truth.min() == truth.max():
        return calibration
    z = logits[mask][..., CONFIDENCE].astype(np.float64)
    return replace(calibration, confidence_temperature=_best_temperature(lambda t: _bce(sigmoid(z / t).mean(axis=1), truth)))


def _fit_types(calibration: Calibration, logits: np.ndarray, targets: Targets) -> Calibration:
    mask = targets.types_labelled
    if calibration.exclusive_types:  # a text without any type has no class to be of
        mask = mask & (targets.types.sum(axis=1) > 0)
    if not mask.any() or targets.types[mask].max() == 0:
        return calibration
    truth, z = targets.types[mask], logits[mask][..., TYPES]

    def loss(t: float) -> float:
        types = type_probabilities(z, calibration=replace(calibration, type_temperature=t))
        if not calibration.exclusive_types:
            return _bce(types, truth)
        return float(-(truth / truth.sum(axis=1, keepdims=True) * np.log(np.maximum(types, _TINY))).sum(axis=1).mean())

    return replace(calibration, type_temperature=_best_temperature(loss))


def _fit_any_type(calibration: Calibration, logits: np.ndarray, targets: Targets) -> Calibration:
    """The slope and shift of the log-odds of having any type, where rows with and without are labelled.

    As Platt (1999) has it, the targets stand a little inside 0 and 1, so that what is told apart without an error does not
    make the slope endless.
    """
    from scipy.optimize import minimize

    mask = targets.any_labelled
    truth = targets.any_type[mask]
    if calibration.exclusive_types or not mask.any() or truth.min() == truth.max():
        return calibration
    n_yes = float(truth.sum())
    truth = np.where(truth > 0, (n_yes + 1.0) / (n_yes + 2.0), 1.0 / (len(truth) - n_yes + 2.0))
    odds = any_type_log_odds(type_probabilities(logits[mask][..., TYPES], calibration=calibration))
    found = minimize(lambda x: _bce(sigmoid(odds * np.exp(x[0]) + x[1]), truth), x0=np.zeros(2), method="Nelder-Mead")
    return replace(
        calibration,
        any_type_slope=round(float(np.exp(np.clip(found.x[0], -4.0, 4.0))), 6),
        any_type_shift=round(float(np.clip(found.x[1], -20.0, 20.0)), 6),
    )


def _choose_type_thresholds(calibration: Calibration, logits: np.ndarray, targets: Targets) -> Calibration:
    """The threshold of each type with the best F1 on labelled rows; one half for a type that none of them has."""
    mask = targets.types_labelled
    if not mask.any():
        return calibration
    types, truth = type_probabilities(logits[mask][..., TYPES], calibration=calibration), targets.types[mask] > 0.5
    chosen = [best_f1_threshold(truth[:, k], types[:, k]) for k in range(types.shape[1])]
    return replace(calibration, type_thresholds=tuple(round(t, 6) for t in chosen))


def best_f1_threshold(truth: np.ndarray, p: np.ndarray) -> float:
    """The probability from which on a yes gives the best F1, half way to the next below; one half without a yes or a no."""
    if not truth.any() or truth.all():
        return 0.5
    order = np.argsort(-p, kind="stable")
    p, hits = p[order], np.cumsum(truth[order])
    f1 = 2.0 * hits / (np.arange(1, len(p) + 1) + truth.sum())
    f1[:-1][p[1:] == p[:-1]] = -1.0  # no cut lies between equal probabilities
    best = int(f1.argmax())
    below = p[best + 1] if best + 1 < len(p) else 0.0
    return float((p[best] + below) / 2.0)


def _fit_album(calibration: Calibration, logits: np.ndarray, targets: Targets) -> Calibration:
    if not (targets.album_idx >= 0).any():
        return calibration
    tried: list[tuple[float, Calibration]] = []
    for power in POWERS:
        base = replace(calibration, affinity_power=power)

        def loss(t: float, base: Calibration = base) -> float:
            album = scores_from_logits(logits, calibration=replace(base, album_temperature=t)).album
            return album_log_loss(album, targets.album_idx)

        best = replace(base, album_temperature=_best_temperature(loss))
        tried.append((loss(best.album_temperature), best))
    return min(tried, key=lambda pair: pair[0])[1]


def _fit_blend(calibration: Calibration, logits: np.ndarray, targets: Targets) -> Calibration:
    blends = list(calibration.axis_blend)
    for axis in range(len(blends)):
        if not targets.axis_known[:, axis].any():
            continue
        losses = []
        for share in BLENDS:
            trial = replace(calibration, axis_blend=tuple(share if i == axis else b for i, b in enumerate(blends)))
            losses.append(_axis_log_loss(scores_from_logits(logits, calibration=trial).axis, targets, axis))
        blends[axis] = BLENDS[int(np.argmin(losses))]
    return replace(calibration, axis_blend=tuple(blends))


def _bce(p: np.ndarray, truth: np.ndarray) -> float:
    p = np.clip(p, _TINY, 1 - _TINY)
    return float(-(truth * np.log(p) + (1 - truth) * np.log(1 - p)).mean())
