"""How unlike the training texts a text is, as a p-value that stays honest for held-out groups.

A detector gives a vector an OOD score and compares it with those of the training texts, each scored against the texts of
*other* groups only. The p-value is the share of training texts with at least that score:
p = (1 + #{calibration scores >= s}) / (n + 1), conformal with whole groups left out. A text of a new group of the same
source therefore falls below 0.05 about one time in twenty, whatever the measure.

Which measure, by what was measured with MiniLM vectors: the share of texts with p < 0.05, 5 folds by group, mean of 3
seeds; "none" are 176 texts of 16 kinds that are no concepts, and the kinds tested are never kinds of the background;
"hard" are 200 texts in prose and verse that look like concepts, of 10 kinds that no background holds (with the background
measure, mean of 5 folds: proposals 1.00, songs 0.56, starter 0.12). With the other hard kinds in the background 0.30 of a
hard kind would be refused on the starter, and 0.05 of held-out concepts as before; they stay out, to measure with.

    fitted on             measure        proposals  songs  starter   none
    403 proposals         neighbours       0.05      0.97    1.00    1.00
    (25 threads)          mahalanobis      0.03      0.96    1.00    1.00
                          mix              0.03      0.98    1.00    1.00
                          background       0.05      0.96    1.00    1.00
    50 songs              neighbours       0.00      0.05    0.47    0.98
                          mahalanobis      0.05      0.16    0.78    1.00
                          mix              0.01      0.07    0.61    0.99
                          background       0.00      0.06    0.62    0.99
    723 starter texts     neighbours       0.24      0.57    0.05    0.88
    (96 groups)           mahalanobis      0.20      0.54    0.03    0.83
                          mix              0.26      0.61    0.04    0.89
                          background       0.09      0.36    0.04    0.99

The starter texts are those of its first edition; on the second, the background measure refuses 0.22 of the proposals.

So the default with a background is `background`: a plane between the training texts and texts that are no concepts does
the work, and the neighbour distance, at the same scale, guards against vectors far from both. It alone catches at least
0.95 of the non-concepts on every corpus. The default without one is `neighbours`, which holds its level on the smallest
corpus. A detector knows only its sources: fitted on proposals it calls 19 of 20 songs out of distribution, since their
model never saw the like. The other way round it is nearly blind: songs and proposals are both plain prose about songs. So a
source that is named and unknown to the run is refused by its name (the rule `ood_detection`). Sources trained together are
calibrated apart (`origins`), and the p-value is that of the source that the text is most like: in one pool about 40 %
of held-out songs fell below 0.05, as proposals outnumber them eight to one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from rebracket_core.errors import DataError, ModelError
from rebracket_core.validation.ood.measures import (
    MEASURES,
    Direction,
    Mahalanobis,
    Measure,
    Neighbours,
    leave_groups_out,
    nearest,
)

SCHEMA_VERSION = 1
# Below this many texts no p-value can be under 0.05, so a smaller origin joins the largest.
MIN_ORIGIN_TEXTS = 20
# The weight of neighbour distance in the background score, both in units of their spread over the training texts.
# Less (0.2) lets texts of unknown sources pass twice as often and catches no more of the non-concepts.
GUARD = 1.0
# The share of neighbours in the mix of ranks.
MIX = 0.5


class OodMethod(StrEnum):
    """The OOD scores to choose from; see the module's table for what each reaches."""

    NEIGHBOURS = "neighbours"
    MAHALANOBIS = "mahalanobis"
    MIX = "mix"
    BACKGROUND = "background"


_METHODS = tuple(OodMethod)


@dataclass(frozen=True, slots=True)
class _Own:
    """What a measure gave on its own training texts, sorted, and the mean and spread of that, which every score is held to."""

    values: np.ndarray
    mean: float = field(init=False)
    spread: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", float(self.values.mean()))
        object.__setattr__(self, "spread", max(float(self.values.std()), 1e-12))

    def rank(self, scores: np.ndarray) -> np.ndarray:
        return np.searchsorted(self.values, scores, side="left") / len(self.values)

    def scaled(self, scores: np.ndarray) -> np.ndarray:
        return (scores - self.mean) / self.spread


@dataclass(frozen=True, slots=True)
class _Reference:
    """One source: its measures, what each gave on its own training texts, and the sorted calibration of their union."""

    method: OodMethod
    measures: tuple[Measure, ...]
    own: tuple[_Own, ...]
    calibration: np.ndarray

    def p_value(self, vectors: np.ndarray) -> np.ndarray:
        scores = _combine(self.method, [m.score(vectors) for m in self.measures], own=self.own)
        at_least = len(self.calibration) - np.searchsorted(self.calibration, scores, side="left")
        return (1.0 + at_least) / (len(self.calibration) + 1.0)


