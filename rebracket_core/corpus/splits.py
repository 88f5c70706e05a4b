"""Splits by group - the only honest ones here - and the leaked one, which must be asked for by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rebracket_core.errors import ConfigError, DataError
from rebracket_core.texts import normalised_text

LEAKED = "leaked"
_TRIES = 50
# Building folds costs time per group: with many groups the balance is good after few tries.
_GROUP_BUDGET = 8_000


@dataclass(frozen=True, slots=True)
class SparseClass:
    """A class with fewer groups than folds, so that some fold has none of it."""

    stratum: int
    n_groups: int


def grouped_folds(groups: np.ndarray, strata: np.ndarray, *, n_folds: int = 5, seed: int) -> np.ndarray:
    """The fold of each row, (n,) int64 from 0 to n_folds - 1; a group is in one fold, and no fold is empty.

    `groups` (n,) str; `strata` (n,) int, the class to balance (-1 for none). Up to 50 shuffles, with seeds derived from
    `seed`, are tried as scikit-learn's StratifiedGroupKFold would; the one with the best class balance is taken.
    Raises ConfigError for a number of folds below 2, DataError for fewer groups than folds.
    """
    names, codes = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    classes = np.unique(np.asarray(strata), return_inverse=True)[1]
    _check(codes, classes, n_groups=len(names), n_folds=n_folds)
    tries = max(3, min(_TRIES, _GROUP_BUDGET // len(names)))
    best: tuple[float, np.ndarray] | None = None
    for folds in _stratified(codes, classes, n_folds=n_folds, seeds=np.random.SeedSequence(seed).generate_state(tries)):
        if len(np.unique(folds)) < n_folds:
            continue
        score = _imbalance(folds, classes, n_folds=n_folds)
        if best is None or score < best[0] - 1e-12:
            best = score, folds
    folds = best[1] if best is not None else _by_size(codes, n_folds=n_folds, seed=seed)
    _check_groups(folds, codes, n_folds=n_folds)
    return folds


def _check(codes: np.ndarray, classes: np.ndarray, *, n_groups: int, n_folds: int) -> None:
    if n_folds < 2:
        raise ConfigError("There are too few folds.", expected="2 or more", found=str(n_folds), hint="use 5")
    if len(codes) != len(classes):
        raise DataError(
            "Groups and classes do not belong together.",
            expected=f"{len(codes)} classes",
            found=str(len(classes)),
            hint="give one class for each row",
        )
    if n_groups < n_folds:
        raise DataError(
            "There are too few groups to split.",
            expected=f"at least {n_folds} groups",
            found=str(n_groups),
            hint="use fewer folds, or import more songs",
        )


def _stratified(codes: np.ndarray, classes: np.ndarray, *, n_folds: int, seeds: np.ndarray) -> np.ndarray:
    """(len(seeds), n) folds: those that scikit-learn's StratifiedGroupKFold gives for each seed, all seeds at once.

    The groups are taken in turn, those of the most uneven classes first, each into the fold where the classes spread most
    evenly then. Shuffles side by side take a fraction of the time of as many calls (a fiftieth on the starter corpus), and
    every launch waits for them.
    """
    # Strata of which none has as many rows as there are folds balance nothing: then groups alone are balanced.
    strata = classes if np.bincount(classes).max() >= n_folds else np.zeros_like(classes)
    counts = np.zeros((codes.max() + 1, strata.max() + 1))
    np.add.at(counts, (codes, strata), 1.0)
    totals = counts.sum(axis=0)
    # A group's place by chance, then the most uneven first; equal ones stay where chance put them.
    shuffled = np.stack([np.random.RandomState(seed).permutation(len(counts)) for seed in seeds])
    order = np.take_along_axis(shuffled, np.argsort(-counts.std(axis=1)[shuffled], axis=1, kind="stable"), axis=1)
    every, one_more = np.arange(len(seeds)), np.eye(n_folds)
    loads = np.zeros((len(seeds), n_folds, counts.shape[1]))
    of_group = np.zeros((len(seeds), len(counts)), dtype=np.int64)
    for groups in order.T:
        added = counts[groups]
        # (seeds, fold that takes the group, folds, classes)
        proposed = (loads[:, None] + one_more[None, :, :, None] * added[:, None, None]) / totals
        best = _evenest(proposed.std(axis=2).mean(axis=2), loads.sum(axis=2))
        loads[every, best] += added
        of_group[every, groups] = best
    return of_group[:, codes]


def _evenest(spread: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The fold of each row with the least spread, the smaller of two that are as good as equal; both (seeds, folds)."""
    best = np.zeros(len(spread), dtype=np.int64)
    least, smallest = spread[:, 0].copy(), sizes[:, 0].copy()
    for fold in range(1, spread.shape[1]):
        equal = np.isclose(spread[:, fold], least) & (sizes[:, fold] < smallest)
        better = (spread[:, fold] < least) | equal
        best[better] = fold
        least[better], smallest[better] = spread[better, fold], sizes[better, fold]
    return best


