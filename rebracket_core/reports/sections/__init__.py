"""The sections of a review, in the order in which a report shows them.

Importing this package registers all of them. See `docs/dev/adding/review-section.md` for another one.
"""

from rebracket_core.reports.sections import scores, types, confusion, calibration, acceptance, errors, geometry  # isort: skip
from rebracket_core.reports.sections.acceptance import NO_VERDICTS, area_sentence, gate_row
from rebracket_core.reports.sections.base import (
    REVIEW_SECTIONS,
    Choice,
    Need,
    Note,
    ReviewContext,
    ReviewSection,
    Table,
    review_of,
    run_of,
    vectors_of,
)
from rebracket_core.reports.sections.confusion import pair_rows
from rebracket_core.reports.sections.errors import NO_PEOPLE, cluster_row, slice_report, wrong_sentence

__all__ = [
    "NO_PEOPLE",
    "NO_VERDICTS",
    "REVIEW_SECTIONS",
    "Choice",
    "Need",
    "Note",
    "ReviewContext",
    "ReviewSection",
    "Table",
    "area_sentence",
    "cluster_row",
    "gate_row",
    "pair_rows",
    "review_of",
    "run_of",
    "slice_report",
    "vectors_of",
    "wrong_sentence",
]

_SECTION_MODULES = (scores, types, confusion, calibration, acceptance, errors, geometry)
