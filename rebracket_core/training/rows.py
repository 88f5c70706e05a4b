"""A data set's rows made ready to train on: one row a text, vectors, targets, and groups that leak nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rebracket_core.corpus import (
    HumanTarget,
    Targets,
    axis_sources,
    collapse_repeats,
    leak_safe_groups,
    read_not_concepts,
    settle_types,
    smooth_context,
    take_targets,
    targets,
    with_human,
)
from rebracket_core.encoders import Encoder, KnowsTexts, encode_fields
from rebracket_core.errors import DataError
from rebracket_core.models import HeadTargets
from rebracket_core.settings import data_dir
from rebracket_core.texts import normalised_text
from rebracket_core.training.config.training_config import TrainingConfig

MIN_GROUPS = 4


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """n rows ready to train on.

    `frame` the collapsed rows; `texts` and `vectors` by field ((n, dim) float32); `soft` targets smoothed as the config
    says, `plain` the same unsmoothed (what calibration and scores are held against); `sources` (n, 3 axes) where each
    triple comes from ("human", "given", "album", "stated" or ""); `groups` (n,) the rows' songs or threads, merged where
    a text stands in several; `background` (b, dim) vectors of texts that are no concepts, None where there are none.
    """

    frame: pd.DataFrame
    texts: dict[str, list[str]]
    vectors: dict[str, np.ndarray]
    soft: Targets
    plain: Targets
    groups: np.ndarray
    background: np.ndarray | None
    sources: np.ndarray

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def strata(self) -> np.ndarray:
        """(n,) the album of each row, and one more class for rows without one: what splits are balanced by.

        Where no row has an album, the rarest of a row's types, no type at all and no label are the classes.
        """
        if not (self.plain.album_idx >= 0).any():
            return _type_strata(self.plain)
        return np.where(self.plain.album_idx < 0, self.plain.album_idx.max() + 1, self.plain.album_idx)


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """The rows of a data set that a config trains on, before anything is encoded; see `TrainingRows` for the fields."""

    frame: pd.DataFrame
    soft: Targets
    plain: Targets
    groups: np.ndarray
    sources: np.ndarray


def prepare_rows(
    frame: pd.DataFrame,
    *,
    config: TrainingConfig,
    encoder: Encoder,
    human: Sequence[HumanTarget] = (),
    progress: Callable[[int, int], None] | None = None,
) -> TrainingRows:
    """The rows of a data set, collapsed, encoded and with targets; rows without any text of the config are refused.

    People's labels (`human`) stand in the place of albums and keywords. Raises what `labelled_rows` raises.
    """
    rows = labelled_rows(frame, config=config, human=human)
    texts = {field: rows.frame[field].tolist() for field in config.data.text}
    return TrainingRows(
        frame=rows.frame,
        texts=texts,
        vectors=encode_fields(texts, fields=config.data.text, encoder=encoder, progress=progress),
        soft=rows.soft,
        plain=rows.plain,
        groups=rows.groups,
        background=background_vectors(encoder),
        sources=rows.sources,
    )


def labelled_rows(frame: pd.DataFrame, *, config: TrainingConfig, human: Sequence[HumanTarget] = ()) -> LabelledRows:
    """The rows with a text and a label that the config reads, collapsed, with targets and groups; nothing is encoded.

    Raises DataError where all texts are the same, or songs and threads are too few.
    """
    single = collapse_repeats(frame, ambiguous_types=config.data.ambiguous_types)
    rows, by_people = with_human(settle_types(single, ambiguous_types=config.data.ambiguous_types), human)
    has_text = (rows[list(config.data.text)].apply(lambda column: column.str.strip()) != "").any(axis=1)
    rows, by_people = rows[has_text].reset_index(drop=True), by_people[has_text.to_numpy()]
    plain = labels_of_tasks(targets(rows, smoothing=0.0), tasks=config.tasks.tasks)
    soft = labels_of_tasks(soft_targets(rows, config=config), tasks=config.tasks.tasks)
    useful = np.asarray(plain.labelled | (plain.album_idx >= 0))
    if "axes" not in config.tasks.tasks and "album" not in config.tasks.tasks:
        useful = plain.types_labelled | plain.any_labelled
    plain, soft = take_targets(plain, useful), take_targets(soft, useful)
    rows, by_people = rows[useful].reset_index(drop=True), by_people[useful]
    refuse_one_text(rows, fields=("concept",))  # which would make one group of all
    groups = _enough_groups(rows, n_rows=len(frame))
    return LabelledRows(rows, soft=soft, plain=plain, groups=groups, sources=axis_sources(rows, by_people))


def _type_strata(plain: Targets) -> np.ndarray:
    """(n,) the rarest type of each row; then classes for rows with some type, with none, and without any label."""
    k = plain.types.shape[1]
    order = np.argsort(plain.types[plain.types_labelled].sum(axis=0), kind="stable")
    rarest = order[plain.types[:, order].argmax(axis=1)]
    named = plain.types_labelled & (plain.types.sum(axis=1) > 0)
    other = np.where(~plain.any_labelled, k + 2, np.where(plain.any_type > 0, k, k + 1))
    return np.where(named, rarest, other)


def refuse_one_text(labelled: pd.DataFrame, *, fields: Sequence[str]) -> None:
    """Raise DataError where several labelled rows have one text alone, case, punctuation and spacing aside."""
    texts = {tuple(map(normalised_text, row)) for row in zip(*(labelled[field].tolist() for field in fields), strict=True)}
    if len(labelled) > 1 and len(texts) == 1 and any(next(iter(texts))):
        raise DataError(
            "All texts are the same, so nothing can be learnt from them.",
            expected=f"different texts ({', '.join(fields)})",
            found=f"{len(labelled):,} labelled rows with the one text {' / '.join(labelled.iloc[0][list(fields)])[:80]!r}",
            hint="check the column that the text was read from, or import other texts",
        )


def _enough_groups(labelled: pd.DataFrame, *, n_rows: int) -> np.ndarray:
    """(n,) the groups of the labelled rows; DataError where they are too few. `n_rows` is how many rows there were."""
    groups = leak_safe_groups(labelled)
    if (n_groups := len(set(groups.tolist()))) < MIN_GROUPS:
        n_named = labelled["group_id"].nunique()
        merged = f"; {n_named} songs or threads share texts and count as {n_groups}" if n_named > n_groups else ""
        raise DataError(
            "There are too few groups to train on.",
            expected=f"at least {MIN_GROUPS} songs or threads with labelled texts",
            found=f"{n_groups} groups, {len(labelled)} labelled rows of {n_rows}{merged}",
            hint="import more songs, or check the columns that name song and album",
        )
    return groups


def soft_targets(rows: pd.DataFrame, *, config: TrainingConfig) -> Targets:
    """The smoothed targets of rows in their songs' order, blended with their neighbours' where the config asks for it."""
    soft = targets(rows, smoothing=config.tasks.smoothing)
    if not config.tasks.context_smoothing:
        return soft
    has_modes = np.isin(soft.axis_kind, ("single", "multi", "soft"))
    songs = np.array(rows["group_id"].tolist(), dtype=object)
    return replace(soft, axis=smooth_context(soft.axis, groups=songs, has_modes=has_modes))


def labels_of_tasks(labels: Targets, *, tasks: tuple[str, ...]) -> Targets:
    """The targets as if rows had no label of the tasks that are not trained: no figure is then given for these."""
    if "album" not in tasks:
        labels = replace(labels, album_idx=np.full_like(labels.album_idx, -1))
    if "axes" not in tasks:
        labels = replace(labels, axis_kind=np.full_like(labels.axis_kind, "unlabelled"))
    if "types" not in tasks:
        labels = replace(labels, types_labelled=np.zeros_like(labels.types_labelled))
    if "has_any_type" not in tasks:  # the types that a row names say it too, and no more is read than they
        labels = replace(labels, any_labelled=labels.any_labelled & labels.types_labelled)
    return labels


def background_texts() -> list[str]:
    """The texts that are no concepts, from the starter corpus: what an out-of-distribution detector tells concepts from.

    Hard ones are left out: they measure what a detector refuses, so that none may have met them.
    """
    frame, _ = read_not_concepts(data_dir() / "starter" / "not_concepts")
    return [str(text) for text in frame["concept"][~frame["hard"]].tolist()]


def background_vectors(encoder: Encoder) -> np.ndarray | None:
    """(b, dim) the vectors of the texts that are no concepts; None where the encoder does not know all of them."""
    texts = background_texts()
    if isinstance(encoder, KnowsTexts) and not all(map(encoder.knows, texts)):
        return None
    return encoder.encode(texts)


def head_targets(soft: Targets) -> HeadTargets:
    """The targets in the form that heads are fitted to."""
    return HeadTargets(
        axis=soft.axis,
        axis_mask=soft.axis_known.astype(np.float32),
        confidence=soft.confidence,
        confidence_mask=soft.labelled.astype(np.float32),
        album_idx=soft.album_idx,
        types=soft.types,
        types_mask=soft.types_labelled.astype(np.float32),
        weight=soft.weight,
        any_type=soft.any_type,
        any_mask=soft.any_labelled.astype(np.float32),
    )