def _imbalance(folds: np.ndarray, classes: np.ndarray, *, n_folds: int) -> float:
    counts = np.zeros((n_folds, classes.max() + 1))
    np.add.at(counts, (folds, classes), 1.0)
    by_class = (counts / counts.sum(axis=0)).std(axis=0).mean()
    by_size = (counts.sum(axis=1) / counts.sum()).std()
    return float(by_class + by_size)


def _by_size(codes: np.ndarray, *, n_folds: int, seed: int) -> np.ndarray:
    """Folds where stratified tries left one empty: the largest groups first, each to the smallest fold."""
    sizes = np.bincount(codes)
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    loads = np.zeros(n_folds)
    of_group = np.zeros(len(sizes), dtype=np.int64)
    for group in order:
        of_group[group] = int(loads.argmin())
        loads[of_group[group]] += sizes[group]
    result: np.ndarray = of_group[codes]
    return result


def _check_groups(folds: np.ndarray, codes: np.ndarray, *, n_folds: int) -> None:
    pairs = np.unique(np.stack([codes, folds]), axis=1)
    if pairs.shape[1] != len(np.unique(codes)) or len(np.unique(folds)) != n_folds:
        raise DataError(
            "The split is not sound.",
            expected="each group in one fold, and no empty fold",
            found=f"{pairs.shape[1]} group-fold pairs",
            hint="report this as a defect",
        )


def row_folds(n_rows: int, *, n_folds: int = 5, seed: int, confirm: str = "") -> np.ndarray:
    """The fold of each row, (n_rows,) int64, at random, blind to groups: a leaked split that measures memory.

    Raises ConfigError unless `confirm` is "leaked"; whoever shows its figures marks them so.
    """
    if confirm != LEAKED:
        raise ConfigError(
            "A split by row leaks: rows of one song share their text.",
            expected=f'confirm="{LEAKED}"',
            found=repr(confirm),
            hint="split by group, or ask for the leaked split by name",
        )
    if n_folds < 2 or n_rows < n_folds:
        raise ConfigError(
            "These rows cannot be split.",
            expected="2 folds or more, and a row for each",
            hint="use fewer folds",
            found=f"{n_rows} rows, {n_folds} folds",
        )
    return np.random.default_rng(seed).permutation(np.arange(n_rows, dtype=np.int64) % n_folds)


def sparse_classes(groups: np.ndarray, strata: np.ndarray, *, n_folds: int = 5) -> tuple[SparseClass, ...]:
    """The classes that stand in fewer groups than there are folds; scores of them mean little."""
    pairs = pd.DataFrame({"group": np.asarray(groups, dtype=str), "stratum": np.asarray(strata)}).drop_duplicates()
    counts = pairs.groupby("stratum").size()
    return tuple(SparseClass(int(k), int(n)) for k, n in counts.items() if n < n_folds)  # type: ignore[call-overload]


def leak_safe_groups(frame: pd.DataFrame) -> np.ndarray:
    """The group of each row, (n,) str, with groups merged that share a concept (case, punctuation and spacing aside).

    A merged group bears the first of its names in alphabetical order.
    """
    names = frame["group_id"].tolist()
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    first_with: dict[str, str] = {}
    for name, concept in zip(names, frame["concept"].tolist(), strict=True):
        text = normalised_text(concept)
        if not text:
            continue
        one, other = sorted((root(name), root(first_with.setdefault(text, name))))
        parent[other] = one
    return np.array([root(name) for name in names], dtype=str)
