"""The section of a review that shows what a run makes of texts that are no concepts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from rebracket_core.insight.calibration import KindOfNonConcepts
from rebracket_core.reports.sections import REVIEW_SECTIONS, Need, Note, ReviewContext, Table

KINDS = (
    KindOfNonConcepts("poem", hard=True, n=20, n_out_of_distribution=0, n_accepted=2, n_unscored=0),
    KindOfNonConcepts("tale", hard=True, n=20, n_out_of_distribution=5, n_accepted=8, n_unscored=0),
    KindOfNonConcepts("noise", hard=False, n=11, n_out_of_distribution=8, n_accepted=0, n_unscored=3),
)


def context(kinds: tuple[KindOfNonConcepts, ...]) -> ReviewContext:
    return ReviewContext(unit="songs", seed=0, run=cast(Any, SimpleNamespace()), non_concepts=lambda: kinds)


def test_hard_kinds_are_summed_and_listed_apart_from_the_others() -> None:
    section = REVIEW_SECTIONS.get("non_concepts")
    hard, other, table = section.show(context(KINDS))
    assert isinstance(hard, Note) and isinstance(other, Note) and isinstance(table, Table)
    assert hard.text == "Of 40 texts of 2 hard kinds 0.125 are out of distribution, and 0.250 are accepted."
    assert other.text == "Of 11 texts of 1 other kinds 0.727 are out of distribution, and 0.000 are accepted."
    assert [(row["kind"], row["hard"], row["accepted"]) for row in table.rows] == [
        ("poem", "yes", 0.1),
        ("tale", "yes", 0.4),
        ("noise", "no", 0.0),
    ]
    assert table.rows[2]["not scored (no words)"] == 3


def test_without_hard_kinds_nothing_is_said_of_them() -> None:
    note, _ = REVIEW_SECTIONS.get("non_concepts").show(context(KINDS[2:]))
    assert isinstance(note, Note) and "hard" not in note.text
    assert ReviewContext(unit="songs", seed=0).lacking(REVIEW_SECTIONS.get("non_concepts")) == (Need.RUN, Need.NON_CONCEPTS)
