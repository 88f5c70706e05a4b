"""What an interrupted training leaves for the next attempt: the finished folds, each a small safetensors file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rebracket_core.files import write_bytes


class FoldCheckpoints:
    """The finished folds of one run. A run's spec never changes, so a fold found here is the one that would be trained.

    A file that is damaged or speaks of other rows is trained again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, fold: int, *, rows: np.ndarray) -> dict[str, np.ndarray] | None:
        """The arrays of a fold that predicted the rows at the indices `rows`, or None."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            found = load(self._path(fold).read_bytes())
        except (OSError, SafetensorError):
            return None
        return found if np.array_equal(found.get("rows", np.zeros(0)), rows) else None

    def save(self, fold: int, *, rows: np.ndarray, arrays: dict[str, np.ndarray]) -> None:
        """Keep the arrays of a finished fold."""
        from safetensors.numpy import save

        whole = {name: np.ascontiguousarray(value) for name, value in {**arrays, "rows": rows}.items()}
        write_bytes(self._path(fold), save(whole))

    def _path(self, fold: int) -> Path:
        return self._folder / f"fold-{fold}.safetensors"