@dataclass(frozen=True, slots=True)
class OodDetector:
    """A fitted out-of-distribution detector: `fit`, then `p_value`; `to_arrays` and `from_arrays` keep it."""

    method: OodMethod
    dim: int
    references: tuple[_Reference, ...]

    @classmethod
    def fit(
        cls,
        vectors: np.ndarray,
        groups: Sequence[str] | np.ndarray,
        *,
        origins: Sequence[str] | np.ndarray | None = None,
        background: np.ndarray | None = None,
        method: OodMethod | str | None = None,
        k: int = 5,
        seed: int = 0,
    ) -> OodDetector:
        """A detector of (n, d) training vectors, rows of length 1, with the group of each row.

        `origins` (n,) names the source of each row; sources are calibrated apart. `background` is (b, d) vectors of
        texts that are no concepts; with it the default method is "background", else "neighbours". Repeated texts
        of a group count once. Raises DataError for vectors of the wrong shape or with no numbers, fewer than two
        groups, or the method "background" without a background.
        """
        rows = _checked(vectors, what="training vectors")
        group_of = np.asarray(list(groups), dtype=str)
        origin_of = np.full(len(rows), "", dtype=str) if origins is None else np.asarray(list(origins), dtype=str)
        if len(group_of) != len(rows) or len(origin_of) != len(rows):
            raise DataError(
                "Vectors, groups and origins differ in number.",
                expected=f"{len(rows)} of each",
                found=f"{len(group_of)} groups, {len(origin_of)} origins",
                hint="give one of each per row",
            )
        chosen = _method(method, background)
        against = None if background is None else _checked(background, what="background vectors", dim=rows.shape[1])
        rows, group_of, origin_of = _distinct(rows, group_of, origins=origin_of)
        references = tuple(
            _fit_reference(rows[part], group_of[part], background=against, method=chosen, k=k, seed=seed)
            for part in _parts(group_of, origin_of)
        )
        return cls(method=chosen, dim=rows.shape[1], references=references)

    def p_value(self, vectors: np.ndarray) -> np.ndarray:
        """(m,) float64 p-values of (m, d) unit rows, each in (0, 1]: small means unlike the training texts.

        With several sources, the p-value of the source that the text is most like.
        """
        rows = _checked(vectors, what="vectors", dim=self.dim)
        if not len(rows):
            return np.empty(0)
        return np.max([reference.p_value(rows) for reference in self.references], axis=0)

    def training_vectors(self) -> np.ndarray:
        """(n, d) different training vectors that the detector holds; none where its method needs none."""
        held = [m.vectors for r in self.references for m in r.measures if isinstance(m, Neighbours)]
        return np.concatenate(held) if held else np.empty((0, self.dim), dtype=np.float32)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The detector as named arrays, fit for safetensors."""
        head = [SCHEMA_VERSION, _METHODS.index(self.method), self.dim, len(self.references)]
        arrays = {"head": np.array(head, dtype=np.int64)}
        for i, reference in enumerate(self.references):
            arrays[f"{i}.calibration"] = reference.calibration
            for measure, own in zip(reference.measures, reference.own, strict=True):
                arrays[f"{i}.{measure.name}.raw"] = own.values
                arrays |= {f"{i}.{measure.name}.{name}": value for name, value in measure.to_arrays().items()}
        return {name: np.ascontiguousarray(value) for name, value in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> OodDetector:
        """The detector that `to_arrays` wrote; ModelError where arrays are missing or of another schema."""
        try:
            version, method_idx, dim, count = (int(value) for value in arrays["head"])
            if version != SCHEMA_VERSION:
                raise ModelError(
                    "The out-of-distribution detector has another schema.",
                    expected=f"version {SCHEMA_VERSION}",
                    found=f"version {version}",
                    hint="train the run again",
                )
            method = _METHODS[method_idx]
            references = tuple(_read_reference(arrays, method=method, idx=i) for i in range(count))
        except (KeyError, IndexError, ValueError) as error:
            raise ModelError(
                "The out-of-distribution detector is damaged.",
                expected="the arrays that to_arrays wrote",
                found=f"{type(error).__name__}: {error}",
                hint="train the run again",
            ) from error
        return cls(method=method, dim=dim, references=references)


def _combine(method: OodMethod, scores: Sequence[np.ndarray], *, own: Sequence[_Own]) -> np.ndarray:
    """One score out of the measures' scores, given what each measure gave on the training texts."""
    if method is OodMethod.MIX:
        return MIX * own[0].rank(scores[0]) + (1.0 - MIX) * own[1].rank(scores[1])
    if method is OodMethod.BACKGROUND:
        return own[0].scaled(scores[0]) + GUARD * own[1].scaled(scores[1])
    return scores[0]


