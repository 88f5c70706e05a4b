"""The vocabulary agrees with scikit-learn, and takes only words that groups share."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rebracket_core.encoders import TfidfVocabulary
from rebracket_core.errors import EncoderError, InputError

TEXTS = [
    "The rose, the ROSE and the thorn",
    "A thorn remembers the rose",
    "naïve été, naïve city",
    "the city at night",
    "night in the city; the city sleeps",
    "",
    "x y z",
    "the été of the rose_garden 1999",
    "1999 was the night",
]
GROUPS = ["a", "b", "c", "d", "d", "e", "f", "g", "a"]


@pytest.mark.parametrize("bigrams", [False, True])
def test_values_are_those_of_scikit_learn(bigrams: bool) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vocabulary = TfidfVocabulary.fit(TEXTS, GROUPS, bigrams=bigrams)
    vectorizer = TfidfVectorizer(vocabulary=vocabulary.terms, sublinear_tf=True, ngram_range=(1, 2 if bigrams else 1))
    expected = vectorizer.fit(TEXTS).transform([*TEXTS, "rose rose unseen"]).toarray()
    found = vocabulary.transform([*TEXTS, "rose rose unseen"])
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() <= 1e-6
    assert ("the rose" in vocabulary.terms) == bigrams


def test_a_term_needs_two_groups() -> None:
    terms = TfidfVocabulary.fit(TEXTS, GROUPS).terms
    assert terms == tuple(sorted(terms))
    assert "sleeps" not in terms and "city" in terms
    assert "sleeps" not in TfidfVocabulary.fit(["sleeps now", "sleeps now"], ["a", "a"]).terms


def test_the_commonest_terms_are_kept_then_the_first_of_the_alphabet() -> None:
    texts = ["aa bb cc dd", "aa bb cc dd", "cc"]
    assert TfidfVocabulary.fit(texts, ["1", "2", "3"], max_terms=2).terms == ("aa", "cc")


def test_it_travels_as_json() -> None:
    vocabulary = TfidfVocabulary.fit(TEXTS, GROUPS, bigrams=True)
    again = TfidfVocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict())))
    assert again == vocabulary
    assert np.array_equal(again.transform(TEXTS), vocabulary.transform(TEXTS))


def test_nothing_in_nothing_out() -> None:
    empty = TfidfVocabulary.fit([], [])
    assert empty.transform(["a text"]).shape == (1, 0)
    assert TfidfVocabulary.fit(TEXTS, GROUPS).transform([]).shape == (0, len(TfidfVocabulary.fit(TEXTS, GROUPS).terms))
    assert not TfidfVocabulary.fit(TEXTS, GROUPS).transform(["", "unseen"]).any()


def test_wrong_input_is_refused() -> None:
    with pytest.raises(InputError, match="differ in number"):
        TfidfVocabulary.fit(["a"], [])
    good = TfidfVocabulary.fit(TEXTS, GROUPS).to_dict()
    for bad in ({}, good | {"terms": ["one"]}, good | {"n_texts": "many"}, good | {"document_counts": None}):
        with pytest.raises(EncoderError):
            TfidfVocabulary.from_dict(bad)
