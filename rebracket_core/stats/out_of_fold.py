"""Out-of-fold predictions of a run, number by number: what its review rests on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rebracket_core.rainbow import AXIS_NAMES, N_MODES, TYPE_NAMES
from rebracket_core.stats.out_of_fold_files import read_out_of_fold_file, take_rows, write_out_of_fold_file

if TYPE_CHECKING:
    import pyarrow as pa

PREDICTIONS_FILE = "held_answers.parquet"
_AXES = (len(AXIS_NAMES), N_MODES)
# Column → the shape of one row's value; () is one number.
_NUMBERS: dict[str, tuple[int, ...]] = {
    "axis": _AXES,
    "confidence": (),
    "types": (len(TYPE_NAMES),),
    "uncertainty": (3,),
    "ood_p": (),
    "accept": (),
    "axis_target": _AXES,
    "types_truth": (len(TYPE_NAMES),),
}
_WORDS = ("row_id", "origin", "agent", "title", "types_from")


@dataclass(frozen=True, slots=True)
class OutOfFoldPredictions:
    """n out-of-fold rows of a run, in the order of its `OutOfFoldRows`.

    `axis` (n, 3, 3) the scores shown, `confidence` (n,), `types` (n, 8) probabilities, `uncertainty` (n, 3), `ood_p` (n,),
    `accept` (n,) the threshold that was chosen without the row's fold, `fold` (n,); of the truth `axis_target` (n, 3, 3)
    unsmoothed, `axis_kind` (n, 3) as in `corpus.targets`, `types_truth` (n, 8) 0/1 and `types_labelled` (n,); the strings say
    where a row comes from, `types_from` who gave its types.
    """

    row_id: tuple[str, ...]
    origin: tuple[str, ...]
    agent: tuple[str, ...]
    title: tuple[str, ...]
    types_from: tuple[str, ...]
    axis: np.ndarray
    confidence: np.ndarray
    types: np.ndarray
    uncertainty: np.ndarray
    ood_p: np.ndarray
    accept: np.ndarray
    fold: np.ndarray
    axis_target: np.ndarray
    axis_kind: np.ndarray
    types_truth: np.ndarray
    types_labelled: np.ndarray

    def take(self, at: np.ndarray) -> OutOfFoldPredictions:
        """Some of the rows, by index."""
        return OutOfFoldPredictions(**{name: take_rows(getattr(self, name), at) for name in OutOfFoldPredictions.__slots__})


def write_out_of_fold_predictions(folder: Path, predictions: OutOfFoldPredictions) -> None:
    """Write `held_answers.parquet` of a run folder."""
    n = len(predictions.row_id)
    columns: dict[str, Any] = {name: list(getattr(predictions, name)) for name in _WORDS}
    for name, shape in _NUMBERS.items():
        values = np.asarray(getattr(predictions, name), dtype=np.float64)
        columns[name] = values if not shape else list(values.reshape(n, -1))
    columns |= {"fold": predictions.fold.astype(np.int64), "types_labelled": predictions.types_labelled.astype(bool)}
    columns["axis_kind"] = predictions.axis_kind.tolist()
    write_out_of_fold_file(folder / PREDICTIONS_FILE, columns, schema=_schema())


def read_out_of_fold_predictions(folder: Path) -> OutOfFoldPredictions | None:
    """Return the predictions of a run folder; None where it has none. Raises: ModelError for a damaged file."""
    path = folder / PREDICTIONS_FILE
    if not path.is_file():
        return None
    return read_out_of_fold_file(
        path, schema=_schema(), make=_predictions, message="The held-out predictions of the run cannot be read."
    )


def _predictions(table: pa.Table) -> OutOfFoldPredictions:
    n = table.num_rows
    found: dict[str, Any] = {name: tuple(table.column(name).to_pylist()) for name in _WORDS}
    for name, shape in _NUMBERS.items():
        found[name] = np.asarray(table.column(name).to_pylist(), dtype=np.float64).reshape(n, *shape)
        if not np.isfinite(found[name]).all():
            raise ValueError(f"a number of '{name}' is missing or not finite")
    return OutOfFoldPredictions(
        **found,
        fold=np.asarray(table.column("fold").to_pylist(), dtype=np.int64),
        axis_kind=np.asarray(table.column("axis_kind").to_pylist(), dtype=str).reshape(n, len(AXIS_NAMES)),
        types_labelled=np.asarray(table.column("types_labelled").to_pylist(), dtype=bool),
    )


def _schema() -> pa.Schema:
    import pyarrow as pa

    def number(shape: tuple[int, ...]) -> pa.DataType:
        return pa.list_(pa.float64()) if shape else pa.float64()

    return pa.schema(
        [
            *(pa.field(name, pa.string(), nullable=False) for name in _WORDS),
            *(pa.field(name, number(shape), nullable=False) for name, shape in _NUMBERS.items()),
            pa.field("fold", pa.int64(), nullable=False),
            pa.field("types_labelled", pa.bool_(), nullable=False),
            pa.field("axis_kind", pa.list_(pa.string()), nullable=False),
        ]
    )