def _fit_reference(
    rows: np.ndarray, groups: np.ndarray, *, background: np.ndarray | None, method: OodMethod, k: int, seed: int
) -> _Reference:
    fitted: list[tuple[Measure, np.ndarray]] = []
    if method is OodMethod.BACKGROUND and background is not None:
        against = background
        plane = leave_groups_out(rows, groups, fit=lambda part: Direction.fit(part, against), seed=seed)
        fitted.append((Direction.fit(rows, against), plane))
    if method is not OodMethod.MAHALANOBIS:
        largest = int(np.unique(groups, return_counts=True)[1].max())
        near = max(1, min(k, len(rows) - largest))
        apart = nearest(rows, rows, k=near, own=groups, training_groups=groups)
        fitted.append((Neighbours(vectors=rows, k=near), apart))
    if method in (OodMethod.MAHALANOBIS, OodMethod.MIX):
        fitted.append((Mahalanobis.fit(rows), leave_groups_out(rows, groups, fit=Mahalanobis.fit, seed=seed)))
    own = tuple(_Own(np.sort(scores)) for _, scores in fitted)
    calibration = np.sort(_combine(method, [scores for _, scores in fitted], own=own))
    return _Reference(method, tuple(measure for measure, _ in fitted), own, calibration)


def _read_reference(arrays: Mapping[str, np.ndarray], *, method: OodMethod, idx: int) -> _Reference:
    names = {
        OodMethod.NEIGHBOURS: (Neighbours.name,),
        OodMethod.MAHALANOBIS: (Mahalanobis.name,),
        OodMethod.MIX: (Neighbours.name, Mahalanobis.name),
        OodMethod.BACKGROUND: (Direction.name, Neighbours.name),
    }[method]
    measures, own = [], []
    for name in names:
        start = f"{idx}.{name}."
        kept = {key.removeprefix(start): value for key, value in arrays.items() if key.startswith(start)}
        own.append(_Own(kept["raw"]))
        measures.append(MEASURES[name](kept))
    return _Reference(method, tuple(measures), tuple(own), arrays[f"{idx}.calibration"])


def _method(method: OodMethod | str | None, background: np.ndarray | None) -> OodMethod:
    if method is None:
        return OodMethod.NEIGHBOURS if background is None else OodMethod.BACKGROUND
    if method not in [str(known) for known in OodMethod]:
        raise DataError(
            "There is no such method.",
            expected=f"one of {', '.join(OodMethod)}",
            found=repr(method),
            hint="leave it out for the default",
        )
    chosen = OodMethod(method)
    if chosen is OodMethod.BACKGROUND and background is None:
        raise DataError(
            "The method 'background' has no background.",
            expected="vectors of texts that are no concepts",
            found="none",
            hint="pass background=, or the method 'neighbours'",
        )
    return chosen


def _checked(vectors: np.ndarray, *, what: str, dim: int | None = None) -> np.ndarray:
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    wanted = f"(n, {dim if dim is not None else 'd'})"
    if rows.ndim != 2 or (dim is not None and rows.shape[1] != dim):
        raise DataError(
            f"The {what} have the wrong shape.",
            expected=wanted,
            found=str(rows.shape),
            hint="use the encoder that the run was trained with",
        )
    bad = ~np.isfinite(rows).all(axis=1)
    if bad.any():
        raise DataError(
            f"The {what} hold values that are no numbers.",
            expected="finite numbers",
            found="NaN or infinity",
            hint="encode the texts again",
            where=f"row {int(np.argmax(bad))}",
        )
    return rows


def _distinct(rows: np.ndarray, groups: np.ndarray, *, origins: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows without exact repetitions inside a group: a song's segments all carry the same concept."""
    first: dict[tuple[str, str, bytes], int] = {}
    for i in range(len(rows)):
        first.setdefault((str(origins[i]), str(groups[i]), rows[i].tobytes()), i)
    keep = np.array(sorted(first.values()), dtype=np.int64)
    return rows[keep], groups[keep], origins[keep]


def _parts(groups: np.ndarray, origins: np.ndarray) -> list[np.ndarray]:
    """The positions of each source; a source too small for its own calibration joins the largest."""
    if len(np.unique(groups)) < 2:
        raise DataError(
            "There are too few groups for a detector.",
            expected="training texts of at least two groups",
            found=f"{len(np.unique(groups))}",
            hint="import more songs or threads",
        )
    found = [np.flatnonzero(origins == name) for name in np.unique(origins)]
    found.sort(key=lambda part: (-len(part), int(part[0])))
    large = [p for p in found if len(p) >= MIN_ORIGIN_TEXTS and len(np.unique(groups[p])) >= 2]
    small = [p for p in found if len(p) < MIN_ORIGIN_TEXTS or len(np.unique(groups[p])) < 2]
    if not large:
        return [np.arange(len(origins))]
    return [np.sort(np.concatenate([large[0], *small])), *large[1:]]
