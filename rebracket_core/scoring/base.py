"""What scoring many concepts needs of a home: a protocol, so that this room knows no services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rebracket_core.corpus.sources.sinks import ConceptsRead
    from rebracket_core.encoders import Encoder
    from rebracket_core.scoring.verdict_counts import VerdictCounts
    from rebracket_core.settings import Settings
    from rebracket_core.validation import Concept, ConceptModel, Verdict


class ScoringResources(Protocol):
    """Settings, models and encoders of a home, and where its verdicts are counted."""

    settings: Settings
    counts: VerdictCounts

    def model(self, run_id: str | None = None) -> ConceptModel:
        """The model of a run, or of the production run."""

    def encoder_of(self, model: ConceptModel) -> Encoder:
        """The encoder of a run's model."""


class Scorer(Protocol):
    """Files to concepts, and concepts to verdicts: what a watched folder needs."""

    def read_upload(self, name: str, data: bytes, *, vectors: bool = False) -> ConceptsRead:
        """The concepts of one file, with `vectors` those that stand beside the texts too."""

    def validate(
        self, concepts: Sequence[Concept], *, run_id: str | None = None, source: str = "", keep: bool = True
    ) -> list[Verdict]:
        """One verdict a concept, in input order."""
