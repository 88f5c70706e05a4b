"""What a data set can teach and what it cannot: groups, repeats, leakage, confounded axes, balance, labels, lengths."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from rebracket_core.corpus.audit.confounds import axis_pairs
from rebracket_core.corpus.audit.duplicates import NearDuplicate, near_duplicates
from rebracket_core.corpus.audit.findings import findings_of
from rebracket_core.corpus.audit.leakage import measure_leakage
from rebracket_core.corpus.audit.report import TOKEN_WINDOW, AuditReport, Count, Shared, Spread
from rebracket_core.corpus.schema import Dataset, DatasetMeta
from rebracket_core.corpus.soft_targets import Targets, targets
from rebracket_core.corpus.splits import leak_safe_groups
from rebracket_core.corpus.units import texts_with_two_types
from rebracket_core.errors import DataError
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES, album_named
from rebracket_core.texts import normalised_text

Progress = Callable[[str, int, int], None]
TokenCounter = Callable[[Sequence[str]], Sequence[int]]
_SHOWN = 20
_STEPS = 3


def audit(
    dataset: Dataset,
    *,
    vectors: np.ndarray | None = None,
    progress: Progress | None = None,
    count_tokens: TokenCounter | None = None,
    window: int = TOKEN_WINDOW,
) -> AuditReport:
    """The audit of a data set.

    `vectors` (n_rows, d) in row order, for near duplicates; `count_tokens` gives the tokens of each text. Raises
    DataError for an empty data set and for vectors that do not belong to its rows.
    """
    frame = dataset.frame
    if frame.empty:
        raise DataError("The data set is empty.", expected="at least one row", found="none", hint="import a source")
    tell = progress or (lambda stage, done, total: None)
    tell("audit", 0, _STEPS)
    texts = [normalised_text(t) for t in frame["concept"].tolist()]
    of = targets(frame)
    groups = leak_safe_groups(frame)
    tell("audit", 1, _STEPS)
    report = AuditReport(
        **_about(dataset.meta),
        leakage=measure_leakage(frame, texts=texts, groups=groups, labels=of.album_idx),
        axis_pairs=axis_pairs(of),
        window=window,
        n_leak_safe_groups=len(set(groups.tolist())),
        **_sizes(frame, texts),
        **_label_counts(frame, of),
        **_contradictions(frame, texts),
    )
    report = _with_tokens(report, frame, count_tokens=count_tokens)
    tell("audit", 2, _STEPS)
    if vectors is not None:
        n_near, near = _near(frame, texts, vectors=vectors, tell=tell)
        report = replace(report, n_near_duplicates=n_near, near_duplicates=near)
    tell("audit", _STEPS, _STEPS)
    return replace(report, findings=findings_of(report))


def _about(meta: DatasetMeta) -> dict[str, Any]:
    return {"name": meta.name, "digest": meta.digest, "vectors": meta.vectors}


def _with_tokens(report: AuditReport, frame: pd.DataFrame, *, count_tokens: TokenCounter | None) -> AuditReport:
    if count_tokens is None:
        return report
    lengths = np.asarray(count_tokens(frame["concept"].tolist()))
    return replace(report, tokens=_spread(lengths), beyond_window=int((lengths > report.window).sum()))


def _sizes(frame: pd.DataFrame, texts: list[str]) -> dict[str, Any]:
    within, across = _shared(frame, texts)
    return {
        "n_rows": len(frame),
        "n_groups": frame["group_id"].nunique(),
        "n_texts": len(set(texts)),
        "rows_per_group": _spread(frame.groupby("group_id").size().to_numpy()),
        "shared_within": within,
        "shared_across": across,
        "words": _spread([len(text.split()) for text in frame["concept"].tolist()]),
    }


def _spread(numbers: Iterable[float]) -> Spread:
    values = np.asarray(list(numbers), dtype=np.float64)
    return Spread(float(values.min()), float(np.median(values)), float(np.percentile(values, 95)), float(values.max()))


def _shared(frame: pd.DataFrame, texts: list[str]) -> tuple[Shared, Shared]:
    table = pd.DataFrame({"text": texts, "group": frame["group_id"].tolist(), "row": frame["row_id"].tolist()})
    inside = table[table.duplicated(["text", "group"], keep=False)]
    n_groups = table.groupby("text")["group"].transform("nunique")
    between = table[n_groups > 1]
    return _shared_of(inside, ["text", "group"]), _shared_of(between, ["text"])


def _shared_of(rows: pd.DataFrame, keys: list[str]) -> Shared:
    if rows.empty:
        return Shared(0, 0)
    lists = rows.groupby(keys, sort=False)["row"].agg(list)
    shown = tuple(", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "") for ids in lists.tolist()[:_SHOWN])
    return Shared(len(lists), len(rows), shown)


def _label_counts(frame: pd.DataFrame, of: Targets) -> dict[str, Any]:
    groups = frame["group_id"].to_numpy(dtype=str)
    albums = {name: _count(of.album_idx == k, groups) for k, name in enumerate(ALBUM_NAMES)}
    modes: dict[str, dict[str, Count]] = {}
    for j, axis in enumerate(AXIS_NAMES):
        kind, top = of.axis_kind[:, j], of.axis[:, j].argmax(axis=1)
        modes[axis] = {mode: _count((kind == "single") & (top == k), groups) for k, mode in enumerate(MODES[axis])}
        modes[axis] |= {other: _count(kind == other, groups) for other in ("none", "multi", "soft")}
    rows = np.array([count.rows for count in albums.values()], dtype=np.float64)
    sources = frame["types_from"].to_numpy(dtype=str)[of.types_labelled]
    return {
        "albums": albums,
        "modes": modes,
        "album_balance": _balance(rows),
        "types": {name: int(of.types[of.types_labelled, k].sum()) for k, name in enumerate(TYPE_NAMES)},
        "types_from": {str(k): int(n) for k, n in zip(*np.unique(sources, return_counts=True), strict=True)},
        "missing": {
            "album": int((of.album_idx < 0).sum()),
            "types": int((~of.types_labelled).sum()),
            "uncharted": int(((of.album_idx < 0) & of.axis_known.all(axis=1)).sum()),
            "any_axis": int((~of.axis_known).any(axis=1).sum()),
            **{axis: int((~of.axis_known[:, j]).sum()) for j, axis in enumerate(AXIS_NAMES)},
        },
    }


def _count(mask: np.ndarray, groups: np.ndarray) -> Count:
    return Count(int(mask.sum()), len(set(groups[mask].tolist())))


def _balance(rows: np.ndarray) -> float | None:
    held = rows[rows > 0]
    if not len(held):
        return None
    shares = held / held.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(len(held))) if len(held) > 1 else 0.0


def _contradictions(frame: pd.DataFrame, texts: list[str]) -> dict[str, Any]:
    modes, scores = list(_contradicting_modes(frame)), list(_contradicting_scores(frame))
    by_text: dict[str, dict[str, str]] = defaultdict(dict)
    for text, album, row_id in zip(texts, frame["album"].tolist(), frame["row_id"].tolist(), strict=True):
        if album:
            by_text[text].setdefault(album, row_id)
    albums = [
        ", ".join(f"{row_id}: {album}" for album, row_id in found.items()) for found in by_text.values() if len(found) > 1
    ]
    twice = texts_with_two_types(frame)
    named = [(str(row_id), types) for row_id, types in zip(frame["row_id"], frame["types"], strict=True)]
    return {
        "n_ambiguous_types": len(twice),
        "ambiguous_types": tuple(
            "; ".join(f"{named[at][0]}: {', '.join(named[at][1]) or 'none'}" for at in places) for places in twice[:_SHOWN]
        ),
        "n_contradicting_modes": len(modes),
        "contradicting_modes": tuple(modes[:_SHOWN]),
        "n_contradicting_scores": len(scores),
        "contradicting_scores": tuple(scores[:_SHOWN]),
        "n_contradicting_albums": len(albums),
        "contradicting_albums": tuple(albums[:_SHOWN]),
    }


def _contradicting_modes(frame: pd.DataFrame) -> Iterable[str]:
    stated = [frame[f"{axis}_stated"].tolist() for axis in AXIS_NAMES]
    for at, (name, row_id) in enumerate(zip(frame["album"].tolist(), frame["row_id"].tolist(), strict=True)):
        if not name:
            continue
        album = album_named(name)
        wrong = [
            f"{axis} {' + '.join(labels[at]) or 'none'} instead of {' + '.join(sorted(album.modes[axis])) or 'none'}"
            for axis, labels in zip(AXIS_NAMES, stated, strict=True)
            if labels[at] is not None and frozenset(labels[at]) != album.modes[axis]
        ]
        if wrong:
            yield f"{row_id} ({name}): {'; '.join(wrong)}"


def _contradicting_scores(frame: pd.DataFrame) -> Iterable[str]:
    """Rows whose scores name another mode than their label: the album's modes, or without one those that they state."""
    for axis in AXIS_NAMES:
        columns = (frame[name].tolist() for name in ("row_id", "album", axis, f"{axis}_stated"))
        for row_id, name, shares, stated in zip(*columns, strict=True):
            modes = album_named(name).modes[axis] if name else frozenset(stated or ())
            if shares is None or not modes:
                continue
            first = MODES[axis][int(np.argmax(shares))]
            if first not in modes:
                yield f"{row_id}: {axis} scores say {first} ({max(shares):.2f}), the label {' + '.join(sorted(modes))}"


def _near(
    frame: pd.DataFrame, texts: list[str], *, vectors: np.ndarray, tell: Progress
) -> tuple[int, tuple[NearDuplicate, ...]]:
    if len(vectors) != len(frame):
        raise DataError(
            "The vectors do not belong to the data set.",
            expected=f"{len(frame)} vectors",
            found=str(len(vectors)),
            hint="encode the rows of this data set",
        )
    table = pd.DataFrame({"text": texts, "group": frame["group_id"].tolist()})
    once = np.flatnonzero(~table.duplicated(["text", "group"]).to_numpy())
    return near_duplicates(
        vectors[once],
        row_ids=frame["row_id"].iloc[once].tolist(),
        groups=frame["group_id"].to_numpy(dtype=str)[once],
        step=lambda done, total: tell("near duplicates", done, total),
    )
