"""How far the people of a project agree, question by question, with everything that the figures rest on beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from rebracket_core.annotation.agreement.disagreement import Distance
from rebracket_core.annotation.agreement.kappas import cohen, fleiss, gwet
from rebracket_core.annotation.agreement.krippendorff import FEWEST_ITEMS, Agreement, alpha
from rebracket_core.annotation.agreement.rating_arrays import Ratings
from rebracket_core.annotation.agreement.ratings import Basis, axis_basis, axis_ratings, type_basis, type_ratings, unaided
from rebracket_core.annotation.entities.records import Item, Label
from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXIS_NAMES

TYPES = "types"
QUESTIONS: tuple[str, ...] = (*AXIS_NAMES, TYPES)
MOST_PAIRS = 45


@dataclass(frozen=True, slots=True)
class QuestionAgreement:
    """Agreement on one question: `main` is the coefficient to look at first, `others` the rest, `pairs` Cohen's by pair."""

    question: str
    main: Agreement
    others: tuple[Agreement, ...]
    pairs: tuple[Agreement, ...]
    basis: Basis

    def to_dict(self) -> dict[str, Any]:
        """The question's figures as plain values."""
        return {
            "question": self.question,
            "main": self.main.to_dict(),
            "others": [one.to_dict() for one in self.others],
            "pairs": [one.to_dict() for one in self.pairs],
            "basis": self.basis.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """Agreement on the three axes and the types, of labels that were given alone; why others don't count."""

    questions: tuple[QuestionAgreement, ...]
    n_labels: int
    n_used: int
    excluded: dict[str, int]

    def of(self, question: str) -> QuestionAgreement:
        """The figures of one question by name."""
        return next(q for q in self.questions if q.question == question)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "n_labels": self.n_labels,
            "n_used": self.n_used,
            "left_aside": dict(self.excluded),
            "questions": [q.to_dict() for q in self.questions],
        }


def agreement_report(
    labels: Sequence[Label],
    items: Iterable[Item] = (),
    *,
    seed: int,
    fewest: int = FEWEST_ITEMS,
    progress: Callable[[int, int], None] | None = None,
) -> AgreementReport:
    """The agreement of all labels that were given alone (see `ballots.unaided`): alpha, kappas, intervals, what they rest on.

    The axes' main figure is alpha with total variation over hard and soft answers, that of the types is alpha with MASI.
    Below `fewest` items with two labels no figure is given.
    """
    alone = unaided(labels, items)
    questions = []
    for k, name in enumerate(QUESTIONS):
        if progress:
            progress(k, len(QUESTIONS))
        questions.append(
            _types(alone.labels, seed=seed, fewest=fewest)
            if name == TYPES
            else _axis(alone.labels, name, seed=seed, fewest=fewest)
        )
    return AgreementReport(tuple(questions), len(labels), len(alone.labels), alone.excluded())


def _axis(labels: Sequence[Label], axis: str, *, seed: int, fewest: int) -> QuestionAgreement:
    ratings = axis_ratings(labels, axis)
    hard = ratings.hard() if len(ratings) else ratings
    found = [
        _or_why(ratings, Distance.JENSEN_SHANNON, seed=seed, fewest=fewest),
        _renamed(alpha(hard, Distance.NOMINAL, seed=seed, fewest=fewest), "alpha, hard labels alone"),
        fleiss(ratings, seed=seed, fewest=fewest),
        gwet(ratings, seed=seed, fewest=fewest),
    ]
    people = sorted(hard.annotators)
    pairs = [cohen(ratings, pair, seed=seed, fewest=fewest) for pair in list(combinations(people, 2))[:MOST_PAIRS]]
    return QuestionAgreement(
        axis,
        main=_or_why(ratings, Distance.TOTAL_VARIATION, seed=seed, fewest=fewest),
        others=tuple(found),
        pairs=tuple(pairs),
        basis=axis_basis(labels, axis),
    )


def _types(labels: Sequence[Label], *, seed: int, fewest: int) -> QuestionAgreement:
    ratings = type_ratings(labels)
    return QuestionAgreement(
        TYPES,
        main=_or_why(ratings, Distance.MASI, seed=seed, fewest=fewest),
        others=(_renamed(alpha(ratings, Distance.NOMINAL, seed=seed, fewest=fewest), "alpha, the very same set"),),
        pairs=(),
        basis=type_basis(labels),
    )


def _or_why(ratings: Ratings, distance: Distance, *, seed: int, fewest: int) -> Agreement:
    """The coefficient, or one without a value that says why this distance cannot be used here."""
    try:
        return alpha(ratings, distance, seed=seed, fewest=fewest)
    except InputError as error:
        why, name = f"{error.message} {error.found}: {error.hint}", f"alpha, {distance.value}"
        return Agreement(name, None, None, None, None, None, 0, len(ratings), len(ratings.annotators), why=why)


def _renamed(found: Agreement, name: str) -> Agreement:
    return replace(found, name=name)
