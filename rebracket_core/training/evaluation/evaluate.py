"""How good a run is on rows that it was not trained on: scores with intervals, beside what simpler answers reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from rebracket_core.corpus import Targets
from rebracket_core.models import in_sets
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES
from rebracket_core.settings import Thresholds
from rebracket_core.stats import MeanEstimate, calibration_error, clustered_mean, perfect_calibration_error, reliability
from rebracket_core.training.evaluation.type_figures import type_scores
from rebracket_core.validation import Concept, Predictions, Verdict, axes_affinity, is_out_of_distribution, verdicts_from
from rebracket_core.verdict_kinds import VerdictKind


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of one run on one data set; `to_dict` gives the document of `rebracket evaluate --json`.

    `promises` says of each threshold that the run chose what it was chosen on, and whether its promise is kept. `not_learnt`
    names the questions that the labels could not teach (see `training.learnability`); `notes` say why.
    """

    run_id: str
    dataset: str
    dataset_digest: str
    n_rows: int
    n_groups: int
    split: str
    leaked: bool
    n_seen_excluded: int
    metrics: dict[str, Any]
    album: dict[str, Any]
    calibration: dict[str, Any]
    selective: dict[str, Any]
    types: dict[str, Any]
    confusion: dict[str, Any]
    notes: tuple[str, ...]
    promises: tuple[dict[str, Any], ...] = ()
    not_learnt: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The evaluation as plain values."""
        lists = {"notes": list(self.notes), "promises": list(self.promises), "not_learnt": list(self.not_learnt)}
        return {**asdict(self), **lists}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Evaluation:
        """The evaluation that `to_dict` gave."""
        lists = {name: tuple(raw.get(name, ())) for name in ("promises", "not_learnt")}
        return cls(**{**raw, "notes": tuple(raw["notes"]), **lists})


@dataclass(frozen=True, slots=True)
class HeldOutRows:
    """Held-out rows: predictions of models not trained on them, unsmoothed targets, groups, texts, baselines' predictions.

    `baselines` maps "album" and each axis to a mapping of baseline name → (n,) labels (-1 where it gives none).
    `thresholds` holds one set a row (cross-chosen) or the run's own for all; so does `set_limits` (n,) the limit of each
    row's album set at `coverage`, None where the run has no such sets. `type_baselines` are as `cross_type_baselines` gives
    them; with `exclusive_types` a text has exactly one type.
    """

    predictions: Predictions
    targets: Targets
    groups: np.ndarray
    texts: list[str]
    baselines: dict[str, dict[str, np.ndarray]]
    thresholds: list[Thresholds]
    coverage: float | None = None
    set_limits: np.ndarray | None = None
    type_baselines: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    exclusive_types: bool = False


def evaluate_rows(held_out: HeldOutRows, *, seed: int, **facts: Any) -> Evaluation:
    """The evaluation of held-out rows; `facts` are the fields of Evaluation that the caller knows."""
    scores, plain = held_out.predictions.scores, held_out.targets
    album = _album_scores(held_out, seed=seed)
    has = plain.album_idx >= 0
    top = scores.album.argmax(axis=1)
    right = (top == plain.album_idx)[has].astype(np.float64)
    p = scores.album.max(axis=1)[has]
    calibration: dict[str, Any] = {"n": int(has.sum())}
    if has.any():
        calibration |= {
            "ece": calibration_error(p, right),
            "ece_of_a_perfect_model": perfect_calibration_error(p, seed=seed),
            "mean_probability": float(p.mean()),
            "reliability": reliability(p, right),
        }
        if held_out.set_limits is not None:
            calibration["sets"] = set_scores(held_out, seed=seed)
    return Evaluation(
        n_rows=len(held_out.texts),
        n_groups=len(set(held_out.groups.tolist())),
        metrics={axis: _axis_scores(held_out, j, seed=seed) for j, axis in enumerate(AXIS_NAMES)},
        album=album,
        calibration=calibration,
        selective=selective_scores(held_out, seed=seed),
        types=type_scores(
            scores,
            plain,
            groups=held_out.groups,
            baselines=held_out.type_baselines,
            exclusive=held_out.exclusive_types,
            seed=seed,
        ),
        confusion=_confusion(top[has], plain.album_idx[has]),
        **facts,
    )


def set_scores(held_out: HeldOutRows, *, seed: int) -> dict[str, Any]:
    """How often the album sets hold the right album, over groups as promised and over rows, how large they are, by album.

    `measured` weighs every group the same, as the promise does; `measured_rows` every row.
    """
    has = held_out.targets.album_idx >= 0
    truth, limits = held_out.targets.album_idx[has], np.asarray(held_out.set_limits)[has]
    inside = in_sets(held_out.predictions.scores.album[has], limits)
    hit, sizes, groups = inside[np.arange(len(truth)), truth].astype(np.float64), inside.sum(axis=1), held_out.groups[has]
    _, inverse = np.unique(groups.astype(str), return_inverse=True)
    per_group = np.bincount(inverse, weights=hit) / np.bincount(inverse)
    over_groups = clustered_mean(per_group, np.arange(len(per_group)), seed=seed)
    over_rows = clustered_mean(hit, groups, seed=seed)
    return {
        "coverage": held_out.coverage,
        "measured": over_groups.value,
        "ci_low": over_groups.ci_low,
        "ci_high": over_groups.ci_high,
        "measured_rows": over_rows.value,
        "n": int(has.sum()),
        "n_groups": len(per_group),
        "mean_size": float(sizes.mean()),
        "sizes": {str(k): int((sizes == k).sum()) for k in sorted(set(sizes.tolist()))},
        "per_album": {ALBUM_NAMES[k]: float(hit[truth == k].mean()) for k in sorted(set(truth.tolist()))},
    }


def selective_scores(held_out: HeldOutRows, *, seed: int) -> dict[str, Any]:
    """What the rules accept and how often that is right, over rows with an album or known to have none.

    Accepted means any of the three ACCEPTs; `by_verdict` has a line for each, the hybrids' own among them.
    """
    verdicts = held_out_verdicts(held_out, thresholds=held_out.thresholds)
    truth = [ALBUM_NAMES[i] if i >= 0 else None for i in held_out.targets.album_idx]
    passed = np.array([v.is_accepted for v in verdicts], dtype=bool)
    right = np.array([v.album == t for v, t in zip(verdicts, truth, strict=True)], dtype=np.float64)
    accuracy = clustered_mean(right[passed], held_out.groups[passed], seed=seed)
    coverage = clustered_mean(passed.astype(np.float64), held_out.groups, seed=seed)
    ood = np.array([is_out_of_distribution({"reason": v.reason}) for v in verdicts], dtype=np.float64)
    kinds = {kind: np.array([v.verdict is kind for v in verdicts], dtype=bool) for kind in VerdictKind if kind.is_accepted}
    return {
        "coverage": coverage.value,
        "coverage_ci": [coverage.ci_low, coverage.ci_high],
        "accuracy": accuracy.value,
        "accuracy_ci": [accuracy.ci_low, accuracy.ci_high],
        "n_accepted": accuracy.n,
        "verdicts": dict(Counter(str(v.verdict) for v in verdicts)),
        "reasons": dict(Counter(str(v.reason) for v in verdicts if v.reason)),
        "ood_rejected": float(ood.mean()) if len(ood) else None,
        "by_verdict": {
            str(kind): _share_right(clustered_mean(right[at], held_out.groups[at], seed=seed)) for kind, at in kinds.items()
        },
    }


def _share_right(found: MeanEstimate) -> dict[str, Any]:
    return {"n": found.n, "accuracy": found.value, "ci_low": found.ci_low, "ci_high": found.ci_high}


def held_out_verdicts(held_out: HeldOutRows, *, thresholds: list[Thresholds]) -> list[Verdict]:
    """The verdict on each held-out row under that row's thresholds."""
    concepts = [Concept(id=str(i), text=text or "-") for i, text in enumerate(held_out.texts)]
    return verdicts_from(concepts, held_out.predictions, thresholds=thresholds)


