"""Which words a logit margin rests on, from parts of the text: exact Shapley values, and the check of faithfulness."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from math import factorial

import numpy as np

from rebracket_core.encoders.text import WORD, TfidfVocabulary

SHAPLEY_WORDS = 10
CHECKED_WORDS = 4
SURE = 0.05
_SHARES = (0.2, 0.4, 0.6, 0.8)
_SHORT_WORDS, _ORDERS_SHORT, _ORDERS_LONG = 40, 39, 19
Margin = Callable[[Sequence[str]], np.ndarray]
"""Texts → their margins (n,)."""


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """How the margin falls when words go, in the order of an attribution and in random orders (the mean of `orders`).

    Comprehensiveness: the fall when the first words are deleted (more is better). Sufficiency: the fall when they alone
    are kept (less is better). Both are means over 20, 40, 60 and 80 % of the words. The p of each is the share of orders
    (the own one among them) that do at least as well.
    """

    comprehensiveness: float
    random_comprehensiveness: float
    comprehensiveness_p: float
    sufficiency: float
    random_sufficiency: float
    sufficiency_p: float
    orders: int

    @property
    def holds(self) -> bool:
        """Whether the order is better than chance both ways, each at p ≤ 0.05."""
        return self.comprehensiveness_p <= SURE and self.sufficiency_p <= SURE


def shapley(words: Sequence[str], *, margin: Margin) -> np.ndarray:
    """The exact Shapley value (n,) of each word: its mean effect on the margin over all orders, 2^n texts."""
    n = len(words)
    values = margin([" ".join(w for i, w in enumerate(words) if kept >> i & 1) for kept in range(2**n)])
    kept = np.arange(2**n)
    sizes = np.array([int(k).bit_count() for k in kept])
    weight = np.array([factorial(s) * factorial(max(n - s - 1, 0)) / factorial(n) for s in range(n + 1)])
    found = np.zeros(n)
    for i in range(n):
        without = kept[(kept >> i & 1) == 0]
        found[i] = (weight[sizes[without]] * (values[without | 1 << i] - values[without])).sum()
    return found


def spread_terms(words: Sequence[str], *, vocabulary: TfidfVocabulary, values: Mapping[int, float]) -> np.ndarray:
    """What terms of the vocabulary add (place → value), shared out (n,) among the words in which they occur."""
    at = {term: place for place, term in enumerate(vocabulary.terms)}
    singles = [(term, i) for i, word in enumerate(words) for term in WORD.findall(word.lower())]
    spots: list[tuple[str, tuple[int, ...]]] = [(term, (i,)) for term, i in singles]
    if vocabulary.bigrams:
        spots += [(f"{a} {b}", (i, j)) for (a, i), (b, j) in pairwise(singles)]
    known = [(at[term], places) for term, places in spots if at.get(term) in values]
    counts: dict[int, int] = {}
    for place, _ in known:
        counts[place] = counts.get(place, 0) + 1
    found = np.zeros(len(words))
    for place, spot in known:
        for i in spot:
            found[i] += values[place] / counts[place] / len(spot)
    return found


def faithfulness(words: Sequence[str], shares: np.ndarray, *, margin: Margin, seed: int) -> Faithfulness | None:
    """Check the faithfulness of an attribution; None for a text of fewer than four words, whose orders are too few."""
    n = len(words)
    if n < CHECKED_WORDS:
        return None
    own = np.argsort(-shares, kind="stable")
    orders = [own, *_random_orders(own, seed=seed)]
    sizes = sorted({min(max(round(share * n), 1), n - 1) for share in _SHARES})
    texts = [" ".join(words)]
    for order in orders:
        for size in sizes:
            first = set(order[:size].tolist())
            texts.append(" ".join(w for i, w in enumerate(words) if i not in first))
            texts.append(" ".join(w for i, w in enumerate(words) if i in first))
    values = margin(texts)
    falls = (values[0] - values[1:]).reshape(len(orders), len(sizes), 2).mean(axis=1)
    better = falls[:, 0] >= falls[0, 0] - 1e-9
    smaller = falls[:, 1] <= falls[0, 1] + 1e-9
    return Faithfulness(
        comprehensiveness=float(falls[0, 0]),
        random_comprehensiveness=float(falls[1:, 0].mean()),
        comprehensiveness_p=float(better.mean()),
        sufficiency=float(falls[0, 1]),
        random_sufficiency=float(falls[1:, 1].mean()),
        sufficiency_p=float(smaller.mean()),
        orders=len(orders) - 1,
    )


def _random_orders(own: np.ndarray, *, seed: int) -> list[np.ndarray]:
    """Other orders: all of them where they are few, else drawn."""
    n = len(own)
    if n <= CHECKED_WORDS:
        return [np.array(order) for order in permutations(range(n)) if list(order) != own.tolist()]
    rng = np.random.default_rng(seed)
    return [rng.permutation(n) for _ in range(_ORDERS_SHORT if n <= _SHORT_WORDS else _ORDERS_LONG)]


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float | None:
    """Spearman's correlation of two attributions; None for fewer than three words or where one is constant."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic)
