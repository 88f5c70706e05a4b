"""Repeats become one row; groups stay whole."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from rebracket_core.corpus import collapse_repeats, grouped_folds, leak_safe_groups, make_frame, row_folds, sparse_classes
from rebracket_core.corpus.audit.leakage import expected_twin_share
from rebracket_core.corpus.splits import _stratified
from rebracket_core.errors import ConfigError, DataError

FrameOf = Callable[..., pd.DataFrame]


def test_repeats_become_one_row(frame_of: FrameOf) -> None:
    frame = frame_of(
        {"group_id": "s", "concept": "A", "descriptions": "one", "lyrics": "la", "album": "Red", "weight": 1.0},
        {"group_id": "t", "concept": "A", "album": "Blue"},
        {"group_id": "s", "concept": "A", "descriptions": "two", "lyrics": "la", "album": "Red", "weight": 0.5},
        {"group_id": "s", "concept": "B", "descriptions": "one"},
        {"group_id": "s", "concept": "A", "descriptions": "one", "album": "Red", "weight": 0.0},
    )
    once = collapse_repeats(frame)
    assert once["row_id"].tolist() == ["r0", "r1", "r3"]
    assert once["descriptions"].tolist() == ["one\n\ntwo", "", "one"]
    assert once["lyrics"].tolist() == ["la", "", ""]
    assert once["weight"].tolist() == [0.5, 1.0, 1.0]
    assert collapse_repeats(once).equals(once)


@pytest.mark.parametrize(
    "labels", [{"album": "Blue"}, {"album": None}, {"temporal": [1.0, 0.0, 0.0]}, {"spatial_stated": ["thing"]}]
)
def test_repeats_with_other_labels_are_an_error_that_names_them(frame_of: FrameOf, labels: Any) -> None:
    frame = frame_of(
        {"group_id": "s", "concept": "A", "album": "Red"}, {"group_id": "s", "concept": "A", "album": "Red", **labels}
    )
    with pytest.raises(DataError, match=r"'r0' says.*'r1' says"):
        collapse_repeats(frame)


def test_twelve_thousand_rows_are_quick() -> None:
    frame = make_frame(
        {"row_id": f"r{k}", "group_id": f"s{k % 84}", "concept": f"concept {k % 84}", "lyrics": f"line {k}", "album": "Red"}
        for k in range(12_000)
    )
    begun = time.perf_counter()
    once = collapse_repeats(frame)
    assert len(once) == 84 and once["lyrics"][0].count("\n\n") == len(frame) // 84
    assert time.perf_counter() - begun < 10


def test_groups_that_share_a_text_are_merged(frame_of: FrameOf) -> None:
    frame = frame_of(
        {"group_id": "c", "concept": "The Bell, again!"},
        {"group_id": "b", "concept": "the bell again"},
        {"group_id": "b", "concept": "another"},
        {"group_id": "a", "concept": "ANOTHER"},
        {"group_id": "d", "concept": "alone"},
    )
    assert leak_safe_groups(frame).tolist() == ["a", "a", "a", "a", "d"]


def songs(n_groups: int = 40, n_classes: int = 4, rows: int = 7) -> tuple[np.ndarray, np.ndarray]:
    number = np.repeat(np.arange(n_groups), rows)
    return np.array([f"s{k}" for k in number]), number % n_classes


def test_folds_hold_groups_whole_and_classes_even() -> None:
    groups, strata = songs()
    folds = grouped_folds(groups, strata, seed=3)
    assert folds.dtype == np.int64 and set(folds.tolist()) == set(range(5))
    assert all(len(set(folds[groups == g].tolist())) == 1 for g in set(groups.tolist()))
    counts = np.array([np.bincount(strata[folds == k], minlength=4) for k in range(5)])
    assert counts.std(axis=0).max() == 0
    assert (folds == grouped_folds(groups, strata, seed=3)).all()
    assert (folds != grouped_folds(groups, strata, seed=4)).any()


def test_small_classes_are_told_without_a_warning() -> None:
    groups, strata = songs(n_groups=8)
    strata = np.where(groups == "s0", 9, strata)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folds = grouped_folds(groups, strata, seed=0)
    assert len(set(folds.tolist())) == 5
    sparse = {c.stratum: c.n_groups for c in sparse_classes(groups, strata)}
    assert sparse == {0: 1, 1: 2, 2: 2, 3: 2, 9: 1}
    assert sparse_classes(*songs(), n_folds=5) == ()


def test_splits_that_cannot_be() -> None:
    groups, strata = songs(n_groups=3)
    with pytest.raises(DataError, match="too few groups"):
        grouped_folds(groups, strata, seed=0)
    with pytest.raises(ConfigError, match="too few folds"):
        grouped_folds(groups, strata, n_folds=1, seed=0)
    with pytest.raises(DataError, match="belong together"):
        grouped_folds(groups, strata[:-1], seed=0)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 9)), min_size=8, max_size=90), st.integers(2, 5), st.integers(0))
def test_the_shuffles_are_those_of_scikit_learn(pairs: Any, n_folds: int, seed: int) -> None:
    from sklearn.model_selection import StratifiedGroupKFold

    codes = np.unique([g for g, _ in pairs], return_inverse=True)[1]
    classes = np.unique([c for _, c in pairs], return_inverse=True)[1]
    if codes.max() + 1 < n_folds or np.bincount(classes).max() < n_folds:
        return
    seeds = np.random.SeedSequence(seed).generate_state(4)
    for state, found in zip(seeds, _stratified(codes, classes, n_folds=n_folds, seeds=seeds), strict=True):
        splitter = StratifiedGroupKFold(n_splits=n_folds, shuffle=True, random_state=int(state))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for fold, (_, held) in enumerate(splitter.split(np.zeros(len(codes)), classes, codes)):
                assert (found[held] == fold).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(-1, 3)), min_size=2, max_size=60), st.integers(2, 5))
def test_any_groups_and_classes(pairs: Any, n_folds: int) -> None:
    groups = np.array([f"g{g}" for g, _ in pairs])
    strata = np.array([c for _, c in pairs])
    if len(set(groups.tolist())) < n_folds:
        return
    folds = grouped_folds(groups, strata, n_folds=n_folds, seed=1)
    assert set(folds.tolist()) == set(range(n_folds))
    assert all(len(set(folds[groups == g].tolist())) == 1 for g in set(groups.tolist()))


def test_the_leaked_split_must_be_asked_for_by_name() -> None:
    for confirm in ("", "yes", "LEAKED"):
        with pytest.raises(ConfigError, match="leaks"):
            row_folds(100, seed=0, confirm=confirm)
    folds = row_folds(103, seed=0, confirm="leaked")
    assert sorted(np.bincount(folds).tolist()) == [20, 20, 21, 21, 21]
    with pytest.raises(ConfigError, match="cannot be split"):
        row_folds(3, seed=0, confirm="leaked")


def test_expected_twins_in_closed_form() -> None:
    assert expected_twin_share(np.arange(10), n_held=2) == 0
    assert expected_twin_share(np.array(["a", "a"]), n_held=1) == 1
    # Three rows, two of them twins, one held: the twin is in training for two of the three.
    assert expected_twin_share(np.array([0, 0, 1]), n_held=1) == pytest.approx(2 / 3)
    # Two held of four rows in two pairs: a twin is held too with probability 1/3.
    assert expected_twin_share(np.array([0, 0, 1, 1]), n_held=2) == pytest.approx(2 / 3)


def test_the_users_stem_table_leaks_almost_wholly_by_row() -> None:
    per_album = {"Z": (10, 187), "R": (12, 155), "O": (10, 197), "Y": (10, 130), "G": (8, 44), "B": (11, 179)}
    songs_of = [f"{a}{k % n}" for a, (n, stems) in per_album.items() for k in range(stems)]
    assert len(songs_of) == 892
    assert (1 - expected_twin_share(np.array(songs_of), n_held=178)) * 178 < 0.1
