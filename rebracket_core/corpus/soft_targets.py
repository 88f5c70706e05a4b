"""Rows → what a model is trained towards: soft targets, album, confidence, types (DOMAIN 2)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from rebracket_core.corpus.schema import HAS_ANY_TYPE
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, N_MODES, SMOOTHING, TYPE_NAMES, album_named, axis_target
from rebracket_core.texts import clean_text

CONTEXT_WINDOW = 3
OWN_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Targets:
    """Targets of n rows.

    `album_idx` (n,) int64 into ALBUM_NAMES, -1 without one; `axis` (n, 3 axes, 3 modes) float64, each triple sums to 1;
    `axis_kind` (n, 3) of "single", "multi", "none", "soft" or "unlabelled"; `axis_known` is its mask of trainable
    triples; `confidence` (n,) is 1 with any mode and 0 with none, or what the row gives for it; `types` (n, 8) 0/1,
    valid where `types_labelled`; `weight` (n,) is the annotator's confidence; `any_type` (n,) 0/1 whether the row has any
    type at all, valid where `any_labelled`: a row may be known to have a type without its being known which.
    """

    album_idx: np.ndarray
    axis: np.ndarray
    axis_kind: np.ndarray
    confidence: np.ndarray
    types: np.ndarray
    types_labelled: np.ndarray
    weight: np.ndarray
    any_type: np.ndarray
    any_labelled: np.ndarray

    @property
    def axis_known(self) -> np.ndarray:
        """(n, 3) bool: the row says something of that axis."""
        return np.asarray(self.axis_kind != "unlabelled")

    @property
    def labelled(self) -> np.ndarray:
        """(n,) bool: the row says something of any axis, so that its confidence target means something."""
        return np.asarray(self.axis_known.any(axis=1))


def targets(frame: pd.DataFrame, *, smoothing: float = SMOOTHING) -> Targets:
    """The targets of a data set's rows.

    On each axis an explicit distribution comes before the album's modes, and these before the modes that a row without
    an album states. What a row with an album states of its modes is not used (the audit reports contradictions).
    """
    n = len(frame)
    axis = np.full((n, len(AXIS_NAMES), N_MODES), 1.0 / N_MODES)
    kind = np.full((n, len(AXIS_NAMES)), "unlabelled", dtype=object)
    albums = [album_named(name) if name else None for name in frame["album"].tolist()]
    for j, name in enumerate(AXIS_NAMES):
        given, stated = frame[name].tolist(), frame[f"{name}_stated"].tolist()
        for i, album in enumerate(albums):
            if given[i] is not None:
                shares = np.asarray(given[i], dtype=np.float64)
                axis[i, j] = (1.0 - smoothing) * shares / shares.sum() + smoothing / N_MODES
                kind[i, j] = "soft" if np.count_nonzero(shares) > 1 else "single"
                continue
            modes = album.modes[name] if album else stated[i]
            if modes is None:
                continue
            axis[i, j] = axis_target(name, modes, smoothing=smoothing)
            kind[i, j] = ("none", "single", "multi")[min(len(modes), 2)]
    kinds = frame["types"].tolist()
    multi_hot = np.array([[float(t in (k or ())) for t in TYPE_NAMES] for k in kinds]).reshape(n, len(TYPE_NAMES))
    marked = [bool(k) if k is not None else m for k, m in zip(kinds, frame[HAS_ANY_TYPE].tolist(), strict=True)]
    return Targets(
        album_idx=np.array([ALBUM_NAMES.index(a.name) if a else -1 for a in albums], dtype=np.int64),
        axis=axis,
        axis_kind=kind,
        confidence=_confidence(frame, np.asarray(np.isin(kind, ("single", "multi", "soft")).any(axis=1))),
        types=multi_hot,
        types_labelled=np.array([k is not None for k in kinds], dtype=bool),
        weight=frame["weight"].to_numpy(dtype=np.float64),
        any_type=np.array([bool(m) for m in marked], dtype=np.float64),
        any_labelled=np.array([m is not None for m in marked], dtype=bool),
    )


def _confidence(frame: pd.DataFrame, has_modes: np.ndarray) -> np.ndarray:
    """(n,) the confidence that a row gives, else 1 with any mode and 0 with none."""
    given = frame["confidence"].tolist()
    return np.array([float(has) if own is None else own for own, has in zip(given, has_modes, strict=True)], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class HumanTarget:
    """People's labels of one text, which is named by the sha256 of its `concept`.

    `axes` the shares by axis (None: no label), `types` (None: no label), `weight` their mean confidence, 0 to 1.
    """

    text_digest: str
    axes: dict[str, tuple[float, ...] | None]
    types: tuple[str, ...] | None
    weight: float

    def to_dict(self) -> dict[str, Any]:
        """The target as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> HumanTarget:
        """The target that `to_dict` wrote."""
        axes = {axis: None if shares is None else tuple(shares) for axis, shares in raw["axes"].items()}
        types = None if raw["types"] is None else tuple(raw["types"])
        return cls(text_digest=raw["text_digest"], axes=axes, types=types, weight=float(raw["weight"]))


