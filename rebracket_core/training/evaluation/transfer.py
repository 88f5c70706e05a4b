"""What a run is worth on a kind of source that it was not trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rebracket_core.models import ALBUM
from rebracket_core.stats import clustered_mean
from rebracket_core.training.config.training_config import TrainingConfig
from rebracket_core.training.heads.crossfit import Tuner, fit_with, predict_rows
from rebracket_core.training.rows import MIN_GROUPS, TrainingRows


def transfer_between_origins(
    rows: TrainingRows,
    *,
    config: TrainingConfig,
    progress: Callable[[int, int], None] | None = None,
    tuner: Tuner | None = None,
) -> list[dict[str, Any]]:
    """For each kind of source in the rows: the album accuracy on it of heads that were trained on the other kinds only.

    Empty where the rows come from one kind of source. Each entry has origin, accuracy, ci_low, ci_high, n, n_groups.
    """
    origin = np.array(rows.frame["origin"].tolist(), dtype=object)
    kinds = sorted(set(origin.tolist()))
    if len(kinds) < 2:
        return []
    out = []
    for i, kind in enumerate(kinds):
        train = np.flatnonzero((origin != kind) & (rows.plain.album_idx >= 0))
        test = np.flatnonzero((origin == kind) & (rows.plain.album_idx >= 0))
        if len(set(rows.groups[train].tolist())) < MIN_GROUPS or not len(test):
            continue
        fitted, seen = fit_with(rows, train=train, config=config, seed=config.data.seed, tuner=tuner, name=f"without-{i}")
        logits = predict_rows(fitted, seen, at=test)
        right = logits[..., ALBUM].mean(axis=1).argmax(axis=1) == rows.plain.album_idx[test]
        share = clustered_mean(right.astype(np.float64), rows.groups[test], seed=config.data.seed)
        out.append({"origin": kind, "accuracy": share.value, **{k: v for k, v in share.to_dict().items() if k != "value"}})
        if progress:
            progress(i + 1, len(kinds))
    return out
