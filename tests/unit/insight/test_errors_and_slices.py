"""A planted slice is found and none where there is none; planted wrong labels are suspected; split people are not blamed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rebracket_core.insight.errors.ranking import (
    DisagreementSource,
    cluster_misclassifications,
    disagreements,
    label_error_candidates,
    misclassifications,
)
from rebracket_core.insight.errors.slices import find_slices, twin_cosines
from rebracket_core.insight.review import Review


def _properties(rng: np.random.Generator, n: int) -> dict[str, list[str]]:
    return {
        "length": rng.choice(["short", "long"], size=n).tolist(),
        "album": rng.choice(["Red", "Blue", "Green"], size=n).tolist(),
        "source": rng.choice(["a", "b"], size=n, p=[0.8, 0.2]).tolist(),
    }


def test_a_planted_slice_comes_first_and_is_proven() -> None:
    rng, n = np.random.default_rng(2), 600
    told = _properties(rng, n)
    planted = np.array(told["source"]) == "b"
    right = (rng.random(n) < np.where(planted, 0.5, 0.85)).astype(float)
    report = find_slices(right, told, np.array([f"g{i // 4}" for i in range(n)]), rows=np.arange(n), seed=1)
    first = report.slices[0]
    assert (first.what, first.value) == ("source", "b") and first.worse and first.p < 0.01
    assert report.looked_at == 7 and np.array_equal(first.rows, np.flatnonzero(planted))
    assert not any(s.worse for s in report.slices[1:])


def test_where_nothing_is_planted_nothing_is_proven_beyond_chance() -> None:
    rng, n, found = np.random.default_rng(8), 300, 0
    for k in range(40):
        groups = np.array([f"g{i // 3}" for i in range(n)])
        report = find_slices((rng.random(n) < 0.8).astype(float), _properties(rng, n), groups, rows=np.arange(n), seed=k)
        found += any(s.worse for s in report.slices)
    assert found <= 5


def test_small_slices_are_named_and_not_looked_at() -> None:
    agents, groups = {"agent": ["one"] * 37 + ["two"] * 3}, np.arange(40).astype(str)
    report = find_slices(np.ones(40), agents, groups, rows=np.arange(40), seed=1)
    assert not report.slices and report.too_small == ("agent: one", "agent: two")


def test_a_twin_counts_only_in_another_fold() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert twin_cosines(vectors, np.array([0, 0, 1])).tolist() == [0.0, 0.0, 0.0]
    assert twin_cosines(vectors, np.array([0, 1, 1])).tolist() == [1.0, 1.0, 0.0]


def test_planted_wrong_labels_of_which_the_model_is_sure_are_suspected(review: Callable[..., Review]) -> None:
    pytest.importorskip("cleanlab")
    rng = np.random.default_rng(0)
    true = np.repeat([1, 2, 3], 80)
    proba = np.full((240, 9), 0.01)
    proba[np.arange(240), true] = rng.uniform(0.75, 0.92, 240)
    proba[np.arange(6), 1] = 0.93
    proba /= proba.sum(axis=1, keepdims=True)
    labels = true.copy()
    labels[:6] = 3
    found = label_error_candidates(review(labels, proba))
    assert {s.row for s in found} == set(range(6)) and all((s.label, s.suggested) == ("Yellow", "Red") for s in found)
    assert all(s.quality < 0.1 for s in found)


def test_mistakes_come_surest_first_and_cluster_by_meaning(review: Callable[..., Review]) -> None:
    truth, top = np.ones(60, dtype=int), np.full(60, 2)
    proba = np.full((60, 9), 0.02)
    proba[np.arange(60), top] = np.linspace(0.5, 0.9, 60)
    vectors = np.repeat(np.eye(8)[:2], 30, axis=0) + np.random.default_rng(0).normal(scale=0.01, size=(60, 8))
    words = tuple("the river floods" if i < 30 else "the engine stops" for i in range(60))
    made = review(truth, proba, text=words)
    of, clusters = cluster_misclassifications(made, vectors, seed=1)
    found = misclassifications(made, clusters=of)
    assert found[0].probability == pytest.approx(0.9) and len(found) == 60 and not found[0].accepted
    assert sum(c.n for c in clusters) == 60
    assert all(len(set((np.flatnonzero(of == c.idx) < 30).tolist())) == 1 for c in clusters)


def test_split_people_are_told_from_a_wrong_model(review: Callable[..., Review]) -> None:
    made = review(np.ones(3, dtype=int), np.full((3, 9), 1 / 9))
    assert made.predictions is not None
    made.predictions.axis[:, 0] = [0.1, 0.8, 0.1]
    made.predictions.axis_kind[:2, 0] = "soft"
    made.predictions.axis_target[0, 0] = [0.6, 0.4, 0.0]
    made.predictions.axis_target[1, 0] = [0.9, 0.05, 0.05]
    told = {d.row: d.blame for d in disagreements(made)}
    assert told == {0: DisagreementSource.PEOPLE, 1: DisagreementSource.MODEL}
