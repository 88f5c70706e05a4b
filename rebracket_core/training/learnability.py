"""What a training can learn from its labels: a question with one label everywhere teaches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rebracket_core.corpus import HumanTarget, Targets
from rebracket_core.errors import DataError
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES
from rebracket_core.training.config.training_config import TrainingConfig
from rebracket_core.training.rows import LabelledRows, TrainingRows, labelled_rows, refuse_one_text

ALBUM, AXES, TYPES, HAS_ANY_TYPE = "album", "axes", "types", "has_any_type"
_LEAST_GROUPS = 2  # of a label: it is learnt in one while the other is held out
_NO_MODE = "no mode"
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Learnability:
    """What the labels of a training teach.

    `questions` are all of the config: "album", the axes, "types", "has_any_type"; `missing` maps those that cannot be learnt
    to the reason; `remarks` say of the others what cannot be measured.
    """

    questions: tuple[str, ...]
    missing: dict[str, str]
    remarks: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """The sentences that stand wherever the figures stand: what was not learnt, and why."""
        return (*(f"Not learnt: {name}. {why}" for name, why in self.missing.items()), *self.remarks)

    def require(self, some: Sequence[str] = ()) -> None:
        """Raise DataError where none of the questions (by default all of the config) can be learnt."""
        wanted = tuple(some) or self.questions
        if set(wanted) <= set(self.missing):
            reasons: dict[str, list[str]] = {}
            for name in wanted:
                reasons.setdefault(self.missing[name], []).append(name)
            raise DataError(
                "Nothing can be learnt from these labels.",
                expected=f"two different labels or more, each in at least {_LEAST_GROUPS} songs or threads",
                found=" ".join(f"{', '.join(names)}: {why}" for why, names in reasons.items()),
                hint="import texts of other albums, or label some differently",
            )

    def without_missing(self, labels: Targets) -> Targets:
        """The targets as if no row had a label of a question that cannot be learnt: it is neither fitted nor measured."""
        if ALBUM in self.missing:
            labels = replace(labels, album_idx=np.full_like(labels.album_idx, -1))
        for j, axis in enumerate(AXIS_NAMES):
            if axis in self.missing:
                kind = labels.axis_kind.copy()
                kind[:, j] = "unlabelled"
                labels = replace(labels, axis_kind=kind)
        if TYPES in self.missing:
            labels = replace(labels, types_labelled=np.zeros_like(labels.types_labelled))
        if {TYPES, HAS_ANY_TYPE} & set(self.questions) <= set(self.missing):
            labels = replace(labels, any_labelled=np.zeros_like(labels.any_labelled))
        return labels


def learnable_questions(labels: Targets, *, groups: np.ndarray, config: TrainingConfig) -> Learnability:
    """What the unsmoothed targets of n rows teach, for the tasks of the config.

    A label counts where it stands in at least two groups ((n,), those that the split keeps together): else it is never
    learnt while it is held out. A question is learnt where two labels or more count. A split by row has a row in the place
    of a group.
    """
    units = np.arange(len(groups)) if config.evaluation.split == "leaked" else np.unique(groups, return_inverse=True)[1]
    tasks = config.tasks.tasks
    questions, missing, remarks = [], dict[str, str](), list[str]()
    for name, words in _questions(labels, tasks):
        questions.append(name)
        n_units = {word: len(set(units[words == word].tolist())) for word in sorted(set(words.tolist()) - {""})}
        if why := _why_missing(words, n_units):
            missing[name] = why
        else:
            remarks += _remarks(name, words, n_units)
    for name, values, labelled in _type_questions(labels, tasks):
        questions.append(name)
        if why := _why_types_missing(values, units[labelled]):
            missing[name] = why
    return Learnability(tuple(questions), missing, tuple(remarks))


def refuse_unlearnable(frame: pd.DataFrame, *, config: TrainingConfig, human: Sequence[HumanTarget] = ()) -> Learnability:
    """What a training on these rows would learn; raises the DataError that it would end with. Nothing is encoded."""
    rows = labelled_rows(frame, config=config, human=human)
    return require_learnable(rows, config=config)


def require_learnable(rows: LabelledRows | TrainingRows, *, config: TrainingConfig) -> Learnability:
    """What a training on these rows learns. Raises DataError where all texts are the same, or no label teaches anything."""
    refuse_one_text(rows.frame, fields=config.data.text)
    found = learnable_questions(rows.plain, groups=rows.groups, config=config)
    found.require()
    return found


def _questions(labels: Targets, tasks: tuple[str, ...]) -> list[tuple[str, np.ndarray]]:
    """Each question that has one label a text, with the (n,) labels in words, "" where a row has none."""
    found = []
    if ALBUM in tasks:
        names = np.array([*ALBUM_NAMES, ""], dtype=object)
        found.append((ALBUM, names[labels.album_idx]))
    if AXES in tasks:
        found += [(axis, _modes_in_words(labels, j)) for j, axis in enumerate(AXIS_NAMES)]
    return found


def _modes_in_words(labels: Targets, j: int) -> np.ndarray:
    """(n,) the modes with the largest share, in words."""
    modes, axis = MODES[AXIS_NAMES[j]], labels.axis[:, j]
    largest = np.isclose(axis, axis.max(axis=1, keepdims=True))
    words = [
        "" if kind == "unlabelled" else _NO_MODE if at.all() else " + ".join(m for m, has in zip(modes, at, strict=True) if has)
        for kind, at in zip(labels.axis_kind[:, j], largest, strict=True)
    ]
    return np.array(words, dtype=object)


def _why_missing(words: np.ndarray, n_units: dict[str, int]) -> str:
    """Why the labels of a question teach nothing, in one sentence; "" where they teach something."""
    n, good = int((words != "").sum()), [word for word, count in n_units.items() if count >= _LEAST_GROUPS]
    if not n:
        return "No text has a label for it."
    if len(n_units) == 1:
        only = next(iter(n_units))
        return f"All {n:,} labelled texts are {only}." if n > 1 else f"One text has a label: {only}."
    if len(good) == 1:
        return f"Only {good[0]} stands in more than one song or thread."
    return "" if good else "No label stands in more than one song or thread."


def _remarks(name: str, words: np.ndarray, n_units: dict[str, int]) -> list[str]:
    """What cannot be measured of a question that is learnt."""
    rare = [f"{a} ({int((words == a).sum()):,})" for a, count in n_units.items() if count < _LEAST_GROUPS]
    remarks = []
    if rare:
        listed = ", ".join(rare[:_NAMED]) + (f" and {len(rare) - _NAMED} more" if len(rare) > _NAMED else "")
        remarks.append(
            f"Not measured: {name} of {listed}. All texts with this label are of one song or thread, so none of them was "
            "predicted by a model that had learnt it."
        )
    modes = [word for word in n_units if word != _NO_MODE]
    if name != ALBUM and len(modes) == 1:
        remarks.append(f"Not measured: {name}. All texts with a mode there are {modes[0]}, so the accuracy says nothing.")
    return remarks


def _type_questions(labels: Targets, tasks: tuple[str, ...]) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """The questions about types with their (m, k) bool labels, and which (n,) rows these are: those that have a label."""
    typed, known = labels.types_labelled, labels.any_labelled
    found = [(TYPES, labels.types[typed] > 0.5, typed)] if TYPES in tasks else []
    return [*found, (HAS_ANY_TYPE, labels.any_type[known, None] > 0.5, known)] if HAS_ANY_TYPE in tasks else found


def _why_types_missing(truth: np.ndarray, units: np.ndarray) -> str:
    """Why types teach nothing: none of them stands in two groups and is absent from two others; "" where one does."""
    if not len(truth):
        return "No text has a label for it."
    for k in range(truth.shape[1]):
        if min(len(set(units[truth[:, k]].tolist())), len(set(units[~truth[:, k]].tolist()))) >= _LEAST_GROUPS:
            return ""
    if (truth == truth[0]).all():
        names = [TYPE_NAMES[k] for k in np.flatnonzero(truth[0])] if truth.shape[1] == len(TYPE_NAMES) else []
        return f"All {len(truth):,} labelled texts have the same: {', '.join(names) or ('any' if truth[0].any() else 'none')}."
    return "No type is both present in two songs or threads and absent from two."
