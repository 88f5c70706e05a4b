"""The sections of a review, in the order in which a report shows them.

Importing this package registers all of them. See `docs/dev/adding/review-section.md` for another one.
"""

from rebracket_core.reports.sections import scores, confusion, calibration, acceptance, errors, geometry  # isort: skip
from rebracket_core.reports.sections.base import REVIEW_SECTIONS, Choice, Need, Note, ReviewContext, ReviewSection, Table

__all__ = ["REVIEW_SECTIONS", "Choice", "Need", "Note", "ReviewContext", "ReviewSection", "Table"]

_SECTION_MODULES = (scores, confusion, calibration, acceptance, errors, geometry)
