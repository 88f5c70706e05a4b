"""The words of a text as numbers: a TF-IDF vocabulary fitted on training texts, in numpy alone."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rebracket_core.encoders.base import Vectors, checked_texts
from rebracket_core.errors import EncoderError, InputError

WORD = re.compile(r"(?u)\b\w\w+\b")
MAX_TERMS = 4096
MIN_GROUPS = 2


@dataclass(frozen=True, slots=True)
class TfidfVocabulary:
    """Terms in alphabetical order, the number of training texts that hold each, and the number of those texts.

    idf = ln((1 + n_texts) / (1 + df)) + 1, tf = 1 + ln(count), rows of length 1: scikit-learn's TfidfVectorizer with
    smooth_idf and sublinear_tf (Salton and Buckley 1988 for the scheme).
    """

    terms: tuple[str, ...]
    document_counts: tuple[int, ...]
    n_texts: int
    bigrams: bool = False
    _position: dict[str, int] = field(init=False, repr=False, compare=False)
    _idf: np.ndarray[Any, np.dtype[np.float64]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.terms) != len(self.document_counts) or len(set(self.terms)) != len(self.terms):
            raise EncoderError(
                "The vocabulary is damaged.",
                expected="as many document counts as terms, each term once",
                found=f"{len(self.terms)} terms, {len(self.document_counts)} counts",
                hint="train the run again",
            )
        object.__setattr__(self, "_position", {term: at for at, term in enumerate(self.terms)})
        counts = np.asarray(self.document_counts, dtype=np.float64)
        object.__setattr__(self, "_idf", np.log((1 + self.n_texts) / (1 + counts)) + 1.0)

    @classmethod
    def fit(
        cls, texts: Sequence[str], groups: Sequence[str], *, max_terms: int = MAX_TERMS, bigrams: bool = False
    ) -> TfidfVocabulary:
        """The vocabulary of training texts: terms of two groups or more, the `max_terms` in most texts, then by alphabet.

        Raises: InputError where texts and groups differ in number.
        """
        listed = checked_texts(texts)
        if len(listed) != len(groups):
            raise InputError(
                "Texts and groups differ in number.",
                expected=f"{len(listed)} groups",
                found=str(len(groups)),
                hint="give the group of each text",
            )
        counts: Counter[str] = Counter()
        first: dict[str, str] = {}
        shared: set[str] = set()
        for text, group in zip(listed, groups, strict=True):
            for term in set(_terms(text, bigrams=bigrams)):
                counts[term] += 1
                if first.setdefault(term, group) != group:
                    shared.add(term)
        kept = sorted(sorted(shared, key=lambda term: (-counts[term], term))[:max_terms])
        return cls(tuple(kept), tuple(counts[term] for term in kept), len(listed), bigrams)

    @property
    def idf(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Inverse document frequencies (V,) float64, smoothed."""
        return self._idf

    def transform(self, texts: Sequence[str]) -> Vectors:
        """Rows (n, V) float32 of length 1; a text with no known term is a row of zeros."""
        listed = checked_texts(texts)
        result = np.zeros((len(listed), len(self.terms)), dtype=np.float32)
        idf = self.idf
        for row, text in zip(result, listed, strict=True):
            counts = Counter(_terms(text, bigrams=self.bigrams))
            known = [(at, count) for term, count in counts.items() if (at := self._position.get(term)) is not None]
            if not known:
                continue
            columns = np.asarray([at for at, _ in known])
            values = np.asarray([1.0 + math.log(count) for _, count in known]) * idf[columns]
            row[columns] = values / np.linalg.norm(values)
        return result

    def to_dict(self) -> dict[str, Any]:
        """The vocabulary as plain values for JSON."""
        return {
            "terms": list(self.terms),
            "document_counts": list(self.document_counts),
            "n_texts": self.n_texts,
            "bigrams": self.bigrams,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TfidfVocabulary:
        """The vocabulary from what `to_dict` gave. Raises: EncoderError where the values are of another kind."""
        try:
            terms = tuple(str(term) for term in values["terms"])
            counts = tuple(int(count) for count in values["document_counts"])
            return cls(terms, counts, int(values["n_texts"]), bool(values["bigrams"]))
        except (KeyError, TypeError, ValueError) as error:
            raise EncoderError(
                "The vocabulary cannot be read.",
                expected="terms, document_counts, n_texts and bigrams",
                found=f"{type(error).__name__}: {error}",
                hint="train the run again",
            ) from error


def _terms(text: str, *, bigrams: bool) -> Iterator[str]:
    words = WORD.findall(text.lower())
    yield from words
    if bigrams:
        yield from _pairs(words)


def _pairs(words: Sequence[str]) -> Iterable[str]:
    return (f"{a} {b}" for a, b in itertools.pairwise(words))
