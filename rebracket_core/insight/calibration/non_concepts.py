"""What a run makes of texts that are no concepts, kind by kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rebracket_core.validation import Verdict, is_out_of_distribution


@dataclass(frozen=True, slots=True)
class KindOfNonConcepts:
    """The verdicts on n texts of one kind that are no concepts.

    `hard` kinds look like concepts on the surface and were never met by the out-of-distribution detector; the others are its
    background. `n_unscored` texts have no words and get no verdict, so that nothing accepts them.
    """

    kind: str
    hard: bool
    n: int
    n_out_of_distribution: int
    n_accepted: int
    n_unscored: int


def non_concepts_by_kind(
    verdicts: Sequence[Verdict], *, kinds: Sequence[str], hard: Sequence[bool]
) -> tuple[KindOfNonConcepts, ...]:
    """The verdicts on texts that are no concepts, counted by kind: hard kinds first, each in the order of its name.

    `kinds` and `hard` say for each verdict of what kind its text is, and whether that kind is a hard one.
    """
    found: dict[tuple[bool, str], list[Verdict]] = {}
    for verdict, kind, is_hard in zip(verdicts, kinds, hard, strict=True):
        found.setdefault((not is_hard, kind), []).append(verdict)
    return tuple(
        KindOfNonConcepts(
            kind=kind,
            hard=not is_easy,
            n=len(of_kind),
            n_out_of_distribution=sum(is_out_of_distribution({"reason": v.reason}) for v in of_kind),
            n_accepted=sum(v.is_accepted for v in of_kind),
            n_unscored=sum(v.error is not None for v in of_kind),
        )
        for (is_easy, kind), of_kind in sorted(found.items())
    )
