"""Which words a logit margin rests on: exact Shapley values for short texts, Integrated Gradients for all, two checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import factorial

import numpy as np

from rebracket_core.encoders.lexical import WORD, Lexicon

SHAPLEY_WORDS = 10
RANDOM_ORDERS = 10
_SHARES = (0.2, 0.4, 0.6, 0.8)
Margin = Callable[[Sequence[str]], np.ndarray]
"""Texts → their margins (n,)."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the margin falls when words go: in the order of an attribution, and in random orders (the mean of them).

    Comprehensiveness: the fall when the first words are deleted (more is better). Sufficiency: the fall when they alone
    are kept (less is better). Both are means over 20, 40, 60 and 80 % of the words.
    """

    comprehensiveness: float
    random_comprehensiveness: float
    sufficiency: float
    random_sufficiency: float

    @property
    def holds(self) -> bool:
        """Whether the order is better than chance both ways."""
        return (
            self.comprehensiveness > self.random_comprehensiveness and self.sufficiency < self.random_sufficiency
        )


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


def term_shares(words: Sequence[str], *, lexicon: Lexicon | None, slope: np.ndarray) -> np.ndarray:
    """What each word adds (n,) through the lexicon: a term's value times its slope, shared among its occurrences."""
    found = np.zeros(len(words))
    if lexicon is None:
        return found
    values = lexicon.transform([" ".join(words)])[0].astype(np.float64) * slope
    at = {term: place for place, term in enumerate(lexicon.terms)}
    singles = [(term, i) for i, word in enumerate(words) for term in WORD.findall(word.lower())]
    spots = [(term, (i,)) for term, i in singles]
    if lexicon.bigrams:
        spots += [(f"{a} {b}", (i, j)) for (a, i), (b, j) in pairwise(singles)]
    counts = Counter(term for term, _ in spots)
    for term, places in spots:
        if term in at:
            for place in places:
                found[place] += values[at[term]] / counts[term] / len(places)
    return found


def behaviour(words: Sequence[str], scores: np.ndarray, *, margin: Margin, seed: int) -> Behaviour | None:
    """The behavioural check of an attribution; None for a text of one word, of which nothing can be left."""
    n = len(words)
    if n < 2:
        return None
    rng = np.random.default_rng(seed)
    orders = [np.argsort(-scores, kind="stable"), *(rng.permutation(n) for _ in range(RANDOM_ORDERS))]
    sizes = sorted({min(max(round(share * n), 1), n - 1) for share in _SHARES})
    texts = [" ".join(words)]
    for order in orders:
        for size in sizes:
            first = set(order[:size].tolist())
            texts.append(" ".join(w for i, w in enumerate(words) if i not in first))
            texts.append(" ".join(w for i, w in enumerate(words) if i in first))
    values = margin(texts)
    falls = (values[0] - values[1:]).reshape(len(orders), len(sizes), 2).mean(axis=1)
    return Behaviour(
        comprehensiveness=float(falls[0, 0]), random_comprehensiveness=float(falls[1:, 0].mean()),
        sufficiency=float(falls[0, 1]), random_sufficiency=float(falls[1:, 1].mean()),
    )


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float | None:
    """Spearman's correlation of two attributions; None for fewer than three words or where one is constant."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic)
