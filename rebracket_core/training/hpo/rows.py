"""The rows of a search: outer groups held out before anything is tried, and the same texts predicted in every trial."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from rebracket_core.corpus import collapse_repeats, grouped_folds, leak_safe_groups, targets
from rebracket_core.encoders import Encoder
from rebracket_core.errors import DataError
from rebracket_core.training.config.training_config import TrainingConfig
from rebracket_core.training.evaluation.assess import take_rows
from rebracket_core.training.hpo.space import Choices, SearchSpace
from rebracket_core.training.rows import MIN_GROUPS, TrainingRows, prepare_rows

OUTER_FOLDS = 5
_KEPT = 4
# The options on which rows, texts, vectors or targets depend; all others are about the fit.
_OF_ROWS = ("text", "encoder", "smoothing", "context_smoothing")


class SearchRows:
    """Inner and outer rows under a config. A trial is given the inner ones alone: the others are not in what it gets.

    A text takes part where every choice of `text` finds something to read in its row, so that all trials answer the same
    questions.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        base: TrainingConfig,
        space: SearchSpace,
        open_encoder: Callable[[str], Encoder],
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._frame, self._open, self._progress = frame, open_encoder, progress
        self._made: dict[tuple[object, ...], TrainingRows] = {}
        self._outer_ids = outer_ids(frame, seed=base.data.seed)
        fields = space.options.get("text")
        choices = [base, *(base.with_(text=v) for v in (fields.values if isinstance(fields, Choices) else ()))]
        common = set.intersection(*(set(self._rows(config).frame["row_id"].tolist()) for config in choices))
        self._common = common
        for what, rows in (("inner", self.inner(base)), ("outer", self.outer(base))):
            n_groups = len(set(rows.groups.tolist()))
            if n_groups < MIN_GROUPS:
                raise DataError(
                    "There are too few groups for a search.",
                    expected=f"at least {MIN_GROUPS} {what} groups",
                    found=f"{n_groups} {what} groups",
                    hint="train with the default options, or import more songs",
                )

    def inner(self, config: TrainingConfig) -> TrainingRows:
        """The rows that trials are trained and compared on."""
        return self._part(config, outer=False)

    def outer(self, config: TrainingConfig) -> TrainingRows:
        """The rows that are predicted once, when the search is over."""
        return self._part(config, outer=True)

    def _part(self, config: TrainingConfig, *, outer: bool) -> TrainingRows:
        rows = self._rows(config)
        at = [
            i
            for i, row_id in enumerate(rows.frame["row_id"].tolist())
            if row_id in self._common and (row_id in self._outer_ids) == outer
        ]
        return take_rows(rows, np.array(at, dtype=np.int64))

    def _rows(self, config: TrainingConfig) -> TrainingRows:
        options = config.to_dict()
        key = tuple(str(options[name]) for name in _OF_ROWS)
        if key not in self._made:
            while len(self._made) >= _KEPT:
                self._made.pop(next(iter(self._made)))
            encoder = self._open(config.features.encoder)
            self._made[key] = prepare_rows(self._frame, config=config, encoder=encoder, progress=self._progress)
        return self._made[key]


def outer_ids(frame: pd.DataFrame, *, seed: int) -> set[str]:
    """The ids of the rows that no trial may meet: a fifth of the groups, merged where they share a text, balanced by album.

    Raises DataError for fewer than five groups.
    """
    rows = collapse_repeats(frame)
    groups = leak_safe_groups(rows)
    n_groups = len(set(groups.tolist()))
    if n_groups < OUTER_FOLDS:
        raise DataError(
            "There are too few groups for a search.",
            expected=f"at least {OUTER_FOLDS} songs or threads",
            found=f"{n_groups}",
            hint="train with the default options, or import more songs",
        )
    fold = grouped_folds(groups, targets(rows, smoothing=0.0).album_idx, n_folds=OUTER_FOLDS, seed=seed)
    return {row_id for row_id, k in zip(rows["row_id"].tolist(), fold.tolist(), strict=True) if k == 0}
