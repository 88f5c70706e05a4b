"""Attribution on margins whose answer is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rebracket_core.encoders import open_encoder
from rebracket_core.encoders.lexical import Lexicon
from rebracket_core.insight.attribution import behaviour, rank_correlation, shapley, term_shares
from rebracket_core.settings import Settings

WORDS = ["the", "old", "lantern", "hung", "above", "the", "quay"]


def _planted(texts: Sequence[str]) -> np.ndarray:
    """2 for the lantern, -0.5 for the quay, and 1 more where old and lantern stand together."""
    sets = [set(text.split()) for text in texts]
    return np.array([2.0 * ("lantern" in s) - 0.5 * ("quay" in s) + ({"old", "lantern"} <= s) for s in sets])


def test_shapley_gives_each_word_what_it_does_and_shares_what_two_do_together() -> None:
    found = dict(zip(WORDS[1:], shapley(WORDS[1:], margin=_planted), strict=True))
    assert found["lantern"] == pytest.approx(2.5) and found["old"] == pytest.approx(0.5)
    assert found["quay"] == pytest.approx(-0.5) and found["hung"] == pytest.approx(0.0)


def test_the_behavioural_check_takes_the_true_order_and_refuses_its_reverse() -> None:
    true = shapley(WORDS, margin=_planted)
    good, bad = (behaviour(WORDS, s, margin=_planted, seed=1) for s in (true, -true))
    assert good is not None and bad is not None
    assert good.holds and not bad.holds
    assert behaviour(["lantern"], np.ones(1), margin=_planted, seed=1) is None


@pytest.mark.parametrize("bigrams", [False, True])
def test_the_words_of_the_lexicon_add_up_to_their_part_of_the_margin(bigrams: bool) -> None:
    lexicon = Lexicon.fit([" ".join(WORDS)] * 2, ["a", "b"], bigrams=bigrams)
    slope = np.random.default_rng(3).normal(size=len(lexicon.terms))
    whole = float(lexicon.transform([" ".join(WORDS)])[0] @ slope)
    assert term_shares(WORDS, lexicon=lexicon, slope=slope).sum() == pytest.approx(whole, abs=1e-6)


def test_a_constant_attribution_has_no_rank_correlation() -> None:
    assert rank_correlation(np.ones(4), np.arange(4.0)) is None


@pytest.mark.slow
def test_the_word_that_decides_comes_first_in_gradients_and_shapley() -> None:
    from rebracket_core.insight.gradients import GradientMiniLM

    settings = Settings.from_env()
    encoder = open_encoder("minilm", settings=settings)
    frames = ["the {} stood there", "we saw a {} today", "it was the {} again", "near the {} they sat"]
    with_word, without = (encoder.encode([f.format(w) for f in frames]) for w in ("lantern", "table"))
    slope = (with_word - without).mean(axis=0)  # the head that the planted word decides
    text = "they left one lantern in our garden"
    words = text.split()

    def margin(texts: Sequence[str]) -> np.ndarray:
        return np.array([v @ slope if t else 0.0 for t, v in zip(texts, encoder.encode(list(texts)), strict=True)])

    found = GradientMiniLM(settings).shares(text, slope, baseline="pad")
    assert words[int(np.argmax(found.shares))] == "lantern"
    assert words[int(np.argmax(shapley(words, margin=margin)))] == "lantern"
    assert found.shares.sum() + found.baseline == pytest.approx(float(margin([text])[0]), abs=1e-3)
