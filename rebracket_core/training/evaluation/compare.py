"""Two runs or more on the rows that all pairs predicted: what differs, by how much, and whether chance would do the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from rebracket_core.errors import InputError
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES
from rebracket_core.stats import (
    OutOfFoldPredictions,
    OutOfFoldRows,
    common_positions,
    group_sums,
    holm,
    merged_groups,
    paired_differences,
)

MIN_GROUPS = 2
BRIER, LOG_LOSS = "album_brier", "album_log_loss"
METRICS = ("album", *AXIS_NAMES, BRIER, LOG_LOSS)
TYPE_METRICS = ("types", "types_f1", "types_log_loss")
ANY_TYPE_METRICS = ("any_type", "any_type_log_loss")
_LOWER_IS_BETTER = frozenset({BRIER, LOG_LOSS, "types_log_loss", "any_type_log_loss"})
_FLOOR = 1e-12
LEAKED_NOTE = (
    "{runs} was split by row, so texts of one song stood on both sides: its figures measure memory, and the differences say "
    "nothing about which run is better."
)


@dataclass(frozen=True, slots=True)
class RunPredictions:
    """A run as it enters a comparison: its held-out rows, whether its split leaks, and its config as plain values.

    `predictions` are the numbers of the same rows, without which types cannot be compared.
    """

    run_id: str
    rows: OutOfFoldRows
    leaked: bool
    config: Mapping[str, Any]
    predictions: OutOfFoldPredictions | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of two runs on their common rows; `difference` is the second less the first, with its 95 % interval.

    `p` is that of the sign-flip permutation test over groups, `p_holm` the same corrected for all that were compared.
    None where the metric has no common row, or fewer than two groups.
    """

    metric: str
    lower_is_better: bool
    first: float | None
    second: float | None
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    p: float | None
    p_holm: float | None
    n: int
    n_groups: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A common row to which the two runs give different albums; `right` is "first", "second", "neither" or "unknown"."""

    row_id: str
    group_id: str
    text: str
    truth: str | None
    first: str
    first_probability: float
    first_verdict: str
    second: str
    second_probability: float
    second_verdict: str
    right: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second run against the first on the rows that both predicted.

    `only_first` and `only_second` count rows that the other did not predict, `relabelled` common rows whose label changed
    between the two (they count for no metric that changed). `leaked` names the runs whose figures are worth nothing; `honest`
    is False then. `config` maps each option that differs to its two values.
    """

    first: str
    second: str
    n_rows: int
    n_groups: int
    only_first: int
    only_second: int
    relabelled: int
    leaked: tuple[str, ...]
    metrics: tuple[Difference, ...]
    config: Mapping[str, tuple[Any, Any]]
    disagreements: tuple[Disagreement, ...]
    notes: tuple[str, ...]

    @property
    def honest(self) -> bool:
        """Whether both runs were measured on groups that they were not trained on."""
        return not self.leaked

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain values."""
        return {**asdict(self), "honest": self.honest}


def compare_runs(runs: Sequence[RunPredictions], *, seed: int) -> list[Comparison]:
    """Each later run against the first, on the rows that both predicted: same id, same text.

    The p-values are corrected over all metrics of all pairs (Holm). A leaked run is compared and marked. Raises InputError
    for fewer than two runs, a run named twice, or a pair with fewer than two common groups.
    """
    ids = [run.run_id for run in runs]
    if len(runs) < 2 or len(set(ids)) != len(ids):
        raise InputError(
            "This is no comparison.",
            expected="two different runs or more",
            found=", ".join(ids) or "none",
            hint="name each run once, the one to compare with first",
        )
    found = [_pair(runs[0], other, seed=seed) for other in runs[1:]]
    corrected = iter(holm(np.array([m.p if m.p is not None else np.nan for c in found for m in c.metrics])).tolist())
    return [replace(one, metrics=tuple(replace(m, p_holm=_plain(next(corrected))) for m in one.metrics)) for one in found]


def on_truth_of_second(
    first: RunPredictions, second: RunPredictions, *, answered: Mapping[str, Sequence[bool]]
) -> tuple[RunPredictions, RunPredictions]:
    """Both runs on some rows alone, what is true of each taken from the second: for labels that only that one had.

    `answered` says by row id which of the axes (in the order of AXIS_NAMES) the labels answer; the others count for nothing.
    """
    here, there = (at.tolist() for at in common_positions(first.rows, second.rows))
    pairs = [(i, j) for i, j in zip(here, there, strict=True) if first.rows.row_id[i] in answered]
    at = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    b = second.rows.take(at[:, 1])
    known = np.array([answered[row_id] for row_id in b.row_id], dtype=bool).reshape(-1, len(AXIS_NAMES))
    b = replace(b, axis_truth=np.where(known, b.axis_truth, -1))
    a = replace(first.rows.take(at[:, 0]), album_truth=b.album_truth, axis_truth=b.axis_truth)
    return replace(first, rows=a, predictions=None), replace(second, rows=b, predictions=None)


def config_difference(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Each option whose value differs, with both values; None where a config does not know the option."""
    names = [*first, *(name for name in second if name not in first)]
    return {name: (first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)}


