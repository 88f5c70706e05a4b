"""The trials of a search, kept by Optuna in a file of the search's own folder: a search that was killed goes on from it."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import MissingExtraError
from rebracket_core.files import make_folder, private_touch, write_bytes
from rebracket_core.training.hpo.space import Choices, SearchSpace

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

_NAME = "search"
_P = 0.05  # a trial ends early where a Wilcoxon test over the songs predicted so far finds it worse than the best at this level
_FEWEST_FOR_IMPORTANCE = 8


class TrialStatus(StrEnum):
    """How a trial ended. REFUSED: its options don't go together."""

    DONE = "done"
    PRUNED = "pruned"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial: `options` that were tried, `value` to be small, `scores` by name with intervals.

    `number` counts from 1 the trials that came to an end, `folds` the folds that were trained.
    """

    number: int
    status: TrialStatus
    options: Mapping[str, Any]
    value: float | None
    folds: int
    seconds: float
    scores: Mapping[str, Any]
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The trial as plain values."""
        return asdict(self)


class Pruned(Exception):
    """The trial is worse than the best so far; the rest of its folds would be time lost."""


class TrialStore:
    """The trials of one search, in a journal file; one process writes it at a time (the search's attempt lock).

    A draw depends on the seed and the trials that ended before it alone, so a search that was killed and goes on tries what
    it would have tried.
    """

    def __init__(self, path: Path, *, space: SearchSpace, seed: int, first: Mapping[str, Any] | None) -> None:
        optuna = _optuna()
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

        self._space, self._seed = space, seed
        make_folder(path.parent)
        if not path.exists():
            private_touch(path)
        lock = JournalFileOpenLock(str(path))
        _mend(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._study = optuna.create_study(
                storage=JournalStorage(JournalFileBackend(str(path), lock_obj=lock)),
                study_name=_NAME,
                load_if_exists=True,
                direction="minimize",
                pruner=optuna.pruners.WilcoxonPruner(p_threshold=_P),
            )
        for trial in self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        waiting = self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,))
        if first is not None and not waiting and not self._ended():
            self._study.enqueue_trial(dict(first))

    def records(self) -> list[TrialRecord]:
        """The trials that came to an end, in order."""
        return [_record(i, trial) for i, trial in enumerate(self._ended(), start=1)]

    def best(self) -> TrialRecord | None:
        """The trial with the smallest value that went through, or None."""
        done = [r for r in self.records() if r.status is TrialStatus.DONE and r.value is not None]
        return min(done, key=lambda r: (r.value, r.number)) if done else None

    @contextmanager
    def trial(self) -> Iterator[TrialRun]:
        """A new trial for the block; it has ended when the block ends, and as if it had not begun where the block fails."""
        optuna = _optuna()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._study.sampler = optuna.samplers.TPESampler(seed=self._seed + len(self._ended()))
        trial = self._study.ask({name: _distribution(name, option) for name, option in self._space.options.items()})
        run = TrialRun(trial)
        try:
            yield run
        except BaseException:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            raise
        trial.set_user_attr(
            "facts",
            {"status": run.status, "folds": run.folds, "seconds": run.seconds, "scores": dict(run.scores), "why": run.why},
        )
        if run.status is TrialStatus.REFUSED:
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:  # a pruned trial teaches the sampler, and the importance of options, by its estimate
            self._study.tell(trial, run.value if run.status is TrialStatus.DONE else self._estimate(trial.number))

    def importance(self) -> dict[str, float]:
        """How much of the differences in value each option explains, as shares (functional ANOVA; Hutter et al. 2014).

        Pruned trials count with their estimate. Empty below eight trials, with a single option, or where all have one value.
        """
        optuna = _optuna()
        done = self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        if len(done) < _FEWEST_FOR_IMPORTANCE or len(self._space.options) < 2 or len({t.value for t in done}) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self._seed)
        found = optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return {name: float(share) for name, share in found.items() if math.isfinite(share)}

    def _estimate(self, number: int) -> float:
        """The best value, and by how much the trial was worse on the parcels of songs that both predicted."""
        trials = self._study.get_trials(deepcopy=False)
        best = self._study.best_trial
        mine = trials[number].intermediate_values
        gaps = [loss - best.intermediate_values[k] for k, loss in mine.items() if k in best.intermediate_values]
        return float(best.value or 0.0) + sum(gaps) / max(1, len(gaps))

    def _ended(self) -> list[FrozenTrial]:
        return [t for t in self._study.get_trials(deepcopy=False) if t.state.is_finished() and "facts" in t.user_attrs]


class TrialRun:
    """A trial while it is trained: what it tries, and what is to be kept of it."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self.options: dict[str, Any] = dict(trial.params)
        self.status = TrialStatus.DONE
        self.value = math.nan
        self.folds = 0
        self.seconds = 0.0
        self.scores: Mapping[str, Any] = {}
        self.why = ""

    def tell_fold(self, losses: Mapping[int, float], *, folds: int, last: bool) -> None:
        """Keep the losses of parcels of songs; raises Pruned where they say that the trial is worse than the best.

        `folds` are through by now; after the `last` nothing is pruned, because nothing is left to be saved.
        """
        self.folds = folds
        for parcel, loss in losses.items():
            self._trial.report(loss, step=parcel)
        if not last and self._trial.should_prune():
            raise Pruned


def _mend(path: Path) -> None:
    """Remove what a process that was killed while it wrote left behind: its lock and half a line."""
    Path(f"{path}.lock").unlink(missing_ok=True)
    if path.is_file() and not (content := path.read_bytes()).endswith(b"\n"):
        write_bytes(path, content[: content.rfind(b"\n") + 1])


def _record(number: int, trial: FrozenTrial) -> TrialRecord:
    facts = trial.user_attrs["facts"]
    return TrialRecord(
        number=number,
        status=TrialStatus(facts["status"]),
        options=dict(trial.params),
        value=trial.value if facts["status"] == TrialStatus.DONE else None,
        folds=facts["folds"],
        seconds=facts["seconds"],
        scores=facts["scores"],
        why=facts["why"],
    )


def _distribution(name: str, option: Any) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    from rebracket_core.training.config.training_config import all_options

    if isinstance(option, Choices):
        choices: Sequence[Any] = option.values
        return CategoricalDistribution(choices)
    if all_options()[name].kind == "int":
        return IntDistribution(int(option.low), int(option.high), log=option.log, step=int(option.step or 1))
    return FloatDistribution(option.low, option.high, log=option.log, step=option.step or None)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as cause:
        raise MissingExtraError("search", what="A search") from cause
    optuna.logging.set_verbosity(logging.WARNING)
    return optuna
