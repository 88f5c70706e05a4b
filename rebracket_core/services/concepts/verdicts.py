"""Verdicts on concepts: read from anywhere, scored by a run, kept in the history where they shall be."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.encoders import uncached
from rebracket_core.errors import StoreError
from rebracket_core.progress import ProgressReporter, counts
from rebracket_core.validation import Scorer

if TYPE_CHECKING:
    from rebracket_core.corpus.sources.sinks import ConceptsRead
    from rebracket_core.services.resources import Resources
    from rebracket_core.settings import Thresholds
    from rebracket_core.validation import Concept, Verdict

logger = logging.getLogger(__name__)


class Verdicts:
    """Verdicts of the runs of a home; safe to share between threads."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._scorer = Scorer(max_text_chars=resources.settings.max_text_chars)

    def reads_vectors(self, run_id: str | None = None) -> bool:
        """Whether a run, or the production run, was trained on vectors, and reads those that texts bring along.

        Raises NoModelError where there is no such run.
        """
        return self._resources.model(run_id).vectors is not None

    def read(self, sources: Sequence[Path | str], *, text_column: str | None = None, vectors: bool = False) -> ConceptsRead:
        """The concepts of files, folders or "-", in input order, with what could not be read.

        With `vectors` those that stand beside the texts are read too (see `reads_vectors`).
        """
        from rebracket_core.corpus.sources import read_concepts

        most = self._resources.settings.max_text_chars
        return read_concepts(sources, max_text_chars=most, text_column=text_column, vectors=vectors)

    def read_upload(self, name: str, data: bytes, *, text_column: str | None = None, vectors: bool = False) -> ConceptsRead:
        """The concepts of one uploaded or watched file, read within bounds of memory and time; see `reading_child`."""
        from rebracket_core.corpus.sources import read_concepts_apart

        most = self._resources.settings.max_text_chars
        return read_concepts_apart(name, data, max_text_chars=most, text_column=text_column, vectors=vectors)

    def validate(
        self,
        concepts: Sequence[Concept],
        *,
        run_id: str | None = None,
        thresholds: dict[str, Any] | None = None,
        progress: ProgressReporter | None = None,
        source: str = "",
        keep: bool = True,
        not_kept: Callable[[StoreError], None] | None = None,
        counted: bool = False,
        remembered: bool = True,
    ) -> list[Verdict]:
        """One verdict a concept, in input order; what cannot be scored carries `error`. Raises NoModelError without a run.

        `thresholds` replaces some of the run's own. `keep` writes the verdicts to the history in one transaction; where it
        refuses, the verdicts are given all the same and `not_kept` is called with the refusal (by default it is logged). What
        is kept or `counted` shows in the monitoring. Vectors that are not to be `remembered` are made and forgotten: a server
        that answers strangers for months would fill memory and disk with texts that never come again.
        """
        start = time.perf_counter()
        model = self._resources.model(run_id)
        limits: Thresholds = model.thresholds.with_(**(thresholds or {}))
        encoder = self._resources.encoder_of(model)
        verdicts = self._scorer.score(
            concepts,
            model=model,
            encoder=encoder if remembered else uncached(encoder),
            thresholds=limits,
            progress=counts(progress, "Scoring") if progress else None,
        )
        if keep or counted:
            self._resources.counts.count(verdicts, seconds=time.perf_counter() - start, run_id=model.run_id)
        if keep:
            self._keep(verdicts, source=source, not_kept=not_kept or _log_refusal)
        return verdicts

    def _keep(self, verdicts: Sequence[Verdict], *, source: str, not_kept: Callable[[StoreError], None]) -> None:
        try:
            self._resources.history.add((v.to_dict() for v in verdicts), source=source)
        except StoreError as refusal:
            not_kept(refusal)


def _log_refusal(refusal: StoreError) -> None:
    logger.error("Verdicts were not kept in the history: %s", refusal)
