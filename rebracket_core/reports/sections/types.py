"""How good a run is on rebracketing types, class by class and beside simpler rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rebracket_core.reports.sections.base import REVIEW_SECTIONS, Need, Note, ReviewContext, ReviewSection, Table, run_of


@REVIEW_SECTIONS.register
class TypesOnHeldOutTexts(ReviewSection):
    """Precision, recall, F1, AUC of types, of having any, and what they are confused with."""

    name = "types"
    label = "Types on held-out texts"
    help = "Each figure with its 95 % interval over whole groups, beside what simple rules reach on the same texts."
    page = "confusion"
    needs = (Need.RUN,)

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[Note | Table]:
        """Make the tables of the run's own figures; one sentence where it learnt no types."""
        types = run_of(context).measured.types
        if not types.measured:
            return [Note("This run kept no figures of types: it learnt none, or was made before they were kept.")]
        tables = (
            (types.figure_rows(), "Figures of the types with intervals and simple rules"),
            (types.gap_rows(), "By how much the run is better than simple rules, on the same texts"),
            (types.type_rows(), "Each type with its figures and how sure the run is where it predicts it"),
            (types.pair_rows(), "Types that are confused, the most frequent first"),
        )
        return [*map(Note, types.sentences()), *(Table(_rounded(rows), alt=alt) for rows, alt in tables if rows)]


def _rounded(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()} for row in rows]
