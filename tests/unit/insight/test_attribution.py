"""Attribution on margins whose answer is known."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import pytest

from rebracket_core.encoders.text.tfidf import TfidfVocabulary
from rebracket_core.errors import ConfigError
from rebracket_core.insight.explain.attribution import faithfulness, rank_correlation, shapley, spread_terms
from rebracket_core.insight.explain.word_shap import shap_values

WORDS = ["the", "old", "lantern", "hung", "above", "the", "quay"]


def _planted(texts: Sequence[str]) -> np.ndarray:
    """2 for the lantern, -0.5 for the quay, and 1 more where old and lantern stand together."""
    sets = [set(text.split()) for text in texts]
    return np.array([2.0 * ("lantern" in s) - 0.5 * ("quay" in s) + ({"old", "lantern"} <= s) for s in sets])


def test_shapley_gives_each_word_what_it_does_and_shares_what_two_do_together() -> None:
    found = dict(zip(WORDS[1:], shapley(WORDS[1:], margin=_planted), strict=True))
    assert found["lantern"] == pytest.approx(2.5) and found["old"] == pytest.approx(0.5)
    assert found["quay"] == pytest.approx(-0.5) and found["hung"] == pytest.approx(0.0)


@pytest.mark.slow
def test_shap_comes_to_the_same_on_few_words_and_near_it_on_many() -> None:
    pytest.importorskip("shap")
    found = shap_values(WORDS[1:], margin=_planted, seed=1)
    assert found == pytest.approx(shapley(WORDS[1:], margin=_planted), abs=1e-6)
    words = [*WORDS[1:], *(f"w{i}" for i in range(24))]
    many = shap_values(words, margin=_planted, seed=1, texts=400)
    assert many.sum() == pytest.approx(2.5, abs=1e-6)
    assert int(np.argmax(many)) == 1 and many[1] == pytest.approx(2.5, abs=0.3)


def test_shap_says_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(ConfigError, match="SHAP is not installed"):
        shap_values(WORDS, margin=_planted, seed=1)


def test_the_behavioural_check_takes_the_true_order_and_refuses_its_reverse_and_noise() -> None:
    true = shapley(WORDS, margin=_planted)
    good, bad = (faithfulness(WORDS, s, margin=_planted, seed=1) for s in (true, -true))
    assert good is not None and bad is not None
    assert good.holds and not bad.holds and bad.comprehensiveness_p == 1.0
    assert faithfulness(["an", "old", "lantern"], np.ones(3), margin=_planted, seed=1) is None
    rng = np.random.default_rng(2)
    held = [faithfulness(WORDS, rng.normal(size=7), margin=_planted, seed=i) for i in range(60)]
    assert sum(h is not None and h.holds for h in held) <= 6  # by chance 3 at most: both must beat 19 of 20


@pytest.mark.parametrize("bigrams", [False, True])
def test_what_terms_add_is_shared_out_whole(bigrams: bool) -> None:
    vocabulary = TfidfVocabulary.fit([" ".join(WORDS)] * 2, ["a", "b"], bigrams=bigrams)
    values = dict(enumerate(np.random.default_rng(3).normal(size=len(vocabulary.terms)).tolist()))
    assert spread_terms(WORDS, vocabulary=vocabulary, values=values).sum() == pytest.approx(sum(values.values()))


def test_a_constant_attribution_has_no_rank_correlation() -> None:
    assert rank_correlation(np.ones(4), np.arange(4.0)) is None
