"""What a run's rebracketing types are worth on held-out texts: classes, averages, rankings, and simpler rules beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rebracket_core.corpus import Targets
from rebracket_core.models import Scores
from rebracket_core.rainbow import TYPE_NAMES
from rebracket_core.stats import AVERAGES, FIGURES, ClassFigures, class_scores, clustered_mean, ranking_figures
from rebracket_core.training.evaluation.type_baselines import ANY_TYPE, typed_rows

Document = dict[str, Any]
TOP_K = (1, 2, 3)
_F1 = FIGURES.index("f1")
_PAIRS = 10
_MEANS = ("average_precision", "prevalence", "auc")
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
Baselines = Mapping[str, Mapping[str, np.ndarray]]


def type_scores(
    scores: Scores, plain: Targets, *, groups: np.ndarray, baselines: Baselines, exclusive: bool, seed: int
) -> Document:
    """The part `types` of an evaluation: of the types, and under `marked` of whether there is any type at all.

    Rows count that have a label; where a text has exactly one type, rows that are known to have none are left out and counted.
    """
    document: Document = {"n": 0}
    if not exclusive and plain.any_labelled.any():
        document["marked"] = any_type_scores(scores, plain, groups=groups, baselines=baselines.get(ANY_TYPE, {}), seed=seed)
    at = np.flatnonzero(typed_rows(plain, exclusive=exclusive))
    if not len(at):
        return document
    truth, predicted, p, own = plain.types[at] > 0.5, scores.predicted_types[at] > 0.5, scores.types[at], groups[at]
    found = class_scores(truth, predicted, own, seed=seed)
    per_type = {
        name: _one_type(k, found, truth=truth, predicted=predicted, p=p, groups=own, seed=seed)
        for k, name in enumerate(TYPE_NAMES)
        if truth[:, k].any()
    }
    return {
        **document,
        "n": len(at),
        "n_groups": len(set(own.tolist())),
        "n_without_type": int((plain.types_labelled & (plain.types.sum(axis=1) == 0)).sum()),
        "exclusive": exclusive,
        **_right(truth, predicted, own, exclusive=exclusive, seed=seed),
        **{name: _average(found, j) for j, name in enumerate(AVERAGES)},
        "top_k": _top_k(truth, p, own, seed=seed),
        **{f"macro_{key}": _mean([row[key] for row in per_type.values()]) for key in _MEANS},
        "per_type": per_type,
        "absent": [name for name in TYPE_NAMES if name not in per_type],
        "baselines": {
            name: _baseline(values > 0.5, found, truth=truth, groups=own, exclusive=exclusive, seed=seed)
            for name, values in _given(baselines.get("types", {}), at).items()
        },
        "confusion": {"labels": list(TYPE_NAMES), "counts": (truth.T.astype(int) @ predicted.astype(int)).tolist()},
        "pairs": confused_pairs(truth, predicted),
    }


def _given(baselines: Mapping[str, np.ndarray], at: np.ndarray) -> dict[str, np.ndarray]:
    """What those baselines say of the rows `at` that say something of all of them."""
    return {name: values[at] for name, values in baselines.items() if (values[at] >= 0).all()}


def any_type_scores(
    scores: Scores, plain: Targets, *, groups: np.ndarray, baselines: Mapping[str, np.ndarray], seed: int
) -> Document:
    """Whether a text has any type at all: accuracy, precision, recall and F1 of yes, AUC, each with an interval."""
    at = np.flatnonzero(plain.any_labelled)
    truth, p, own = plain.any_type[at] > 0.5, scores.any_type[at], groups[at]
    predicted = p >= 0.5
    found = class_scores(truth[:, None], predicted[:, None], own, seed=seed)
    right = (predicted == truth).astype(np.float64)
    share = clustered_mean(right, own, seed=seed)
    rows = {}
    for name, values in _given(baselines, at).items():
        theirs = (values > 0.5) == truth
        other = class_scores(truth[:, None], (values > 0.5)[:, None], own, seed=seed)
        gap = clustered_mean(right - theirs, own, seed=seed)
        rows[name] = {
            "accuracy": float(theirs.mean()),
            "f1": _number(other.averages.value[0, _F1]),
            "accuracy_difference": {"value": gap.value, "ci_low": gap.ci_low, "ci_high": gap.ci_high},
            "f1_difference": _difference(found, other, 0),
        }
    return {
        "n": int(truth.sum()),
        "n_texts": len(at),
        "n_groups": len(set(own.tolist())),
        "prevalence": float(truth.mean()),
        "accuracy": share.value,
        "ci_low": share.ci_low,
        "ci_high": share.ci_high,
        **_figures(found, 0),
        **_ranking(truth, p, own, seed=seed),
        "baselines": rows,
    }


def confused_pairs(truth: np.ndarray, predicted: np.ndarray) -> list[Document]:
    """The pairs of types most often confused: the first was missed and the second predicted, in `n` `of` its texts.

    No text stands there, because figures are handed on; a review shows the texts of a pair.
    """
    missed, wrong = truth & ~predicted, predicted & ~truth
    counts = missed.T.astype(int) @ wrong.astype(int)
    order = [divmod(int(i), counts.shape[1]) for i in np.argsort(-counts, axis=None, kind="stable")[:_PAIRS]]
    return [
        {"truth": TYPE_NAMES[a], "predicted": TYPE_NAMES[b], "n": int(counts[a, b]), "of": int(truth[:, a].sum())}
        for a, b in order
        if counts[a, b] > 0
    ]


def _one_type(
    k: int, found: ClassFigures, *, truth: np.ndarray, predicted: np.ndarray, p: np.ndarray, groups: np.ndarray, seed: int
) -> Document:
    has, given = truth[:, k], predicted[:, k]
    return {
        "n": int(has.sum()),
        "n_groups": len(set(groups[has].tolist())),
        "prevalence": float(has.mean()),
        "n_predicted": int(given.sum()),
        **{key: value for j, name in enumerate(FIGURES) for key, value in _with_bounds(name, found.per_class, (k, j)).items()},
        **_ranking(has, p[:, k], groups, seed=seed),
        "confidence": {
            "predicted": _spread(p[given, k]),
            "right": float(has[given].mean()) if given.any() else None,
            "has_it": _spread(p[has, k]),
        },
    }


def _spread(p: np.ndarray) -> Document | None:
    """How probabilities are distributed: mean and quantiles; None without any."""
    if not len(p):
        return None
    return {"n": len(p), "mean": float(p.mean()), "quantiles": [float(q) for q in np.quantile(p, _QUANTILES)]}


def _right(truth: np.ndarray, predicted: np.ndarray, groups: np.ndarray, *, exclusive: bool, seed: int) -> Document:
    """How often the one type is right; where there may be several, how often exactly the right ones are predicted."""
    hit = (truth & predicted).any(axis=1) if exclusive else (truth == predicted).all(axis=1)
    share = clustered_mean(np.asarray(hit, dtype=np.float64), groups, seed=seed)
    return {"accuracy": share.value, "ci_low": share.ci_low, "ci_high": share.ci_high}


def _top_k(truth: np.ndarray, p: np.ndarray, groups: np.ndarray, *, seed: int) -> Document:
    """How often one of a text's types is among the k likeliest, over texts that have any."""
    some = truth.any(axis=1)
    first = np.take_along_axis(truth, np.argsort(-p, axis=1, kind="stable"), axis=1)[some]
    found = {}
    for k in TOP_K:
        share = clustered_mean(np.asarray(first[:, :k].any(axis=1), dtype=np.float64), groups[some], seed=seed)
        found[str(k)] = {"accuracy": share.value, **{key: v for key, v in share.to_dict().items() if key != "value"}}
    return found


