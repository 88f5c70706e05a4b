"""Weighing people: Dawid and Skene's own table, planted annotators, and soft votes that are never cut to their first mode."""

from __future__ import annotations

from importlib import util

import numpy as np
import pytest

from rebracket_core.annotation.agreement.annotators import against_others
from rebracket_core.annotation.agreement.consensus import CROWDLAB, DAWID_SKENE, MACE, MEAN, aggregate, hard_tables
from rebracket_core.annotation.agreement.rating_arrays import Ratings, ratings_of
from rebracket_core.errors import MissingExtraError

# Dawid & Skene (1979), Table 1: 45 patients; observer 1 answered three times, observers 2 to 5 once.
DAWID_SKENE_TABLE = (
    "1111111",
    "3334334",
    "1122122",
    "2223121",
    "2223222",
    "2223322",
    "1222111",
    "3333433",
    "2222223",
    "2322223",
    "4444444",
    "2223343",
    "1111111",
    "2223212",
    "1211111",
    "1112111",
    "1111111",
    "1111111",
    "2222221",
    "2221322",
    "2222222",
    "2222221",
    "2223222",
    "2212222",
    "1111111",
    "1111111",
    "2322222",
    "1111111",
    "1111111",
    "1121121",
    "1111111",
    "3333233",
    "1111111",
    "2222222",
    "2223232",
    "4334343",
    "2212232",
    "2323233",
    "3333432",
    "1111111",
    "1111111",
    "1212111",
    "2322222",
    "1211111",
    "2222222",
)
SKILLS = {"a": 0.92, "b": 0.8, "c": 0.65, "d": 0.34}


def one_hot(position: int, k: int = 3) -> list[int]:
    return [1000 * (j == position) for j in range(k)]


def crowd(n: int = 300, *, seed: int = 2, soft: bool = False) -> tuple[Ratings, np.ndarray, np.ndarray]:
    """Ratings of four people of known skill, the truth by item, and a model that is right 0.7 of the time."""
    rng = np.random.default_rng(seed)
    truth, rows, model = rng.integers(3, size=n), [], np.full((n, 3), 0.15)
    for k in range(n):
        model[k, truth[k] if rng.random() < 0.7 else rng.integers(3)] = 0.7
        for who, skill in SKILLS.items():
            said = int(truth[k]) if rng.random() < skill else int((truth[k] + rng.integers(1, 3)) % 3)
            shares = [800 if j == said else 100 for j in range(3)] if soft else one_hot(said)
            rows.append((f"i{k:04}", who, shares))
    return ratings_of(rows, categories="xyz"), truth, model / model.sum(axis=1, keepdims=True)


def test_dawid_and_skenes_own_table_gives_their_marginals() -> None:
    """The published estimates of the four classes' shares are 0.40, 0.42, 0.11 and 0.07."""
    rows = [
        (f"p{k:02}", f"o{who}", one_hot(int(sign) - 1, 4))
        for k, line in enumerate(DAWID_SKENE_TABLE)
        for who, sign in zip((1, 1, 1, 2, 3, 4, 5), line, strict=True)
    ]
    found = aggregate(ratings_of(rows, categories="1234"), seed=1, methods=[DAWID_SKENE]).of(DAWID_SKENE)
    assert found.posterior is not None and found.confusion is not None
    assert found.posterior.mean(axis=0) == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=0.006)
    assert found.confusion["o1"][0] == pytest.approx([0.89, 0.11, 0.0, 0.0], abs=0.015)


@pytest.mark.slow
def test_planted_annotators_are_ranked_and_weighing_beats_counting() -> None:
    votes, truth, model = crowd()
    found = aggregate(votes, seed=1, model=model)
    assert found.n_tables == 1
    right = {m.name: float((m.posterior.argmax(axis=1) == truth).mean()) for m in found.methods if m.posterior is not None}
    assert set(right) == {MEAN, DAWID_SKENE, MACE, CROWDLAB}
    assert right[DAWID_SKENE] > right[MEAN] and right[MACE] > right[MEAN]
    for name in (DAWID_SKENE, MACE, CROWDLAB):
        quality = found.of(name).quality
        assert quality is not None and sorted(quality, key=quality.__getitem__, reverse=True) == list("abcd"), name
    confusion = found.of(DAWID_SKENE).confusion
    assert confusion is not None and float(np.diag(confusion["a"]).mean()) == pytest.approx(0.92, abs=0.05)
    assert confusion["b"].sum(axis=1) == pytest.approx([1, 1, 1])
    assert found.same_first[MEAN, DAWID_SKENE] < 1.0


@pytest.mark.slow
def test_soft_votes_are_drawn_from_and_the_spread_is_told() -> None:
    votes, _, _ = crowd(40, soft=True)
    tables = hard_tables(votes, seed=3, tables=400)
    assert (tables == votes.chosen).mean() == pytest.approx(0.8, abs=0.01)
    found = aggregate(votes, seed=1, tables=4, methods=[DAWID_SKENE])
    assert found.n_tables == 4
    none = found.of(MEAN).spread
    assert none is not None and float(none.max()) == 0.0
    spread = found.of(DAWID_SKENE).spread
    assert spread is not None and 0.0 < float(spread.mean()) < 0.6
    told = found.to_dict()["methods"][1]
    assert told["mean_spread"] == pytest.approx(float(spread.mean())) and set(told["quality_spread"]) == set(SKILLS)


def test_without_a_model_crowdlab_says_so_and_with_little_all_do() -> None:
    votes, _, _ = crowd(25)
    assert "needs a model" in aggregate(votes, seed=1, fewest=10, methods=[CROWDLAB]).of(CROWDLAB).why
    assert "not enough yet: 5 items" in aggregate(crowd(5)[0], seed=1).of(MACE).why
    alone = ratings_of([("a", "x", one_hot(0)), ("b", "x", one_hot(1))], categories="xyz")
    assert "one person" in aggregate(alone, seed=1).of(DAWID_SKENE).why
    assert "no labels" in aggregate(ratings_of([], categories="xyz"), seed=1).of(MEAN).why


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *a: None if name == "crowdkit" else real(name, *a))
    with pytest.raises(MissingExtraError, match=r"rebracket\[labels\]"):
        aggregate(crowd(5)[0], seed=1)


def test_each_person_against_the_others() -> None:
    votes, _, _ = crowd(200)
    found = {one.annotator: one for one in against_others(votes, seed=1)}
    values = [found[name].overlap.value for name in "abcd"]
    assert values == sorted(values, reverse=True)  # type: ignore[type-var]
    assert np.array(found["a"].confusion).sum() == pytest.approx(200)
    best = found["a"].overlap
    assert best.low is not None and best.value is not None and best.high is not None and best.low < best.value < best.high
    few = against_others(crowd(5)[0], seed=1)[0].overlap
    assert few.value is None and few.why == "not enough yet: 5 items shared, 10 are needed"


def test_the_overlap_with_others_is_what_it_says() -> None:
    """Two others say x and an even x/y: their mean is (0.75, 0.25), and who says x overlaps 0.75 with it."""
    rows = []
    for k in range(10):
        rows += [(f"{k}", "me", one_hot(0)), (f"{k}", "one", one_hot(0)), (f"{k}", "two", [500, 500, 0])]
    found = {one.annotator: one for one in against_others(ratings_of(rows, categories="xyz"), seed=1)}
    assert found["me"].overlap.value == pytest.approx(0.75)
    assert found["me"].confusion[0][0] == pytest.approx(7.5) and found["me"].confusion[1][0] == pytest.approx(2.5)
