"""The workbench: the one door through which pages, command line and API reach the engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rebracket_core.encoders import Encoder, describe_device, open_encoder
from rebracket_core.settings import Settings, Thresholds, data_dir
from rebracket_core.workbench.comparing import compare
from rebracket_core.workbench.explaining import Explaining
from rebracket_core.workbench.history import History
from rebracket_core.workbench.judging import Judge
from rebracket_core.workbench.maps import Maps
from rebracket_core.workbench.model_card import model_card
from rebracket_core.workbench.reviewing import Reviewing
from rebracket_core.workbench.roots import below_root
from rebracket_core.workbench.run_notes import RunNote, read_note, write_note
from rebracket_core.workbench.runs import STARTER, RunInfo, RunShelf

if TYPE_CHECKING:
    from rebracket_core.corpus import AuditReport, Dataset, DatasetMeta, Library, ReadReport
    from rebracket_core.jobs import RunFolder, RunState
    from rebracket_core.training.compare import Comparison
    from rebracket_core.training.config import TrainingConfig
    from rebracket_core.training.estimate import Estimate
    from rebracket_core.training.evaluation import Evaluation
    from rebracket_core.validation import ConceptModel, Verdict
    from rebracket_core.workbench.annotating import Annotations
    from rebracket_core.workbench.concepts import Concept, ConceptsRead
    from rebracket_core.workbench.searching import Searches

Progress = Callable[[str, int, int], None]
_MODELS_KEPT = 2


@dataclass(frozen=True, slots=True)
class RunWatch:
    """A run as it stands: its state, the points of its curves (see `training.Watch.point`), the end of its log, its tracker."""

    state: RunState
    points: list[dict[str, Any]]
    log: str
    tracked: dict[str, str] = field(default_factory=dict)


class Workbench:
    """All that Rebracket can do, over one home folder; safe to share between threads.

    Models and encoders are opened on first use and kept; one lock guards each encoder, so that two sessions do not fight
    over the same cores or device.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.shelf = RunShelf(settings.runs)
        self.history = History(settings.database_url)
        self._lock = threading.Lock()
        self._models: dict[str, ConceptModel] = {}
        self._encoders: dict[str, Encoder] = {}
        self._judge = Judge(settings)
        self.maps = Maps(self)
        self._annotations: Annotations | None = None

    # ---- models -------------------------------------------------------------------------------------------------------

    def runs(self) -> list[RunInfo]:
        """All finished runs, newest first."""
        return self.shelf.infos()

    def promoted(self) -> RunInfo | None:
        """The run in use, or None."""
        run_id = self.shelf.promoted_id()
        return self.shelf.info(run_id) if run_id else None

    def promote(self, run_id: str) -> None:
        """Make a run the one that verdicts come from."""
        self.shelf.promote(run_id)

    def roll_back(self) -> str:
        """Put the run that was in use before back to use; its id."""
        return self.shelf.roll_back()

    def note(self, run_id: str) -> RunNote:
        """What people wrote about a run; an empty note where nobody did."""
        return read_note(self.shelf.folder_of(run_id).path)

    def set_note(self, run_id: str, *, text: str, tags: Iterable[str] = ()) -> RunNote:
        """Put a note and tags in the place of a run's own; the note as it is kept."""
        return write_note(self.shelf.folder_of(run_id).path, text=text, tags=tags)

    def compare(self, run_ids: Sequence[str]) -> list[Comparison]:
        """Each later run against the first, on the unseen rows of both; see `training.compare`."""
        return compare(self.shelf, run_ids, seed=self.settings.seed)

    @property
    def reviewing(self) -> Reviewing:
        """Runs and data sets under review: confusion, confidence, errors, geometry, report."""
        return Reviewing(self)

    def card(self, run_id: str) -> str:
        """The model card of a run as Markdown."""
        return model_card(self.shelf.info(run_id), spec=self.shelf.folder_of(run_id).spec())

    def export_run(self, run_id: str, *, to: Path | IO[bytes]) -> None:
        """Write a finished run as one file, to import it elsewhere; `to` is a path or an open binary file."""
        from rebracket_core.workbench.run_exchange import export_run, pack_run

        folder = self.shelf.folder_of(self.shelf.info(run_id).run_id).path
        if isinstance(to, Path):
            export_run(folder, to=to)
        else:
            pack_run(folder, to=to)

    def import_run(self, source: Path | bytes, *, name: str = "run.zip") -> RunInfo:
        """Take in a run that `export_run` wrote, after checking every part; it is not put to use. `name` is for messages."""
        from rebracket_core.workbench.run_exchange import import_run

        return self.shelf.info(import_run(source, runs=self.shelf.folder, name=name))

    @property
    def searches(self) -> Searches:
        """The searches for training options."""
        from rebracket_core.workbench.searching import Searches

        return Searches(self)

    def device(self) -> str:
        """In words, what the engine runs on."""
        return describe_device(self.settings)

    def model(self, run_id: str | None = None) -> ConceptModel:
        """The model of a run, or of the run in use; kept in memory, at most two at a time."""
        chosen = self.shelf.chosen(run_id)
        with self._lock:
            if chosen not in self._models:
                while len(self._models) >= _MODELS_KEPT:
                    self._models.pop(next(iter(self._models)))
                self._models[chosen] = self.shelf.load(chosen)
            return self._models[chosen]

    def encoder(self, name: str) -> Encoder:
        """An encoder by name, opened once."""
        with self._lock:
            if name not in self._encoders:
                self._encoders[name] = open_encoder(name, settings=self.settings)
            return self._encoders[name]

    # ---- verdicts -----------------------------------------------------------------------------------------------------

    def read_concepts(self, sources: Sequence[Path | str]) -> ConceptsRead:
        """The concepts of files, folders or "-", in input order, with what could not be read."""
        from rebracket_core.workbench.concepts import read_concepts

        return read_concepts(sources, max_text_chars=self.settings.max_text_chars)

    def read_upload(self, name: str, data: bytes) -> ConceptsRead:
        """The concepts of one uploaded file."""
        from rebracket_core.workbench.concepts import read_concepts_upload

        return read_concepts_upload(name, data, max_text_chars=self.settings.max_text_chars)

    def validate(
        self,
        concepts: Sequence[Concept],
        *,
        run_id: str | None = None,
        thresholds: dict[str, Any] | None = None,
        progress: Progress | None = None,
        source: str = "",
        keep: bool = True,
    ) -> list[Verdict]:
        """One verdict a concept, in input order; what cannot be judged carries `error`. Raises NoModelError without a run.

        `thresholds` replaces some of the run's own. `keep` writes the verdicts to the history in one transaction.
        """
        model = self.model(run_id)
        limits: Thresholds = model.thresholds.with_(**(thresholds or {}))
        encoder = self.encoder(self.shelf.encoder_of(model))
        verdicts = self._judge.judge(
            concepts,
            model=model,
            encoder=encoder,
            thresholds=limits,
            progress=(lambda done, total: progress("Judging", done, total)) if progress else None,
        )
        if keep:
            self.history.keep((v.to_dict() for v in verdicts), source=source)
        return verdicts

    @property
    def explaining(self) -> Explaining:
        """Why a run answers as it does to one concept; see `workbench.explaining`."""
        return Explaining(self)

    # ---- data ---------------------------------------------------------------------------------------------------------

    @property
    def library(self) -> Library:
        """The shelf of imported data sets."""
        from rebracket_core.corpus import Library

        return Library(self.settings.library)

    def datasets(self) -> list[DatasetMeta]:
        """What is imported, without opening rows."""
        library = self.library
        return [library.meta(name) for name in library.names()]

    def dataset(self, name: str) -> Dataset:
        """One imported data set with its rows; "songs+proposals" gives the rows of both, to train on or evaluate at once."""
        return self.library.joined(name)

    def import_data(self, source: Path, *, name: str | None = None) -> tuple[Dataset, ReadReport]:
        """Read any source of the users' data and keep it under a name (by default the source's own)."""
        from rebracket_core.corpus import read_source, slug

        frame, report = read_source(source)
        return self.library.add(frame, name=name or slug(source.stem), source=source.name, report=report), report

    def import_upload(self, file_name: str, data: bytes, *, name: str | None = None) -> tuple[Dataset, ReadReport]:
        """The same for one uploaded file."""
        from rebracket_core.corpus import read_upload, slug

        frame, report = read_upload(file_name, data)
        return self.library.add(frame, name=name or slug(Path(file_name).stem), source=file_name, report=report), report

    def import_starter(self) -> tuple[Dataset, ReadReport]:
        """The starter corpus that comes with Rebracket, imported under the name "starter"."""
        return self.import_data(data_dir() / "starter" / "concepts", name=STARTER)

    def audit(self, name: str, *, progress: Progress | None = None) -> AuditReport:
        """What is wrong or remarkable about a data set, near duplicates by meaning included."""
        from rebracket_core.corpus import audit

        dataset = self.dataset(name)
        encoder = self.encoder(self.settings.encoder)
        vectors = encoder.encode(
            dataset.frame["concept"].tolist(),
            progress=(lambda done, total: progress("Reading texts", done, total)) if progress else None,
        )
        return audit(dataset, vectors=vectors)

    @property
    def annotations(self) -> Annotations:
        """People's labels: `annotations.service` reads and writes them, the rest needs data sets or models."""
        from rebracket_core.workbench.annotating import Annotations

        with self._lock:
            self._annotations = self._annotations or Annotations(self)
            return self._annotations

    # ---- training -----------------------------------------------------------------------------------------------------

    def train(self, dataset: str, *, config: TrainingConfig | None = None, progress: Progress | None = None) -> RunInfo:
        """Train a run on a data set in this process. The first run of a home is promoted, so that there is a model to ask."""
        from rebracket_core.jobs import execute

        folder = self._new_run(dataset, config)
        execute(folder, attempt=folder.new_attempt(), settings=self.settings, open_with=self.encoder, echo=progress)
        return self.shelf.info(folder.run_id)

    def launch(self, dataset: str, *, config: TrainingConfig | None = None, place: str = "here") -> str:
        """Start a worker that trains a run on a data set; gives the run's id at once. The worker outlives this process.

        `place` is where: "here", or "ray" for the cluster of the settings.
        """
        from rebracket_core.jobs.places import launcher_at

        launcher = launcher_at(place, self.settings)
        folder = self._new_run(dataset, config, place=place)
        launcher.launch(folder)
        return folder.run_id

    def write_dstack(self, dataset: str, *, config: TrainingConfig | None = None, to: Path) -> Path:
        """Write a training as a dstack task, and give the folder beside the file that goes with it; no run is made here."""
        from tempfile import TemporaryDirectory

        from rebracket_core.jobs import create_run
        from rebracket_core.jobs.dstack_task import write_dstack_task

        chosen, meta = config or self._default_config(), self.dataset(dataset).meta
        encoder_id = self.encoder(chosen.encoder).encoder_id
        with TemporaryDirectory() as room:
            folder = create_run(Path(room) / "runs", meta=meta, config=chosen, encoder_id=encoder_id)
            return write_dstack_task(to, folder, settings=self.settings)

    def train_found(self, search_id: str, *, trial: int | None = None, progress: Progress | None = None) -> RunInfo:
        """Train, in this process and on everything, a run with the options of a trial (by default the best)."""
        from rebracket_core.jobs import execute

        folder = self.searches.run_of(search_id, trial=trial)
        execute(folder, attempt=folder.new_attempt(), settings=self.settings, open_with=self.encoder, echo=progress)
        return self.shelf.info(folder.run_id)

    def launch_found(self, search_id: str, *, trial: int | None = None) -> str:
        """Start a worker that does the same; the run's id at once."""
        from rebracket_core.jobs.places import launcher_of

        folder = self.searches.run_of(search_id, trial=trial)
        launcher_of(folder, self.settings).launch(folder)
        return folder.run_id

    def estimate(self, dataset: str, *, config: TrainingConfig | None = None) -> Estimate:
        """What a training will take at most, from a probe of some seconds on this machine."""
        from rebracket_core.training.estimate import estimate_training

        chosen = config or self._default_config()
        return estimate_training(
            self.dataset(dataset).frame, config=chosen, encoder=self.encoder(chosen.encoder), settings=self.settings
        )

    def resume(self, run_id: str) -> None:
        """Start a worker on a run that was cancelled, failed or lost; it goes on from the run's checkpoints."""
        from rebracket_core.jobs.places import launcher_of

        folder = self.shelf.folder_of(run_id)
        launcher_of(folder, self.settings).launch(folder)

    def cancel(self, run_id: str) -> None:
        """Ask the worker of a run to stop at its next step; what is finished stays in the checkpoints."""
        from rebracket_core.jobs import request_cancel

        request_cancel(self.shelf.folder_of(run_id))

    def states(self) -> list[RunState]:
        """What every run is doing, newest first."""
        from rebracket_core.jobs import run_states

        return run_states(self.settings.runs)

    def watch(self, run_id: str) -> RunWatch:
        """One run as it stands, with the points of its curves and the end of its log."""
        from rebracket_core.jobs import log_tail, metric_points, run_state
        from rebracket_core.jobs.tracking import tracked

        folder = self.shelf.folder_of(run_id)
        return RunWatch(run_state(folder), points=metric_points(folder), log=log_tail(folder), tracked=tracked(folder))

    def _new_run(self, dataset: str, config: TrainingConfig | None, *, place: str = "here") -> RunFolder:
        from rebracket_core.encoders.trainable import trainable_folder
        from rebracket_core.jobs import create_run
        from rebracket_core.jobs.places import HERE, PLACE
        from rebracket_core.jobs.trackers import check_tracker
        from rebracket_core.training.estimate import available_memory, refuse_too_large

        chosen, meta = config or self._default_config(), self.dataset(dataset).meta
        if chosen.labels != "none":
            chosen = chosen.with_(labels=self.annotations.snapshot_for_training(chosen.labels))
        human = [] if chosen.labels == "none" else self.annotations.human_targets(chosen.labels)
        encoder = self.encoder(chosen.encoder)
        check_tracker(self.settings)
        if place == HERE:
            base = None if chosen.method == "frozen" else trainable_folder(chosen.encoder, settings=self.settings)
            refuse_too_large(meta.n_rows, config=chosen, dim=encoder.dim, free=available_memory(), base=base)
        more = {PLACE: place}
        return create_run(
            self.settings.runs, meta=meta, config=chosen, encoder_id=encoder.encoder_id, human=human, more=more
        )

    def _default_config(self) -> TrainingConfig:
        from rebracket_core.training import TrainingConfig

        return TrainingConfig(encoder=self.settings.encoder, seed=self.settings.seed)

    def evaluate(self, run_id: str, dataset: str, *, progress: Progress | None = None) -> Evaluation:
        """The figures of a run on a data set: on its own, those of the groups that it was not fitted on."""
        from rebracket_core.training import Evaluation, evaluate_run

        info = self.shelf.info(run_id)
        asked = self.dataset(dataset)
        if asked.meta.digest == info.dataset_digest:
            return Evaluation.from_dict(info.metrics)
        model = self.model(run_id)
        own = next((m.name for m in self.datasets() if m.digest == info.dataset_digest), None)
        return evaluate_run(
            model,
            asked,
            encoder=self.encoder(self.shelf.encoder_of(model)),
            training_frame=self.dataset(own).frame if own else None,
            progress=(lambda done, total: progress("Reading texts", done, total)) if progress else None,
        )

    def below_root(self, relative: str) -> Path:
        """A folder below the configured root for validating folders from the browser; anything outside is refused."""
        return below_root(self.settings.validate_root, relative)


@lru_cache(maxsize=4)
def _workbench(settings: Settings) -> Workbench:
    return Workbench(settings)


def get_workbench(settings: Settings | None = None) -> Workbench:
    """The workbench of these settings (by default those of the environment), made once a process."""
    return _workbench(settings or Settings.from_env())
