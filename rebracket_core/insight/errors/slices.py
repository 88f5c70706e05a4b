"""Kinds of texts on which a run does worse than on the others, with intervals that know how many were looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rebracket_core.insight.review import Review
from rebracket_core.rainbow import ALBUM_NAMES, TYPE_NAMES
from rebracket_core.stats import group_codes, simultaneous_differences

MIN_ROWS, MIN_GROUPS = 8, 5
TWIN_COSINE = 0.8
_QUARTERS = ("shortest quarter", "shorter half", "longer half", "longest quarter")


@dataclass(frozen=True, slots=True)
class Slice:
    """The texts that share one value of one property: how often they are right, and how the rest is.

    `difference` is the slice less the rest; its interval and `p` hold for all slices that were looked at together. `rows` are
    places in the review.
    """

    what: str
    value: str
    n: int
    n_groups: int
    right: float
    rest: float
    difference: float
    low: float
    high: float
    p: float
    rows: np.ndarray

    @property
    def worse(self) -> bool:
        """Whether the slice is worse than the rest beyond what chance does to the worst of so many."""
        return self.high < 0.0


@dataclass(frozen=True, slots=True)
class SliceReport:
    """The slices, the worst first; how many were looked at, and which were left out because they are too small."""

    slices: tuple[Slice, ...]
    looked_at: int
    too_small: tuple[str, ...]
    n: int


def find_slices(
    right: np.ndarray, properties: Mapping[str, Sequence[str]], groups: np.ndarray, *, rows: np.ndarray, seed: int
) -> SliceReport:
    """Every value of every property against the rest of the texts, the worst first.

    `right` (n,) 0/1; each property gives n words, "" where it says nothing of a text. A slice needs 8 texts from 5 songs, and
    so does the rest. Intervals are simultaneous over all slices (maxT bootstrap over songs).
    """
    codes = group_codes(groups)
    names, inside, small = _large_enough(properties, codes)
    if not names:
        return SliceReport((), 0, small, len(right))
    table = np.column_stack(inside)
    joint = simultaneous_differences(right, table, groups, seed=seed)
    found = [
        Slice(
            what=what,
            value=value,
            n=int(table[:, k].sum()),
            n_groups=len(set(codes[table[:, k]].tolist())),
            right=float(right[table[:, k]].mean()),
            rest=float(right[~table[:, k]].mean()),
            difference=float(joint.value[k]),
            low=float(joint.low[k]),
            high=float(joint.high[k]),
            p=float(joint.p[k]),
            rows=rows[table[:, k]],
        )
        for k, (what, value) in enumerate(names)
    ]
    ranked = sorted(found, key=lambda s: (s.difference, s.what, s.value))
    return SliceReport(tuple(ranked), len(found), small, len(right))


def _large_enough(
    properties: Mapping[str, Sequence[str]], codes: np.ndarray
) -> tuple[list[tuple[str, str]], list[np.ndarray], tuple[str, ...]]:
    """The property and value of each slice that is large enough, the rows (n,) bool in it, and the names of the others."""
    names, inside, small = list[tuple[str, str]](), list[np.ndarray](), list[str]()
    for what, words in properties.items():
        values = np.asarray(words, dtype=object)
        for value in sorted({w for w in words if w}):
            mask = values == value
            if _enough(mask, codes) and _enough(~mask, codes):
                names.append((what, value))
                inside.append(mask)
            else:
                small.append(f"{what}: {value}")
    return names, inside, tuple(small)


def _enough(mask: np.ndarray, codes: np.ndarray) -> bool:
    return int(mask.sum()) >= MIN_ROWS and len(set(codes[mask].tolist())) >= MIN_GROUPS


def properties_of(review: Review, rows: np.ndarray, *, twin: np.ndarray | None = None) -> dict[str, list[str]]:
    """What slices are made of, for some rows: length, album, source, agent, type, who typed it, a close twin in training.

    `twin` (len(review),) is the highest cosine to a text that the row's model was trained on; None leaves it out.
    """
    words = np.array([len(review.text[int(i)].split()) for i in rows])
    edges = np.unique(np.quantile(words, (0.25, 0.5, 0.75))) if len(words) else np.zeros(0)
    place = np.searchsorted(edges, words, side="left")
    names = _QUARTERS if len(edges) == 3 else tuple(f"length part {k + 1}" for k in range(len(edges) + 1))
    properties = {
        "length": [names[int(k)] for k in place],
        "album": [ALBUM_NAMES[int(review.album_truth[i])] if review.album_truth[i] >= 0 else "" for i in rows],
    }
    if twin is not None:
        properties["close twin in training"] = ["yes" if twin[i] >= TWIN_COSINE else "no" for i in rows]
    if review.predictions is None:
        return properties
    predictions = review.predictions
    properties |= {
        "source": [predictions.origin[int(i)] for i in rows],
        "agent": [predictions.agent[int(i)] for i in rows],
        "types said by": [predictions.types_from[int(i)] for i in rows],
    }
    for k, name in enumerate(TYPE_NAMES):
        flags = [bool(predictions.types_truth[i, k]) if predictions.types_labelled[i] else None for i in rows]
        properties[f"type {name}"] = ["" if f is None else "yes" if f else "no" for f in flags]
    return properties


def twin_cosines(vectors: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """(n,) the highest cosine of each row to a row of another fold, which is what its model was trained on; -1 for none."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(norms > 0, norms, 1.0)
    best = np.full(len(unit), -1.0)
    for start in range(0, len(unit), 1024):
        cosines = unit[start : start + 1024] @ unit.T
        cosines[fold[start : start + 1024, None] == fold[None]] = -1.0
        best[start : start + 1024] = cosines.max(axis=1)
    return best
