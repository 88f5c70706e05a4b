"""People's answers to one question as arrays: who said what of which item."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from rebracket_core.errors import InputError

WHOLE = 1000


@dataclass(frozen=True, slots=True)
class Ratings:
    """n answers to one question, sorted by item.

    `item` and `annotator` are (n,) positions in `items` and `annotators`; `shares` is (n, k) whole numbers, a row an
    answer, a column one of `categories`: per mille where they share 1000 out, 0 or 1 where they are a set.
    """

    item: np.ndarray
    annotator: np.ndarray
    shares: np.ndarray
    items: tuple[str, ...]
    annotators: tuple[str, ...]
    categories: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.item)

    @property
    def sizes(self) -> np.ndarray:
        """How many answers each item has: (number of items,)."""
        return np.bincount(self.item, minlength=len(self.items))

    @property
    def is_hard(self) -> np.ndarray:
        """Which answers give one category everything: (n,) bool."""
        return np.asarray(self.shares.max(axis=1, initial=0) == WHOLE)

    @property
    def chosen(self) -> np.ndarray:
        """The position of each answer's largest share: (n,). Means something for hard answers alone."""
        return np.asarray(self.shares.argmax(axis=1))

    def only(self, keep: np.ndarray) -> Ratings:
        """The answers where the (n,) mask is true; items and annotators without any are gone, too."""
        found, item = np.unique(self.item[keep], return_inverse=True)
        people, annotator = np.unique(self.annotator[keep], return_inverse=True)
        return replace(
            self,
            item=item,
            annotator=annotator,
            shares=self.shares[keep],
            items=tuple(self.items[k] for k in found),
            annotators=tuple(self.annotators[k] for k in people),
        )

    def pairable(self) -> Ratings:
        """The answers to items that have two or more."""
        return self.only(self.sizes[self.item] > 1)

    def hard(self) -> Ratings:
        """The answers that give one category everything."""
        return self.only(self.is_hard)


def ratings_of(
    answers: Iterable[tuple[str, str, Iterable[int]]], *, categories: Iterable[str], whole: int | None = WHOLE
) -> Ratings:
    """Ratings from (item, annotator, shares) triples in any order.

    Each row of shares must sum to `whole`; None allows any sum of zeros and ones (a set). Raises InputError where it does not.
    """
    rows, names = list(answers), tuple(categories)
    items, item = np.unique(np.array([str(r[0]) for r in rows], dtype=object).astype(str), return_inverse=True)
    people, annotator = np.unique(np.array([str(r[1]) for r in rows], dtype=object).astype(str), return_inverse=True)
    shares = np.array([list(r[2]) for r in rows], dtype=np.int64).reshape(len(rows), len(names))
    wrong = shares.sum(axis=1) != whole if whole is not None else (shares > 1).any(axis=1)
    wrong |= (shares < 0).any(axis=1)
    if wrong.any():
        k = int(np.flatnonzero(wrong)[0])
        raise InputError(
            "An answer's shares cannot be used.",
            expected=f"whole numbers that sum to {whole}" if whole is not None else "zeros and ones",
            found=str(shares[k].tolist()),
            hint="correct the label or leave it out",
            where=f"item {rows[k][0]}, annotator {rows[k][1]}",
        )
    order = np.argsort(item, kind="stable")
    return Ratings(
        item=item[order],
        annotator=annotator[order],
        shares=shares[order],
        items=tuple(items.tolist()),
        annotators=tuple(people.tolist()),
        categories=names,
    )
