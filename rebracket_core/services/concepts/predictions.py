"""Predictions of runs that need not give verdicts: types, having any type, and whatever else a run learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebracket_core.encoders import uncached
from rebracket_core.progress import ProgressReporter, counts
from rebracket_core.validation import predictions_of

if TYPE_CHECKING:
    from rebracket_core.services.resources import Resources
    from rebracket_core.validation import Concept, Prediction


class Predict:
    """Predictions of the runs of a home; safe to share between threads. Nothing is kept."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def predict(
        self,
        concepts: Sequence[Concept],
        *,
        run_id: str | None = None,
        progress: ProgressReporter | None = None,
        remembered: bool = True,
    ) -> list[Prediction]:
        """One prediction a concept, in input order, of everything that the run learnt; what cannot be read carries `error`.

        `run_id` is by default the production run. Vectors that are not to be `remembered` are made and forgotten. Raises
        NoModelError where no run is named and none is in production.
        """
        model = self._resources.model(run_id)
        encoder = self._resources.encoder_of(model)
        return predictions_of(
            concepts,
            model=model,
            encoder=encoder if remembered else uncached(encoder),
            max_chars=self._resources.settings.max_text_chars,
            progress=counts(progress, "Predicting") if progress else None,
        )
