"""A section of a review: what it is called, what it needs, and the figures, sentences and tables that it consists of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from rebracket_core.errors import InputError
from rebracket_core.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    import plotly.graph_objects as go

    from rebracket_core.insight import Review
    from rebracket_core.insight.calibration import KindOfNonConcepts
    from rebracket_core.insight.geometry import Geometry
    from rebracket_core.runs import RunInfo


class Need(StrEnum):
    """A part of the context that a section reads."""

    RUN = "run"
    REVIEW = "review"
    VECTORS = "vectors"
    GEOMETRY = "geometry"
    NON_CONCEPTS = "non_concepts"


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence between figures."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain values with the same keys, and what a screen reader says of them."""

    rows: Sequence[Mapping[str, Any]]
    alt: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader of a section can choose; a report shows every value one after the other.

    Args:
        name: the last part of the key in a page's address, such as "what".
        label: what stands before the control.
        values: the values in their order; the first is the default.
        shown: value → the words for it, where they differ.
    """

    name: str
    label: str
    values: tuple[str, ...]
    shown: Mapping[str, str] = field(default_factory=dict)

    def words(self, value: str) -> str:
        """The words for a value."""
        return self.shown.get(value, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewContext:
    """What sections are made from. Parts that are absent are None; expensive ones are functions, called when needed.

    Args:
        unit: what texts are grouped by, in the plural: "songs", "threads" or "groups of texts".
        seed: the seed of everything that is drawn.
        run: the run under review.
        review: its held-out predictions.
        vectors: gives (n, d) vectors of the held-out texts from the run's own encoder.
        geometry: measures how labelled texts lie in an encoder's space.
        non_concepts: scores the starter corpus's texts that are no concepts with the run, and counts the verdicts by kind.
    """

    unit: str
    seed: int
    run: RunInfo | None = None
    review: Review | None = None
    vectors: Callable[[], np.ndarray] | None = None
    geometry: Callable[[], Geometry] | None = None
    non_concepts: Callable[[], Sequence[KindOfNonConcepts]] | None = None

    def lacking(self, section: ReviewSection) -> tuple[Need, ...]:
        """The needs of a section that this context does not meet."""
        return tuple(need for need in section.needs if getattr(self, need) is None)


def run_of(context: ReviewContext) -> RunInfo:
    """The run under review. Raises InputError where there is none."""
    return context.run if context.run is not None else _absent(Need.RUN)


def review_of(context: ReviewContext) -> Review:
    """The held-out predictions. Raises InputError where there are none."""
    return context.review if context.review is not None else _absent(Need.REVIEW)


def vectors_of(context: ReviewContext) -> np.ndarray:
    """The (n, d) vectors of the held-out texts. Raises InputError where there are none."""
    return context.vectors() if context.vectors is not None else _absent(Need.VECTORS)


def geometry_of(context: ReviewContext) -> Geometry:
    """The measured geometry. Raises InputError where there is none."""
    return context.geometry() if context.geometry is not None else _absent(Need.GEOMETRY)


def non_concepts_of(context: ReviewContext) -> Sequence[KindOfNonConcepts]:
    """The verdicts on texts that are no concepts, by kind. Raises InputError where there are none."""
    return context.non_concepts() if context.non_concepts is not None else _absent(Need.NON_CONCEPTS)


def _absent(need: Need) -> NoReturn:
    raise InputError(
        "A section of a review lacks what it is made from.",
        expected=f"a context with {need}",
        found="none",
        hint="name it among the section's needs",
    )


class ReviewSection(ABC):
    """One section of a review: pages, the HTML report and the command line show all that are registered.

    A subclass names itself and gives its blocks. Register it with `REVIEW_SECTIONS.register`, or from another package by an
    entry point of the group "rebracket.review_sections".

    Attributes:
        name: stable and unique; part of keys and of `rebracket report --section`.
        label: the heading.
        help: one sentence on what it shows and how far to trust it.
        page: the review page on which it stands: "confusion", "confidence", "errors" or "geometry".
        needs: the parts of the context that `blocks` reads.
        choice: what a reader can choose, if anything.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    page: ClassVar[str]
    needs: ClassVar[tuple[Need, ...]] = (Need.RUN, Need.REVIEW)
    choice: ClassVar[Choice | None] = None

    @abstractmethod
    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[go.Figure | Note | Table]:
        """Make the figures, sentences and tables.

        Args:
            context: what the section is made from; its needs are met.
            chosen: a value of `choice`, "" where there is none.

        Raises:
            RebracketError: where the run kept too little; the message is shown in the section's place.
        """

    def show(self, context: ReviewContext, *, chosen: str = "") -> Sequence[go.Figure | Note | Table]:
        """Make the blocks after checking that the context holds what the section needs and that the choice exists.

        Raises:
            InputError: where a need is not met, or the choice is unknown.
        """
        if lacking := context.lacking(self):
            raise InputError(
                f"The section “{self.label}” cannot be made here.",
                expected=f"a context with {', '.join(self.needs)}",
                found=f"none of {', '.join(lacking)}",
                hint="give them, or leave the section out",
            )
        values = self.choice.values if self.choice else ("",)
        if (chosen or values[0]) not in values:
            raise InputError(
                f"The section “{self.label}” has no such choice.",
                expected=f"one of {', '.join(values)}",
                found=repr(chosen),
                hint="check the spelling",
            )
        return self.blocks(context, chosen=chosen or values[0])

    def parts(self) -> tuple[tuple[str, str], ...]:
        """(heading, choice) of everything that a whole report shows of this section."""
        if self.choice is None:
            return ((self.label, ""),)
        return tuple((f"{self.label}: {self.choice.words(value)}", value) for value in self.choice.values)


REVIEW_SECTIONS: Registry[ReviewSection] = Registry("review section", ReviewSection, group="rebracket.review_sections")
