"""The workbench: the one door through which pages, command line and API reach the engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rebracket_core.encoders import Encoder, describe_device, open_encoder, without_memory
from rebracket_core.reports.cards import model_card
from rebracket_core.runs.comparison import compare
from rebracket_core.runs.notes import RunNote, read_note, write_note
from rebracket_core.runs.store import STARTER, RunInfo, RunShelf
from rebracket_core.services.explain.explain import Explaining
from rebracket_core.services.maps.maps import Maps
from rebracket_core.services.review import Reviewing
from rebracket_core.services.roots import below_root
from rebracket_core.services.verdicts.history import History
from rebracket_core.services.verdicts.monitoring import Monitoring
from rebracket_core.settings import Settings, Thresholds, data_dir
from rebracket_core.validation.judging import Judge

if TYPE_CHECKING:
    from rebracket_core.corpus import AuditReport, Dataset, DatasetMeta, Library, ReadReport
    from rebracket_core.services.labels.labels import Annotations
    from rebracket_core.services.search import Searches
    from rebracket_core.services.training import Trainings
    from rebracket_core.training.compare import Comparison
    from rebracket_core.training.evaluation import Evaluation
    from rebracket_core.validation import ConceptModel, Verdict
    from rebracket_core.workbench.concepts import Concept, ConceptsRead

Progress = Callable[[str, int, int], None]
_MODELS_KEPT = 2


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
        self._judge = Judge(max_text_chars=settings.max_text_chars)
        self.monitoring = Monitoring(self)
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
        from rebracket_core.runs.archive import export_run, pack_run

        folder = self.shelf.folder_of(self.shelf.info(run_id).run_id).path
        if isinstance(to, Path):
            export_run(folder, to=to)
        else:
            pack_run(folder, to=to)

    def import_run(self, source: Path | bytes, *, name: str = "run.zip") -> RunInfo:
        """Take in a run that `export_run` wrote, after checking every part; it is not put to use. `name` is for messages."""
        from rebracket_core.runs.archive import import_run

        return self.shelf.info(import_run(source, runs=self.shelf.folder, name=name))

    @property
    def searches(self) -> Searches:
        """The searches for training options."""
        from rebracket_core.services.search import Searches

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
        counted: bool = False,
        remembered: bool = True,
    ) -> list[Verdict]:
        """One verdict a concept, in input order; what cannot be judged carries `error`. Raises NoModelError without a run.

        `thresholds` replaces some of the run's own. `keep` writes the verdicts to the history in one transaction; what is
        kept or `counted` shows in the monitoring. Vectors that are not to be `remembered` are made and forgotten: a server
        that answers strangers for months would fill memory and disk with texts that never come again.
        """
        start = time.perf_counter()
        model = self.model(run_id)
        limits: Thresholds = model.thresholds.with_(**(thresholds or {}))
        encoder = self.encoder(self.shelf.encoder_of(model))
        verdicts = self._judge.judge(
            concepts,
            model=model,
            encoder=encoder if remembered else without_memory(encoder),
            thresholds=limits,
            progress=(lambda done, total: progress("Judging", done, total)) if progress else None,
        )
        if keep or counted:
            self.monitoring.counts.count(verdicts, seconds=time.perf_counter() - start, run_id=model.run_id)
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
        from rebracket_core.corpus.audit import dataset_audit as audit

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
        from rebracket_core.services.labels.labels import Annotations

        with self._lock:
            self._annotations = self._annotations or Annotations(self)
            return self._annotations

    @property
    def trainings(self) -> Trainings:
        """Trainings of this home: run here, launched, watched, resumed."""
        from rebracket_core.services.training import Trainings

        return Trainings(self)

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
