"""Words that speak for types: each for one, found whole and in any case."""

from __future__ import annotations

from collections import Counter

from rebracket_core.annotation.queue.type_keywords import type_words
from rebracket_core.rainbow import TYPE_NAMES, TYPES


def test_each_word_speaks_for_one_type_alone() -> None:
    counts = Counter(word for kind in TYPES for word in kind.words)
    assert set(counts.values()) == {1} and all(word.isalpha() and word.islower() for word in counts)
    assert all(len(kind.words) >= 15 for kind in TYPES)


def test_words_are_counted_whole_in_any_case_and_as_often_as_they_stand() -> None:
    found = type_words("The Wall remembers: inside the wall, a DOORBELL no one heard.")
    assert found["spatial"] == ["wall", "inside", "wall"] and found["memory"] == ["remembers"]
    assert found["perceptual"] == ["heard"] and found["causal"] == []
    assert list(found) == list(TYPE_NAMES)