def _pair(first: RunPredictions, second: RunPredictions, *, seed: int) -> Comparison:
    at = common_positions(first.rows, second.rows)
    a, b = first.rows.take(at[0]), second.rows.take(at[1])
    groups = merged_groups(a.group_id, b.group_id)
    n_groups = int(groups.max()) + 1 if len(groups) else 0
    if n_groups < MIN_GROUPS:
        raise InputError(
            "These runs did not predict the same texts.",
            expected=f"common held-out texts of at least {MIN_GROUPS} songs or threads",
            found=f"{len(a):,} common texts in {n_groups} groups ({len(first.rows):,} and {len(second.rows):,} texts)",
            hint="compare runs on the same data set",
            where=f"{first.run_id} and {second.run_id}",
        )
    leaked = tuple(run.run_id for run in (first, second) if run.leaked)
    return Comparison(
        first=first.run_id,
        second=second.run_id,
        n_rows=len(a),
        n_groups=n_groups,
        only_first=len(first.rows) - len(a),
        only_second=len(second.rows) - len(b),
        relabelled=int(((a.album_truth != b.album_truth) | (a.axis_truth != b.axis_truth).any(axis=1)).sum()),
        leaked=leaked,
        metrics=(
            *_differences(a, b, groups=groups, seed=seed),
            *_type_differences(first, second, at=at, groups=groups, seed=seed),
        ),
        config=config_difference(first.config, second.config),
        disagreements=_disagreements(a, b),
        notes=tuple(LEAKED_NOTE.format(runs=run_id) for run_id in leaked),
    )


def _differences(a: OutOfFoldRows, b: OutOfFoldRows, *, groups: np.ndarray, seed: int) -> tuple[Difference, ...]:
    table_a, table_b = _values(a), _values(b)
    changed = np.column_stack([a.album_truth != b.album_truth, a.axis_truth != b.axis_truth])[:, _TRUTH_OF]
    table_a[changed] = np.nan
    return _paired(METRICS, table_a, table_b, groups=groups, seed=seed)


def _type_differences(
    first: RunPredictions, second: RunPredictions, *, at: tuple[np.ndarray, np.ndarray], groups: np.ndarray, seed: int
) -> tuple[Difference, ...]:
    """The differences on types and on having any, over rows whose labels are the same in both; none where a run has none."""
    if first.predictions is None or second.predictions is None:
        return ()
    a, b = first.predictions.take(at[0]), second.predictions.take(at[1])
    typed = a.types_labelled & b.types_labelled & (a.types_truth == b.types_truth).all(axis=1)
    marked = a.any_labelled & b.any_labelled & (a.any_truth == b.any_truth)
    names = [*(TYPE_METRICS if typed.any() else ()), *(ANY_TYPE_METRICS if marked.any() else ())]
    tables = [np.column_stack([*_type_values(x, typed), *_any_type_values(x, marked)]) for x in (a, b)]
    keep = [k for k, name in enumerate((*TYPE_METRICS, *ANY_TYPE_METRICS)) if name in names]
    return _paired(names, tables[0][:, keep], tables[1][:, keep], groups=groups, seed=seed)


def _type_values(of: OutOfFoldPredictions, typed: np.ndarray) -> list[np.ndarray]:
    """By row whether exactly the right types were predicted, F1 of the text's types, and log loss; NaN for rows without."""
    truth, predicted = of.types_truth > 0, of.predicted_types > 0
    hits, both = (truth & predicted).sum(axis=1), truth.sum(axis=1) + predicted.sum(axis=1)
    f1 = np.where(both > 0, 2.0 * hits / np.maximum(both, 1), 1.0)
    p = np.clip(of.types, _FLOOR, 1.0 - _FLOOR)
    loss = -np.where(truth, np.log(p), np.log1p(-p)).mean(axis=1)
    exact = (truth == predicted).all(axis=1).astype(np.float64)
    return [np.where(typed, values, np.nan) for values in (exact, f1, loss)]


