"""What words tell two selections apart: log-odds with a prior from all texts of the map."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log, sqrt

_WORD = re.compile(r"[^\W\d_][\w'’-]+")
PRIOR = 100.0


@dataclass(frozen=True, slots=True)
class WordContrast:
    """One word: in how many texts of each selection it stands, and z, positive where the first has it more."""

    word: str
    first: int
    second: int
    z: float


def most_distinctive(
    first: Sequence[str], second: Sequence[str], *, background: Iterable[str], most: int = 20
) -> list[WordContrast]:
    """The words that differ most between two sets of texts, strongest first; each text counts a word once.

    Log-odds ratio with an informative Dirichlet prior of 100 words spread as in the background, as a z-score (Monroe,
    Colaresi and Quinn 2008); a word that stands in fewer than two texts is left out.
    """
    one, other, all_of = _counts(first), _counts(second), _counts(background)
    total = sum(all_of.values()) or 1
    n_one, n_other = sum(one.values()), sum(other.values())
    found = []
    for word in one.keys() | other.keys():
        a, b = one[word], other[word]
        if a + b < 2:
            continue
        prior = PRIOR * max(1, all_of[word]) / total
        rest_a, rest_b = n_one + PRIOR - a - prior, n_other + PRIOR - b - prior
        if rest_a <= 0 or rest_b <= 0:
            continue
        gap = log((a + prior) / rest_a) - log((b + prior) / rest_b)
        found.append(WordContrast(word, a, b, gap / sqrt(1 / (a + prior) + 1 / (b + prior))))
    return sorted(found, key=lambda g: (-abs(g.z), g.word))[:most]


def _counts(texts: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({word.casefold() for word in _WORD.findall(text)})
    return counts
