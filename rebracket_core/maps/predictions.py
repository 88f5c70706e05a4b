"""A run's predictions for the texts on a map, and the file beside the map in which they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np

from rebracket_core.files import atomic_file
from rebracket_core.maps.store import StoredMap
from rebracket_core.verdict_kinds import VerdictKind

VERDICTS: tuple[str, ...] = tuple(str(kind) for kind in VerdictKind)
_FILE = "answers-{run_id}.npz"


class PredictionSource(IntEnum):
    """Where a prediction comes from: out of fold, the final model on a held-out text, or nowhere."""

    OUT_OF_FOLD = 0
    HELD_OUT = 1
    TRAINED_ON = 2
    NOT_SCORED = 3


STANDINGS = ("held-out", "never trained on", "trained on: not shown", "failed")


@dataclass(frozen=True, slots=True)
class MapPredictions:
    """A run's predictions for n points.

    `album` (n,) positions in ALBUM_NAMES, -1 where there is no prediction; `album_proba` (n, 9), NaN there; `axis_top` (n, 3)
    positions in MODES, -1; `confidence` (n,) how album-like it is, NaN where there is none; `verdict` (n,) positions
    in VERDICTS, -1; `right` (n,) 1 or 0, -1 where there is no label or no answer; `standing` (n,) a Standing.
    """

    run_id: str
    album_proba: np.ndarray
    axis_top: np.ndarray
    confidence: np.ndarray
    verdict: np.ndarray
    right: np.ndarray
    standing: np.ndarray

    @property
    def album(self) -> np.ndarray:
        """(n,) the first album."""
        known = np.isfinite(self.album_proba).all(axis=1)
        return np.where(known, np.nan_to_num(self.album_proba).argmax(axis=1), -1)

    @property
    def probability(self) -> np.ndarray:
        """(n,) the first album's probability, NaN where there is none."""
        return np.asarray(self.album_proba.max(axis=1))

    def count(self, standing: PredictionSource) -> int:
        """How many points have this standing."""
        return int((self.standing == standing).sum())


def predictions_file(stored: StoredMap, run_id: str) -> Path:
    """Return the path of a run's predictions beside a map."""
    return stored.folder / _FILE.format(run_id=run_id)


def load_predictions(stored: StoredMap, run_id: str) -> MapPredictions | None:
    """Return a run's kept predictions for a map's texts; None where there are none, or of a version that kept less."""
    path = predictions_file(stored, run_id)
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as kept:
        if {"run_id", *kept.files} != set(MapPredictions.__slots__):
            return None
        return MapPredictions(run_id=run_id, **{name: kept[name] for name in kept.files})


def save_predictions(stored: StoredMap, found: MapPredictions) -> None:
    """Write a run's predictions beside the map, so that they are made once."""
    with atomic_file(predictions_file(stored, found.run_id)) as file:
        np.savez(file, **{name: getattr(found, name) for name in found.__slots__ if name != "run_id"})