def _any_type_values(of: OutOfFoldPredictions, marked: np.ndarray) -> list[np.ndarray]:
    """By row whether having any type was predicted rightly, and the log loss; NaN for rows without a label."""
    truth, p = of.any_truth > 0, np.clip(of.any_type, _FLOOR, 1.0 - _FLOOR)
    right = ((p >= 0.5) == truth).astype(np.float64)
    return [np.where(marked, values, np.nan) for values in (right, -np.where(truth, np.log(p), np.log1p(-p)))]


def _paired(
    names: Sequence[str], table_a: np.ndarray, table_b: np.ndarray, *, groups: np.ndarray, seed: int
) -> tuple[Difference, ...]:
    """The difference of each of some metrics, from two (n, m) tables of values a row."""
    if not names:
        return ()
    sums = group_sums(table_a, table_b, groups=groups)
    paired = paired_differences(sums, seed=seed)
    return tuple(
        Difference(
            metric=metric,
            lower_is_better=metric in _LOWER_IS_BETTER,
            first=_plain(paired.first[k]),
            second=_plain(paired.second[k]),
            difference=_plain(paired.difference[k]),
            ci_low=_plain(paired.low[k]),
            ci_high=_plain(paired.high[k]),
            p=_plain(paired.p[k]),
            p_holm=None,
            n=int(sums.counts[:, k].sum()),
            n_groups=int((sums.counts[:, k] > 0).sum()),
        )
        for k, metric in enumerate(names)
    )


# For each metric the truth that it rests on: 0 the album, 1 to 3 the axes.
_TRUTH_OF = np.array([0, 1, 2, 3, 0, 0])


def _values(rows: OutOfFoldRows) -> np.ndarray:
    """(n, 6) values a row in the order of METRICS; NaN where the row has no such truth or the run learnt no such answer.

    Brier is Σ (p - truth)² over the nine albums (0 to 2), log loss -ln p of the true album, floored at 1e-12.
    """
    has = (rows.album_truth >= 0) & (rows.album_top >= 0)
    known = (rows.axis_truth >= 0) & (rows.axis_top >= 0)
    hit = np.where(has, (rows.album_top == rows.album_truth).astype(np.float64), np.nan)
    axes = np.where(known, (rows.axis_top == rows.axis_truth).astype(np.float64), np.nan)
    chosen = rows.album_proba[np.arange(len(rows)), np.maximum(rows.album_truth, 0)]
    brier = np.where(has, (rows.album_proba**2).sum(axis=1) - 2.0 * chosen + 1.0, np.nan)
    loss = np.where(has, -np.log(np.maximum(chosen, _FLOOR)), np.nan)
    return np.column_stack([hit, axes, brier, loss])


def _disagreements(a: OutOfFoldRows, b: OutOfFoldRows) -> tuple[Disagreement, ...]:
    """The rows with different albums: those that one run has right first, the surest answers before the others."""
    differ = (a.album_top != b.album_top) & (a.album_top >= 0) & (b.album_top >= 0)
    found = [_disagreement(a, b, int(i)) for i in np.flatnonzero(differ)]
    rank = {"first": 0, "second": 0, "neither": 1, "unknown": 2}
    return tuple(sorted(found, key=lambda d: (rank[d.right], -max(d.first_probability, d.second_probability), d.row_id)))


def _disagreement(a: OutOfFoldRows, b: OutOfFoldRows, i: int) -> Disagreement:
    truth, one, two = int(a.album_truth[i]), int(a.album_top[i]), int(b.album_top[i])
    right = "neither"
    if truth < 0 or truth != b.album_truth[i]:
        right = "unknown"
    elif truth in (one, two):
        right = "first" if truth == one else "second"
    return Disagreement(
        row_id=a.row_id[i],
        group_id=a.group_id[i],
        text=a.text[i],
        truth=ALBUM_NAMES[truth] if right != "unknown" else None,
        first=ALBUM_NAMES[one],
        first_probability=float(a.album_proba[i, one]),
        first_verdict=a.verdict[i],
        second=ALBUM_NAMES[two],
        second_probability=float(b.album_proba[i, two]),
        second_verdict=b.verdict[i],
        right=right,
    )


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
