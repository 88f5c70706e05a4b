"""A workbench that answers from an exported folder: the home gives the history and the keys, the folder the verdicts."""

from __future__ import annotations

from pathlib import Path

from rebracket_core.encoders import Encoder
from rebracket_core.errors import ModelError
from rebracket_core.reports.onnx_bundle import ExportedRun
from rebracket_core.runs.store import RunShelf, Shelved, info_of
from rebracket_core.settings import Settings
from rebracket_core.validation import ConceptModel
from rebracket_core.workbench.bench import Workbench


class FolderBench(Workbench):
    """The workbench of these settings, whose one run is that of an exported folder; the runs of the home are not asked.

    Raises ModelError naming the file of the folder that is missing or altered.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__(settings)
        self._exported = ExportedRun(folder, threads=settings.threads)
        self.shelf = _OneRun(self._exported)

    def model(self, run_id: str | None = None) -> ConceptModel:
        """The model of the folder's run; a ModelError where another one is asked for."""
        self.shelf.chosen(run_id)
        return self._exported.model

    def encoder(self, name: str) -> Encoder:
        """The folder's encoder, whatever the name."""
        return self._exported.encoder


class _OneRun(RunShelf):
    """A shelf with the one run of a folder, which is in use."""

    def __init__(self, exported: ExportedRun) -> None:
        super().__init__(exported.folder)
        self._exported = exported

    def look(self) -> Shelved:
        """The folder's run, and no other; when it was made the folder does not tell."""
        info = info_of(self._exported.model.manifest, run_id=self._exported.run_id, created_at="", promoted=True)
        return Shelved((info,), (), ())

    def load(self, run_id: str) -> ConceptModel:
        """The folder's model."""
        self.chosen(run_id)
        return self._exported.model

    def encoder_of(self, model: ConceptModel) -> str:
        """The folder, which holds the encoder."""
        return str(self.folder)

    def promoted_id(self) -> str:
        """The id of the folder's run."""
        return self._exported.run_id

    def chosen(self, run_id: str | None) -> str:
        """The id of the folder's run; a ModelError where another one is asked for."""
        if run_id not in (None, self._exported.run_id):
            raise ModelError(
                "There is no such run.",
                expected=self._exported.run_id,
                found=repr(run_id),
                hint="the folder holds one run; leave the run out",
            )
        return self._exported.run_id
