"""An exported run, opened: concepts in, the same verdicts out that the run itself gives."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rebracket_core.encoders import thread_count
from rebracket_core.encoders.onnx import OnnxEncoder
from rebracket_core.errors import ModelError
from rebracket_core.models import load_artefact
from rebracket_core.reports.onnx_bundle.layout import GRAPH, MODEL, TOKENIZER, Manifest, read_manifest
from rebracket_core.settings import Settings
from rebracket_core.texts import clean_text
from rebracket_core.thresholds import Value
from rebracket_core.validation import Concept, ConceptModel, Prediction, Scorer, Verdict, predictions_of


class ExportedRun:
    """A run from its folder. Every file is checked when it is opened; safe to share between threads."""

    def __init__(self, folder: Path, *, threads: int = 0, max_text_chars: int = 100_000) -> None:
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)
        model = ConceptModel.from_artefact(load_artefact(folder / MODEL))
        facts = self.manifest.encoder
        if (model.run_id, model.encoder_id) != (self.manifest.run_id, facts.trained_as):
            raise ModelError(
                "The parts of the exported run are of different runs.",
                expected=f"{self.manifest.run_id} on {facts.trained_as}",
                found=f"{model.run_id} on {model.encoder_id}",
                hint="export the run again",
                where=str(folder),
            )
        self.model = replace(model, encoder_id=self.manifest.encoder_id)  # equal within what `check` of the manifest says
        self.encoder = OnnxEncoder(
            folder / GRAPH,
            folder / TOKENIZER,
            facts=facts,
            encoder_id=self.manifest.encoder_id,
            threads=threads or thread_count(Settings(home=folder, database_url="")),
        )
        self._scorer, self._max_chars = Scorer(max_text_chars=max_text_chars), max_text_chars

    @property
    def run_id(self) -> str:
        """The id of the run that was exported."""
        return self.manifest.run_id

    def validate(
        self,
        concepts: Sequence[Concept | str],
        *,
        thresholds: Mapping[str, Value] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Verdict]:
        """One verdict a concept, in input order; what cannot be scored carries `error`. A lone text gets its place as id.

        `thresholds` replaces some of the run's own.
        """
        limits = self.model.thresholds.with_(**(thresholds or {}))
        return self._scorer.score(
            self._listed(concepts), model=self.model, encoder=self.encoder, thresholds=limits, progress=progress
        )

    def predict(
        self, concepts: Sequence[Concept | str], *, progress: Callable[[int, int], None] | None = None
    ) -> list[Prediction]:
        """One prediction a concept, in input order, of everything that the run learnt, verdict or not."""
        return predictions_of(
            self._listed(concepts), model=self.model, encoder=self.encoder, max_chars=self._max_chars, progress=progress
        )

    def _listed(self, concepts: Sequence[Concept | str]) -> list[Concept]:
        return [Concept(id=str(at), text=clean_text(one)) if isinstance(one, str) else one for at, one in enumerate(concepts)]


def open_exported(folder: str | os.PathLike[str], *, threads: int = 0, max_text_chars: int = 100_000) -> ExportedRun:
    """The run of a folder that `rebracket export-onnx` wrote. Raises ModelError naming the file that is missing or altered.

    `threads` of a forward pass, by default all cores that this process may use.
    """
    return ExportedRun(Path(folder), threads=threads, max_text_chars=max_text_chars)
