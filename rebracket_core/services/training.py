"""Trainings of a home: run in this process or by a worker that outlives it, watched, cancelled and resumed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import RebracketError
from rebracket_core.files import remove_folder
from rebracket_core.progress import NoProgress, ProgressReporter
from rebracket_core.services.usage import changing

if TYPE_CHECKING:
    from rebracket_core.corpus import DatasetMeta
    from rebracket_core.jobs import JobFolder, JobState
    from rebracket_core.runs import RunInfo
    from rebracket_core.services.labels.labels import Labels
    from rebracket_core.services.resources import Resources
    from rebracket_core.services.search import Searches
    from rebracket_core.training import Estimate
    from rebracket_core.training.config import TrainingConfig


@dataclass(frozen=True, slots=True)
class RunWatch:
    """A run as it stands: its state, the points of its curves (see `CurveCallback.point`), the end of its log, its tracker."""

    state: JobState
    points: list[dict[str, Any]]
    log: str
    tracked: dict[str, str] = field(default_factory=dict)


class Trainings:
    """The trainings of one home, over its data sets, encoders and labels."""

    def __init__(self, resources: Resources, *, labels: Labels, searches: Searches) -> None:
        self._resources = resources
        self._labels = labels
        self._searches = searches

    def train(self, dataset: str, *, config: TrainingConfig | None = None, progress: ProgressReporter | None = None) -> RunInfo:
        """Train a run on a data set in this process. The first run of a home is promoted, so that there is a model to ask."""
        folder = self._new_run(dataset, config)
        return self._train_here(folder, progress)

    def launch(self, dataset: str, *, config: TrainingConfig | None = None, executor: str = "here") -> str:
        """Start a worker that trains a run on a data set; gives the run's id at once. The worker outlives this process.

        `executor` is where: "here", or "ray" for the cluster of the settings.
        """
        from rebracket_core.jobs.launchers.executors import launcher_for
        from rebracket_core.runs import promote_first

        launcher = launcher_for(executor, self._resources.settings, on_done=promote_first)
        folder = self._new_run(dataset, config, executor=executor)
        with _gone_unless_begun(folder):
            launcher.launch(folder)
        return folder.run_id

    def get_ready(self) -> None:
        """Keep a worker warm for the training that somebody is about to launch; only a server of pages keeps one."""
        from rebracket_core.jobs.workers import keep_one

        keep_one(self._resources.settings)

    def write_dstack(self, dataset: str, *, config: TrainingConfig | None = None, to: Path) -> Path:
        """Write a training as a dstack task, and give the folder beside the file that goes with it; no run is made here."""
        from tempfile import TemporaryDirectory

        from rebracket_core.jobs import create_run
        from rebracket_core.jobs.launchers import DstackLauncher
        from rebracket_core.training import refuse_unlearnable

        chosen, data = config or self.default_config(dataset), self._resources.dataset(dataset)
        refuse_unlearnable(data.frame, config=chosen)
        encoder_id = self._resources.encoder(chosen.features.encoder).encoder_id
        with TemporaryDirectory() as room:
            folder = create_run(Path(room) / "runs", meta=data.meta, config=chosen, encoder_id=encoder_id)
            launcher = DstackLauncher(self._resources.settings, task=to)
            launcher.launch(folder)
            return launcher.files

    def train_found(self, search_id: str, *, trial: int | None = None, progress: ProgressReporter | None = None) -> RunInfo:
        """Train, in this process and on everything, a run with the options of a trial (by default the best)."""
        folder = self._searches.run_of(search_id, trial=trial)
        return self._train_here(folder, progress)

    def launch_found(self, search_id: str, *, trial: int | None = None) -> str:
        """Start a worker that does the same; the run's id at once."""
        folder = self._searches.run_of(search_id, trial=trial)
        with _gone_unless_begun(folder):
            self._launch(folder)
        return folder.run_id

    def estimate(self, dataset: str, *, config: TrainingConfig | None = None) -> Estimate:
        """What a training will take at most, from a probe of some seconds on this machine."""
        from rebracket_core.training import estimate_training

        chosen = config or self.default_config(dataset)
        encoder, frame = self._resources.encoder(chosen.features.encoder), self._resources.dataset(dataset).frame
        return estimate_training(frame, config=chosen, encoder=encoder, settings=self._resources.settings)

    def resume(self, run_id: str) -> None:
        """Start a worker on a run that was cancelled, failed or lost; it goes on from the run's checkpoints."""
        with changing(self._resources.settings):
            self._launch(self._resources.runs.folder_of(run_id))

    def cancel(self, run_id: str) -> None:
        """Ask the worker of a run to stop at its next step; what is finished stays in the checkpoints."""
        from rebracket_core.jobs import request_cancel

        request_cancel(self._resources.runs.folder_of(run_id))

    def states(self) -> list[JobState]:
        """What every run is doing, newest first."""
        from rebracket_core.jobs import job_states

        return job_states(self._resources.settings.runs)

    def watch(self, run_id: str) -> RunWatch:
        """One run as it stands, with the points of its curves and the end of its log."""
        from rebracket_core.jobs import job_state, log_tail, metric_points
        from rebracket_core.jobs.tracking import tracked

        folder = self._resources.runs.folder_of(run_id)
        return RunWatch(job_state(folder), points=metric_points(folder), log=log_tail(folder), tracked=tracked(folder))

    def _launch(self, folder: JobFolder) -> None:
        from rebracket_core.jobs.launchers.executors import launcher_of
        from rebracket_core.runs import promote_first

        launcher_of(folder, self._resources.settings, on_done=promote_first).launch(folder)

    def _train_here(self, folder: JobFolder, progress: ProgressReporter | None) -> RunInfo:
        from rebracket_core.jobs import JobInputs, run_job
        from rebracket_core.runs import promote_first

        inputs = JobInputs(self._resources.encoder, progress=progress or NoProgress(), on_done=promote_first)
        run_job(folder, attempt=folder.new_attempt(), settings=self._resources.settings, inputs=inputs)
        return self._resources.runs.info(folder.run_id)

    def _new_run(self, dataset: str, config: TrainingConfig | None, *, executor: str = "here") -> JobFolder:
        from rebracket_core.encoders.transformers import trainable_folder
        from rebracket_core.jobs import create_run
        from rebracket_core.jobs.launchers.executors import EXECUTOR_FIELD, LOCAL
        from rebracket_core.jobs.tracking import check_tracker
        from rebracket_core.training import available_memory, refuse_too_large, refuse_unlearnable

        chosen, data = config or self.default_config(dataset), self._resources.dataset(dataset)
        if chosen.data.labels != "none":
            chosen = chosen.with_(labels=self._labels.snapshot_for_training(chosen.data.labels))
        human = [] if chosen.data.labels == "none" else self._labels.human_targets(chosen.data.labels)
        refuse_unlearnable(data.frame, config=chosen, human=human)
        encoder = self._resources.encoder(chosen.features.encoder)
        check_tracker(self._resources.settings)
        if executor == LOCAL:
            tunes, name = chosen.finetuning.tunes, chosen.features.encoder
            base = trainable_folder(name, settings=self._resources.settings) if tunes else None
            refuse_too_large(data.meta.n_rows, config=chosen, dim=encoder.dim, free=available_memory(), base=base)
        runs, more = self._resources.settings.runs, {EXECUTOR_FIELD: executor}
        with changing(self._resources.settings):
            self._resources.library.require(dataset)
            return create_run(runs, meta=data.meta, config=chosen, encoder_id=encoder.encoder_id, human=human, more=more)

    def default_config(self, dataset: str) -> TrainingConfig:
        """The config of a training that names none: on the vectors that came with the data, where there are sound ones.

        Otherwise, and where the settings name another encoder than MiniLM, on what the settings' encoder makes of the texts.
        Raises DataError for an unknown data set.
        """
        from rebracket_core.encoders import MINILM, VECTORS_PREFIX
        from rebracket_core.training import TrainingConfig

        settings = self._resources.settings
        metas = [self._resources.library.meta(part.strip()) for part in dataset.split("+")]
        own = settings.encoder == MINILM and all(_has_sound_vectors(meta) for meta in metas)
        return TrainingConfig.of(encoder=f"{VECTORS_PREFIX}{dataset}" if own else settings.encoder, seed=settings.seed)


def _has_sound_vectors(meta: DatasetMeta) -> bool:
    """Whether a data set has vectors of its concepts, and nothing stands against them."""
    return any(found.field == "concept" and not found.findings for found in meta.own_vectors)


@contextmanager
def _gone_unless_begun(folder: JobFolder) -> Iterator[None]:
    """Remove a new run where its launch is refused before a worker has it: nobody could do anything with it."""
    from rebracket_core.jobs import job_state

    try:
        yield
    except RebracketError:
        if not job_state(folder).status.active:
            remove_folder(folder.path)
        raise