def _with_baselines(
    correct: MeanEstimate, held_out: HeldOutRows, *, key: str, truth: np.ndarray, mask: np.ndarray
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "accuracy": correct.value,
        "ci_low": correct.ci_low,
        "ci_high": correct.ci_high,
        "n": correct.n,
        "n_groups": correct.n_groups,
    }
    for name, predicted_labels in held_out.baselines.get(key, {}).items():
        known = mask & (predicted_labels >= 0)
        row[name] = float((predicted_labels[known] == truth[known]).mean()) if known.any() else None
    return row


def _axis_scores(held_out: HeldOutRows, index: int, *, seed: int) -> dict[str, Any]:
    plain = held_out.targets
    single = plain.axis_kind[:, index] == "single"
    truth = plain.axis[:, index].argmax(axis=1)
    shown = held_out.predictions.scores.axis[:, index]
    right = (shown.argmax(axis=1) == truth).astype(np.float64)
    row = _with_baselines(
        clustered_mean(right[single], held_out.groups[single], seed=seed),
        held_out,
        key=AXIS_NAMES[index],
        truth=truth,
        mask=single,
    )
    heads = held_out.predictions.scores.axis_heads[:, index].argmax(axis=1) == truth
    row["heads_alone"] = float(heads[single].mean()) if single.any() else None
    uniform = plain.axis_kind[:, index] == "none"
    row["n_without_mode"] = int(uniform.sum())
    row["spread_without_mode"] = float(np.ptp(shown[uniform], axis=1).mean()) if uniform.any() else None
    return row


def _album_scores(held_out: HeldOutRows, *, seed: int) -> dict[str, Any]:
    truth = held_out.targets.album_idx
    has = truth >= 0
    top = held_out.predictions.scores.album.argmax(axis=1)
    row = _with_baselines(
        clustered_mean((top == truth)[has].astype(np.float64), held_out.groups[has], seed=seed),
        held_out,
        key="album",
        truth=truth,
        mask=has,
    )
    present = sorted(set(truth[has].tolist()))
    recalls = [float((top[truth == k] == k).mean()) for k in present]
    row["macro_recall"] = float(np.mean(recalls)) if recalls else None
    row["per_album"] = {
        ALBUM_NAMES[k]: {"recall": r, "n": int((truth == k).sum()), "n_groups": len(set(held_out.groups[truth == k].tolist()))}
        for k, r in zip(present, recalls, strict=True)
    }
    row["absent"] = [name for i, name in enumerate(ALBUM_NAMES) if i not in present]
    axes = axes_affinity(held_out.predictions.scores.axis).argmax(axis=1)
    differ = has & (axes != top)
    if differ.any():
        row["where_axes_disagree"] = {
            "n": int(differ.sum()),
            "album_head": float((top == truth)[differ].mean()),
            "axes": float((axes == truth)[differ].mean()),
        }
    if has.any():
        chosen = held_out.predictions.scores.album[has, truth[has]]
        row["log_loss"] = float(-np.log(np.maximum(chosen, 1e-12)).mean())
    return row


def _confusion(top: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    counts = np.zeros((len(ALBUM_NAMES), len(ALBUM_NAMES)), dtype=int)
    np.add.at(counts, (truth, top), 1)
    return {"labels": list(ALBUM_NAMES), "counts": counts.tolist()}
