"""How fluent a text is by the words of the training texts, and which words fit between two others there."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_CORE = re.compile(r"\w+(?:['’-]\w+)*")
_PAIR_SHARE = 0.7
_START, _END = "<s>", "</s>"


def core(word: str) -> str:
    """The word without punctuation, in lower case; "" where it has none."""
    found = _CORE.search(word)
    return found.group(0).lower() if found else ""


@dataclass(frozen=True, slots=True)
class WordModel:
    """Counts of words and of pairs of words in training texts.

    The probability of a word after another is 0.7 of the share of the pair plus 0.3 of the share of the word, one added to
    every word's count (Jelinek and Mercer 1980). No more than that: it knows the corpus's phrases, and no grammar.
    """

    words: Counter[str]
    before: dict[str, Counter[str]]
    after: dict[str, Counter[str]]
    n_texts: int

    @classmethod
    def fit(cls, texts: Iterable[str]) -> WordModel:
        """The counts of texts."""
        words: Counter[str] = Counter()
        before: dict[str, Counter[str]] = defaultdict(Counter)
        after: dict[str, Counter[str]] = defaultdict(Counter)
        n = 0
        for text in texts:
            n += 1
            row = [_START, *_CORE.findall(text.lower()), _END]
            words.update(row[1:])
            for left, right in pairwise(row):
                after[left][right] += 1
                before[right][left] += 1
        return cls(words=words, before=dict(before), after=dict(after), n_texts=n)

    def fluency(self, words: Sequence[str]) -> float:
        """The mean log10 probability of a word of the text after the one before it; higher is more fluent."""
        row = [_START, *(c for w in words if (c := core(w))), _END]
        total = sum(self.words.values()) + len(self.words) + 1
        logs = []
        for left, right in pairwise(row):
            followers = self.after.get(left)
            pair = followers[right] / sum(followers.values()) if followers else 0.0
            logs.append(math.log10(_PAIR_SHARE * pair + (1.0 - _PAIR_SHARE) * (self.words[right] + 1) / total))
        return sum(logs) / len(logs)

    def fitting(self, left: str, right: str) -> set[str]:
        """The words that the training texts have right after `left` or right before `right` ("" at an end of the text)."""
        found = set(self.after.get(left or _START, ())) | set(self.before.get(right or _END, ()))
        return found - {_START, _END}
