"""Verdicts from an ONNX bundle: the home gives the history and the keys, the bundle its one run."""

from __future__ import annotations

from pathlib import Path

from rebracket_core.errors import ModelError
from rebracket_core.reports.onnx_bundle import ExportedRun
from rebracket_core.runs import RunSnapshot, RunStore, info_of
from rebracket_core.services.resources import Resources
from rebracket_core.settings import Settings
from rebracket_core.validation import ConceptModel


def bundle_resources(settings: Settings, folder: Path) -> Resources:
    """The resources of a home whose one run is a bundle's; the runs of the home are not used.

    Raises ModelError naming the file of the folder that is missing or altered.
    """
    bundle = ExportedRun(folder, threads=settings.threads)
    return Resources(settings, runs=_BundleRuns(bundle), opener=lambda _: bundle.encoder)


class _BundleRuns(RunStore):
    """The one run of a bundle, which is in production."""

    def __init__(self, bundle: ExportedRun) -> None:
        super().__init__(bundle.folder)
        self._bundle = bundle

    def snapshot(self) -> RunSnapshot:
        """The bundle's run, and no other; when it was made the bundle does not tell."""
        info = info_of(self._bundle.model.manifest, run_id=self._bundle.run_id, created_at="", promoted=True)
        return RunSnapshot((info,), (), ())

    def load(self, run_id: str) -> ConceptModel:
        """The bundle's model."""
        self.chosen(run_id)
        return self._bundle.model

    def encoder_of(self, model: ConceptModel) -> str:
        """The folder, which holds the encoder."""
        return str(self.folder)

    def promoted_id(self) -> str:
        """The id of the bundle's run."""
        return self._bundle.run_id

    def chosen(self, run_id: str | None) -> str:
        """The id of the bundle's run; a ModelError where another one is asked for."""
        if run_id not in (None, self._bundle.run_id):
            raise ModelError(
                "There is no such run.",
                expected=self._bundle.run_id,
                found=repr(run_id),
                hint="the folder holds one run; leave the run out",
            )
        return self._bundle.run_id
