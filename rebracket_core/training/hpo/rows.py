"""The rows of a search: outer groups held out before anything is tried, and the same texts predicted in every trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rebracket_core.corpus import collapse_repeats, grouped_folds, leak_safe_groups, take_targets, targets
from rebracket_core.encoders import Encoder
from rebracket_core.errors import DataError
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.training.config.training_config import TrainingConfig
from rebracket_core.training.evaluation.assess import take_rows
from rebracket_core.training.hpo.space import Choices, SearchSpace
from rebracket_core.training.learnability import Learnability, learnable_questions
from rebracket_core.training.rows import MIN_GROUPS, TrainingRows, labelled_rows, prepare_rows

OUTER_FOLDS = 5
_KEPT = 4
# The options on which rows, texts, vectors or targets depend; all others are about the fit.
_OF_ROWS = ("text", "encoder", "smoothing", "context_smoothing")


@dataclass(frozen=True, slots=True)
class SharedRows:
    """The ids of the rows that every trial can read, those of the outer groups, and what the inner rows' labels teach."""

    common: frozenset[str]
    outer: frozenset[str]
    learnable: Learnability

    def part(self, row_ids: Sequence[str], *, outer: bool) -> np.ndarray:
        """(k,) the positions of the rows that take part, on one side."""
        at = [i for i, row_id in enumerate(row_ids) if row_id in self.common and (row_id in self.outer) == outer]
        return np.array(at, dtype=np.int64)


def shared_rows(frame: pd.DataFrame, *, base: TrainingConfig, space: SearchSpace, objective: str | None = None) -> SharedRows:
    """The rows of a search; nothing is encoded.

    Raises DataError where groups are too few, or where the inner rows teach nothing that the objective (None: any task of
    the config) measures.
    """
    fields = space.options.get("text")
    choices = [base, *(base.with_(text=v) for v in (fields.values if isinstance(fields, Choices) else ()))]
    outer = frozenset(outer_ids(frame, seed=base.data.seed))
    every = [labelled_rows(frame, config=config) for config in choices]
    common = frozenset.intersection(*(frozenset(rows.frame["row_id"].tolist()) for rows in every))
    rows, unset = every[0], Learnability((), {}, ())
    parts = {"inner": False, "outer": True}
    ids, sides = rows.frame["row_id"].tolist(), SharedRows(common, outer, unset)
    at = {name: sides.part(ids, outer=is_outer) for name, is_outer in parts.items()}
    for name in parts:
        if (n_groups := len(set(rows.groups[at[name]].tolist()))) < MIN_GROUPS:
            raise DataError(
                "There are too few groups for a search.",
                expected=f"at least {MIN_GROUPS} {name} groups",
                found=f"{n_groups} {name} groups",
                hint="train with the default options, or import more songs",
            )
    inner = at["inner"]
    found = learnable_questions(take_targets(rows.plain, inner), groups=rows.groups[inner], config=base)
    found.require(AXIS_NAMES if objective == "axes_log_loss" else ("album",) if objective else ())
    return SharedRows(common, outer, found)


class SearchRows:
    """Inner and outer rows under a config. A trial is given the inner ones alone: the others are not in what it gets.

    A text takes part where every choice of `text` finds something to read in its row, so that all trials answer the same
    questions. Labels that cannot be learnt from the inner rows count for nothing.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        base: TrainingConfig,
        space: SearchSpace,
        open_encoder: Callable[[str], Encoder],
        objective: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._frame, self._open, self._progress = frame, open_encoder, progress
        self._made: dict[tuple[object, ...], TrainingRows] = {}
        self._shared = shared_rows(frame, base=base, space=space, objective=objective)

    def inner(self, config: TrainingConfig) -> TrainingRows:
        """The rows that trials are trained and compared on."""
        return self._part(config, outer=False)

    def outer(self, config: TrainingConfig) -> TrainingRows:
        """The rows that are predicted once, when the search is over."""
        return self._part(config, outer=True)

    def _part(self, config: TrainingConfig, *, outer: bool) -> TrainingRows:
        rows, learnable = self._rows(config), self._shared.learnable
        part = take_rows(rows, self._shared.part(rows.frame["row_id"].tolist(), outer=outer))
        return replace(part, plain=learnable.without_missing(part.plain), soft=learnable.without_missing(part.soft))

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
