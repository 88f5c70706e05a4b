"""A search for training options: trials on some groups, and a last word on groups that no trial has met.

The groups are split once. A fifth of them, the outer groups, is held out. All trials are trained and compared inside the
rest, each by cross-fitting over the rest's own folds. When the trials are through, the best options and the ones that the
search began with are trained on all of the rest and evaluated on the outer groups: these figures owe nothing to the choice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rebracket_core.corpus import Dataset, Targets, take_targets
from rebracket_core.errors import ConfigError, InputError
from rebracket_core.files import write_json
from rebracket_core.models import N_OUTPUTS, Scores, scores_from_logits
from rebracket_core.stats import clustered_mean, group_sums, paired_differences
from rebracket_core.training.callbacks import Callback
from rebracket_core.training.config.training_config import TrainingConfig
from rebracket_core.training.heads.calibration import fit_calibration
from rebracket_core.training.heads.crossfit import fit_ensemble, predict_rows, split
from rebracket_core.training.hpo.rows import SearchRows
from rebracket_core.training.hpo.space import SearchSpace
from rebracket_core.training.hpo.trials import Pruned, TrialRecord, TrialRun, TrialStatus, TrialStore
from rebracket_core.training.rows import TrainingRows

TRIALS_FILE, JOURNAL, RESULT_FILE = "trials.json", "trials.journal", "search.json"
OBJECTIVES = {
    "album_log_loss": "how little probability the right album gets (log-loss; it sees how sure an answer is)",
    "album_error": "how often the album is wrong",
    "axes_log_loss": "how little probability the right modes get (log-loss over the three axes)",
}
_PARCELS = 12  # of a fold's songs: what the pruner's test compares
_TINY = 1e-9
TrialGuard = Callable[[Callback], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """The plan of a search: `n_trials` trials over `space`, all else as in `base`, to minimise `objective`."""

    base: TrainingConfig
    space: SearchSpace
    n_trials: int = 30
    objective: str = "album_log_loss"

    def __post_init__(self) -> None:
        needs, base = "axes" if self.objective == "axes_log_loss" else "album", self.base
        tasks, method, split = base.tasks.tasks, base.finetuning.method, base.evaluation.split
        for name, good, expected, found in (
            ("n_trials", 1 <= self.n_trials <= 10_000, "1 to 10000", self.n_trials),
            ("objective", self.objective in OBJECTIVES, " or ".join(OBJECTIVES), self.objective),
            ("objective", needs in tasks, f"'{needs}' among the tasks", tasks),
            ("method", method == "frozen", "frozen: a search fits heads on frozen vectors", method),
            ("split", split == "grouped", "grouped: inside a leaked split the best memory wins", split),
        ):
            if not good:
                raise ConfigError(
                    f"The search cannot be made ({name}).", expected=expected, found=repr(found), hint=f"change {name}"
                )

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain values."""
        return {
            "base": self.base.to_dict(),
            "space": self.space.to_dict(),
            "n_trials": self.n_trials,
            "objective": self.objective,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> SearchPlan:
        """The plan that `to_dict` gave."""
        base = TrainingConfig.from_dict(dict(raw["base"]))
        return cls(base, SearchSpace.from_dict(raw["space"], base=base), int(raw["n_trials"]), str(raw["objective"]))


def run_search(
    dataset: Dataset, *, plan: SearchPlan, rows: SearchRows, folder: Path, callback: Callback, guard: TrialGuard | None = None
) -> dict[str, Any]:
    """Go through the trials that are still to be made and write `trials.json` after each, and `search.json` at the end.

    `turn` gives what is held during a trial, such as the device. Gives the document of `search.json`.
    Raises InputError where no trial went through, Cancelled where the callback does.
    """
    from threadpoolctl import threadpool_limits

    trials = TrialStore(folder / JOURNAL, space=plan.space, seed=plan.base.data.seed, first=plan.space.values_of(plan.base))
    hold = guard or (lambda _: nullcontext())
    while len(done := trials.records()) < plan.n_trials:
        _keep(folder, done, plan=plan)
        stage = f"Trial {len(done) + 1} of {plan.n_trials}"
        with hold(callback), threadpool_limits(1), trials.trial() as run:
            _try(run, rows=rows, plan=plan, earlier=done, tell=partial(_tell, callback, stage, plan.base.evaluation.folds))
    _keep(folder, done, plan=plan)
    best = trials.best()
    if best is None:
        raise InputError(
            "No trial went through.",
            expected="options that go together",
            found=done[0].why if done else "nothing",
            hint="change the space of the search",
        )
    callback.update("Evaluating on the outer groups", 0, 1)
    with hold(callback), threadpool_limits(1):
        outer = outer_figures(rows, plan=plan, best=best)
    document = {
        "dataset": dataset.name,
        "objective": plan.objective,
        "best": best.to_dict(),
        "outer": outer,
        "config": plan.base.with_(**best.options).to_dict(),
        "importance": trials.importance(),
    }
    write_json(folder / RESULT_FILE, document)
    callback.update("Done", 1, 1)
    return document


def _tell(callback: Callback, stage: str, n_folds: int, done: int) -> None:
    callback.update(stage, done, n_folds)


def _keep(folder: Path, done: list[TrialRecord], *, plan: SearchPlan) -> None:
    write_json(folder / TRIALS_FILE, {"n_trials": plan.n_trials, "trials": [record.to_dict() for record in done]})


def _try(run: TrialRun, *, rows: SearchRows, plan: SearchPlan, earlier: list[TrialRecord], tell: Callable[[int], None]) -> None:
    """Train one trial and put its outcome into `run`. Options that were tried already get the outcome that they had."""
    began = time.perf_counter()
    tell(0)
    same = next((r for r in earlier if r.options == run.options), None)
    if same is not None:
        run.status, run.folds, run.scores, run.why = same.status, same.folds, same.scores, f"as trial {same.number}"
        run.value = same.value if same.value is not None else run.value
        return
    try:
        config = plan.base.with_(**run.options)
        inner = rows.inner(config)
        run.value, run.scores = _cross_losses(inner, config=config, objective=plan.objective, run=run, tell=tell)
    except ConfigError as cause:
        run.status, run.why = TrialStatus.REFUSED, str(cause)
    except Pruned:
        run.status, run.why = TrialStatus.PRUNED, "worse than the best on the songs predicted so far"
    run.seconds = round(time.perf_counter() - began, 3)


def _cross_losses(
    rows: TrainingRows, *, config: TrainingConfig, objective: str, run: TrialRun, tell: Callable[[int], None]
) -> tuple[float, dict[str, Any]]:
    """The mean loss over rows in folds, and scores with intervals. Each fold is calibrated on the folds before it.

    The first has none before it and takes the second's, so the first two are reported to the trial together.
    """
    fold = split(rows, train=np.arange(len(rows)), n_folds=config.evaluation.folds, config=config, seed=config.data.seed)
    logits = np.zeros((len(rows), config.n_predictions, N_OUTPUTS), dtype=np.float32)
    loss, right = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    folds = np.unique(fold).tolist()
    for done, k in enumerate(folds, start=1):
        test = np.flatnonzero(fold == k)
        logits[test] = _fold_logits(rows, k, fold=fold, config=config, tell=partial(tell, done - 1))
        tell(done)
        if done == 1:
            continue
        losses: dict[int, float] = {}
        for part in (folds[0], k) if done == 2 else (k,):
            at, by = np.flatnonzero(fold == part), np.flatnonzero(np.isin(fold, folds[:done]) & (fold != part))
            scores = _calibrated(logits, rows.plain, at=at, by=by, config=config)
            plain = take_targets(rows.plain, at)
            loss[at] = row_losses(scores, plain, objective=objective)
            right[at] = row_losses(scores, plain, objective="album_error")
            losses |= _parcels(loss[at], rows.groups[at], first=part * _PARCELS)
        run.tell_fold(losses, folds=done, last=done == len(folds))
    has = np.isfinite(loss)
    estimates = {"loss": clustered_mean(loss[has], rows.groups[has], seed=config.data.seed).to_dict()}
    if (has_album := np.isfinite(right)).any():
        share = clustered_mean(1.0 - right[has_album], rows.groups[has_album], seed=config.data.seed)
        estimates["album"] = share.to_dict()
    return float(loss[has].mean()), estimates


def _fold_logits(
    rows: TrainingRows, k: int, *, fold: np.ndarray, config: TrainingConfig, tell: Callable[[], None]
) -> np.ndarray:
    fitted = fit_ensemble(
        rows, train=np.flatnonzero(fold != k), config=config, seed=config.data.seed + 1 + k, on_step=lambda *_: tell()
    )
    return predict_rows(fitted, rows, at=np.flatnonzero(fold == k))


def _calibrated(logits: np.ndarray, plain: Targets, *, at: np.ndarray, by: np.ndarray, config: TrainingConfig) -> Scores:
    calibration = fit_calibration(logits[by], take_targets(plain, by), tasks=config.tasks)
    return scores_from_logits(logits[at], calibration=calibration)


def row_losses(scores: Scores, plain: Targets, *, objective: str) -> np.ndarray:
    """(n,) losses of rows under an objective; NaN where a row has no label for it."""
    out = np.full(len(plain.album_idx), np.nan)
    if objective == "axes_log_loss":
        each = -(plain.axis * np.log(np.maximum(scores.axis, _TINY))).sum(axis=-1)
        known = plain.axis_known
        some = known.any(axis=1)
        out[some] = (each * known).sum(axis=1)[some] / known.sum(axis=1)[some]
        return out
    has = np.flatnonzero(plain.album_idx >= 0)
    truth = plain.album_idx[has]
    if objective == "album_error":
        out[has] = scores.album[has].argmax(axis=1) != truth
    else:
        out[has] = -np.log(np.maximum(scores.album[has, truth], _TINY))
    return out


def _parcels(loss: np.ndarray, groups: np.ndarray, *, first: int) -> dict[int, float]:
    """The mean losses of some parcels of whole groups, by a number that is the same for the same groups."""
    names = np.unique(groups)
    parcels = {}
    for j, part in enumerate(np.array_split(names, min(_PARCELS, len(names)))):
        values = loss[np.isin(groups, part) & np.isfinite(loss)]
        if len(values):
            parcels[first + j] = float(values.mean())
    return parcels


def outer_figures(rows: SearchRows, *, plan: SearchPlan, best: TrialRecord) -> dict[str, Any]:
    """What the best options and the ones that the search began with are worth on the outer groups, and the difference.

    Both learn from the inner groups alone, as do their calibrations; the difference is paired, over whole groups.
    """
    configs = {"best": plan.base.with_(**best.options), "base": plan.base}
    document: dict[str, Any] = {}
    tables = []
    names = ["album_accuracy", *(name for name in OBJECTIVES if name != "album_error")]
    for key, config in configs.items():
        scores, plain, groups = _outer_scores(rows, config)
        columns = [1.0 - row_losses(scores, plain, objective="album_error")]
        columns += [row_losses(scores, plain, objective=name) for name in names[1:]]
        tables.append(np.stack(columns, axis=1))
        document[key] = {
            name: clustered_mean(c[np.isfinite(c)], groups[np.isfinite(c)], seed=plan.base.data.seed).to_dict()
            for name, c in zip(names, columns, strict=True)
        }
    codes = np.unique(groups, return_inverse=True)[1]
    gap = paired_differences(group_sums(tables[1], tables[0], groups=codes), seed=plan.base.data.seed)
    document["difference"] = {
        name: {
            "value": _finite(gap.difference[i]),
            "ci_low": _finite(gap.low[i]),
            "ci_high": _finite(gap.high[i]),
            "p": _finite(gap.p[i]),
        }
        for i, name in enumerate(names)
    }
    return {"n_rows": len(tables[0]), "n_groups": len(set(groups.tolist())), **document}


def _outer_scores(rows: SearchRows, config: TrainingConfig) -> tuple[Scores, Targets, np.ndarray]:
    inner, outer = rows.inner(config), rows.outer(config)
    everything = np.arange(len(inner))
    fold = split(inner, train=everything, n_folds=config.evaluation.folds, config=config, seed=config.data.seed)
    logits = np.zeros((len(inner), config.n_predictions, N_OUTPUTS), dtype=np.float32)
    for k in np.unique(fold).tolist():
        logits[fold == k] = _fold_logits(inner, k, fold=fold, config=config, tell=lambda: None)
    final = fit_ensemble(inner, train=everything, config=config, seed=config.data.seed)
    logits_outer = predict_rows(final, outer, at=np.arange(len(outer)))
    calibration = fit_calibration(logits, inner.plain, tasks=config.tasks)
    return scores_from_logits(logits_outer, calibration=calibration), outer.plain, outer.groups


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