def _baseline(
    predicted: np.ndarray, run: ClassFigures, *, truth: np.ndarray, groups: np.ndarray, exclusive: bool, seed: int
) -> Document:
    """A simpler rule's figures on the same texts, and by how much the run is better, on the same draws of groups."""
    other = class_scores(truth, predicted, groups, seed=seed)
    return {
        "accuracy": _right(truth, predicted, groups, exclusive=exclusive, seed=seed)["accuracy"],
        **{f"{name}_f1": _number(other.averages.value[j, _F1]) for j, name in enumerate(AVERAGES)},
        **{f"{name}_f1_difference": _difference(run, other, j) for j, name in enumerate(AVERAGES)},
    }


def _difference(run: ClassFigures, other: ClassFigures, average: int) -> Document:
    gap = run.difference(other)
    value, low, high = (_number(x[average, _F1]) for x in (gap.value, gap.low, gap.high))
    return {"value": value, "ci_low": low, "ci_high": high}


def _average(found: ClassFigures, average: int) -> Document:
    return {
        key: value for j, name in enumerate(FIGURES) for key, value in _with_bounds(name, found.averages, (average, j)).items()
    }


def _figures(found: ClassFigures, k: int) -> Document:
    rows = (_with_bounds(name, found.per_class, (k, j)) for j, name in enumerate(FIGURES))
    return {key: value for row in rows for key, value in row.items()}


def _with_bounds(name: str, of: Any, at: Any) -> Document:
    return {name: _number(of.value[at]), f"{name}_ci": [_number(of.low[at]), _number(of.high[at])]}


def _ranking(truth: np.ndarray, p: np.ndarray, groups: np.ndarray, *, seed: int) -> Document:
    """AUC and average precision; where every text has it, the AUC is not defined and the precision is 1."""
    found = ranking_figures(truth, p, groups, seed=seed)
    document = {**_with_bounds("auc", found, 0), **_with_bounds("average_precision", found, 1)}
    if truth.all():
        document["average_precision"] = 1.0
    return document


def _mean(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
