"""What a run says of the texts on a map, and the file beside the map in which that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np

from rebracket_core.files import atomic_file
from rebracket_core.maps.store import StoredMap
from rebracket_core.validation import VerdictKind

VERDICTS: tuple[str, ...] = tuple(str(kind) for kind in VerdictKind)
_FILE = "answers-{run_id}.npz"


class PredictionSource(IntEnum):
    """Where an answer comes from: a model that had not met the text, the run itself asked anew, or nowhere."""

    OUT_OF_FOLD = 0
    NEVER_MET = 1
    TRAINED_ON = 2
    UNJUDGED = 3


STANDINGS = ("out of fold", "never met", "learned from: not shown", "not judged")


@dataclass(frozen=True, slots=True)
class MapPredictions:
    """What a run says of n points.

    `album` (n,) positions in ALBUM_NAMES, -1 where nothing is said; `album_proba` (n, 9), NaN there; `axis_top` (n, 3)
    positions in MODES, -1; `confidence` (n,) how album-like it is, NaN where nothing is said or kept; `verdict` (n,) positions
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
        """(n,) the first album's probability, NaN where nothing is said."""
        return np.asarray(self.album_proba.max(axis=1))

    def count(self, standing: PredictionSource) -> int:
        """How many points have this standing."""
        return int((self.standing == standing).sum())


def predictions_file(stored: StoredMap, run_id: str) -> Path:
    """Where the answers of a run are kept beside a map."""
    return stored.folder / _FILE.format(run_id=run_id)


def load_predictions(stored: StoredMap, run_id: str) -> MapPredictions | None:
    """What a run said of a map's texts where that was kept; None where it was not, or by a version that kept less."""
    path = predictions_file(stored, run_id)
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as kept:
        if {"run_id", *kept.files} != set(MapPredictions.__slots__):
            return None
        return MapPredictions(run_id=run_id, **{name: kept[name] for name in kept.files})


def save_predictions(stored: StoredMap, found: MapPredictions) -> None:
    """Keep what a run says beside the map, so that it is asked once."""
    with atomic_file(predictions_file(stored, found.run_id)) as file:
        np.savez(file, **{name: getattr(found, name) for name in found.__slots__ if name != "run_id"})