def with_human(frame: pd.DataFrame, human: Sequence[HumanTarget]) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows with what people said in the place of albums and keywords, and (n, 3 axes) bool: which triples are theirs.

    A row is found by the digest of its concept, as it stands or cleaned as concepts are now: fewer signs were cleaned away
    once. Its weight becomes the people's confidence; its album stays.
    """
    by_digest = {target.text_digest: target for target in human}
    mask = np.zeros((len(frame), len(AXIS_NAMES)), dtype=bool)
    if not by_digest:
        return frame, mask
    frame = frame.copy()
    columns = {name: frame[name].tolist() for name in (*AXIS_NAMES, "types", "types_from", "weight")}
    for i, text in enumerate(frame["concept"].tolist()):
        target = by_digest.get(_digest(text)) or by_digest.get(_digest(clean_text(text)))
        if target is None:
            continue
        columns["weight"][i] = target.weight
        for j, axis in enumerate(AXIS_NAMES):
            shares = target.axes[axis]
            if shares is not None:
                columns[axis][i], mask[i, j] = list(shares), True
        if target.types is not None:
            columns["types"][i], columns["types_from"][i] = list(target.types), "human"
    for name, values in columns.items():
        dtype = "float64" if name == "weight" else object
        frame[name] = pd.Series(values, index=frame.index, dtype=dtype)
    return frame, mask


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def axis_sources(frame: pd.DataFrame, human: np.ndarray) -> np.ndarray:
    """(n, 3 axes) object: where each triple comes from, "human" before "given" before "album" before "stated", "" for none.

    `human` is the mask of `with_human`; "given" is a distribution that came with the data.
    """
    out = np.full(human.shape, "", dtype=object)
    albums = frame["album"].tolist()
    for j, axis in enumerate(AXIS_NAMES):
        given, stated = frame[axis].tolist(), frame[f"{axis}_stated"].tolist()
        for i, album in enumerate(albums):
            if human[i, j]:
                out[i, j] = "human"
            elif given[i] is not None:
                out[i, j] = "given"
            elif album or stated[i] is not None:
                out[i, j] = "album" if album else "stated"
    return out


def take_targets(of: Targets, rows: np.ndarray) -> Targets:
    """The targets of some rows (mask or indices)."""
    return Targets(*(getattr(of, name)[rows] for name in Targets.__slots__))


def smooth_context(axis: np.ndarray, *, groups: np.ndarray, has_modes: np.ndarray) -> np.ndarray:
    """Axis targets blended with their neighbours of the same song in row order, (n, 3, 3) float64.

    Window 3 on each side, neighbour weight 1/(|k|+1), own share 0.7 (DOMAIN 2); never across groups, never from or onto
    a triple without modes. `groups` (n,), `has_modes` (n, 3) bool.
    """
    out = np.array(axis, dtype=np.float64)
    n = len(out)
    for i in range(n):
        around = [k for k in range(-CONTEXT_WINDOW, CONTEXT_WINDOW + 1) if k and 0 <= i + k < n and groups[i + k] == groups[i]]
        for j in range(out.shape[1]):
            near = [k for k in around if has_modes[i + k, j]]
            if not near or not has_modes[i, j]:
                continue
            weights = np.array([1.0 / (abs(k) + 1) for k in near])
            mean = (weights[:, None] * axis[[i + k for k in near], j]).sum(axis=0) / weights.sum()
            out[i, j] = OWN_SHARE * axis[i, j] + (1.0 - OWN_SHARE) * mean
    return out
