"""The runs of a home: listed, compared, put into production, annotated, exported and imported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rebracket_core.progress import ProgressReporter, counts
from rebracket_core.runs import RunNote, read_note, write_note
from rebracket_core.services.usage import changing

if TYPE_CHECKING:
    from rebracket_core.encoders import Encoder
    from rebracket_core.runs import RunInfo
    from rebracket_core.services.resources import Resources
    from rebracket_core.training.evaluation import Comparison, Evaluation
    from rebracket_core.validation import ConceptModel


class Runs:
    """What pages, commands and the API ask of runs."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._store = resources.runs

    def all(self) -> list[RunInfo]:
        """All finished runs, newest first."""
        return self._store.infos()

    def production(self) -> RunInfo | None:
        """The run that verdicts come from, or None."""
        run_id = self._store.promoted_id()
        return self._store.info(run_id) if run_id else None

    def promote(self, run_id: str) -> None:
        """Make a run the one that verdicts come from."""
        with changing(self._resources.settings):
            self._store.promote(run_id)

    def roll_back(self) -> str:
        """Put the production run before this one back; its id."""
        with changing(self._resources.settings):
            return self._store.roll_back()

    def note(self, run_id: str) -> RunNote:
        """What people wrote about a run; an empty note where nobody did."""
        return read_note(self._store.folder_of(run_id).path)

    def set_note(self, run_id: str, *, text: str, tags: Iterable[str] = ()) -> RunNote:
        """Put a note and tags in the place of a run's own; the note as it is kept."""
        return write_note(self._store.folder_of(run_id).path, text=text, tags=tags)

    def compare(self, run_ids: Sequence[str]) -> Sequence[Comparison]:
        """Each later run against the first, on the held-out rows of both; see `training.evaluation.compare`."""
        from rebracket_core.runs import compare

        return compare(self._store, run_ids, seed=self._resources.settings.seed)

    def card(self, run_id: str) -> str:
        """The model card of a run as Markdown."""
        from rebracket_core.reports import model_card

        return model_card(self._store.info(run_id), spec=self._store.folder_of(run_id).spec())

    def export(self, run_id: str, *, to: Path | IO[bytes]) -> None:
        """Write a finished run as one file, to import it elsewhere; `to` is a path or an open binary file."""
        from rebracket_core.runs import export_run, pack_run

        folder = self._store.folder_of(self._store.info(run_id).run_id).path
        if isinstance(to, Path):
            export_run(folder, to=to)
        else:
            pack_run(folder, to=to)

    def take_in(self, source: Path | bytes, *, name: str = "run.zip") -> RunInfo:
        """Import a run that `export` wrote, after checking every part; it is not promoted. `name` is for messages."""
        from rebracket_core.runs import import_run

        return self._store.info(import_run(source, runs=self._store.folder, name=name))

    def _encoder_for(self, model: ConceptModel, dataset: str) -> Encoder:
        """The encoder of a run; of one on vectors, with those that came with the texts of the data set."""
        from rebracket_core.encoders import VECTORS_PREFIX, DatasetVectors

        encoder = self._resources.encoder_of(model)
        if not isinstance(encoder, DatasetVectors):
            return encoder
        theirs = self._resources.encoder(f"{VECTORS_PREFIX}{dataset}")
        assert isinstance(theirs, DatasetVectors)
        return encoder.beside(theirs)

    def evaluate(self, run_id: str, dataset: str, *, progress: ProgressReporter | None = None) -> Evaluation:
        """The figures of a run on a data set: on its own, those of the groups that it was not fitted on."""
        from rebracket_core.training import Evaluation, evaluate_run

        info = self._store.info(run_id)
        other = self._resources.dataset(dataset)
        if other.meta.digest == info.dataset_digest:
            return Evaluation.from_dict(info.metrics)
        model = self._resources.model(run_id)
        own = next((m.name for m in self._resources.every_dataset() if m.digest == info.dataset_digest), None)
        return evaluate_run(
            model,
            other,
            encoder=self._encoder_for(model, dataset),
            training_frame=self._resources.dataset(own).frame if own else None,
            progress=counts(progress, "Reading texts") if progress else None,
        )
