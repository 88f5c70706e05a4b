"""Out-of-fold predictions of a run, number by number: what its review rests on."""

from __future__ import annotations

from collections.abc import Callable
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
    "predicted_types": (len(TYPE_NAMES),),
    "any_type": (),
    "any_truth": (),
}
# Columns that runs of earlier versions lack, and what stands in their place there.
_LATER: dict[str, Callable[[dict[str, Any]], np.ndarray]] = {
    "predicted_types": lambda found: (found["types"] >= 0.5).astype(np.float64),
    "any_type": lambda found: 1.0 - np.prod(1.0 - found["types"], axis=1),
    "any_truth": lambda found: (found["types_truth"].sum(axis=1) > 0).astype(np.float64),
    "any_labelled": lambda found: found["types_labelled"],
}
_WORDS = ("row_id", "origin", "agent", "title", "types_from")


@dataclass(frozen=True, slots=True)
class OutOfFoldPredictions:
    """n out-of-fold rows of a run, in the order of its `OutOfFoldRows`.

    `axis` (n, 3, 3) the scores shown, `confidence` (n,), `types` (n, 8) probabilities, `uncertainty` (n, 3), `ood_p` (n,),
    `accept` (n,) the threshold that was chosen without the row's fold, `fold` (n,); of the truth `axis_target` (n, 3, 3)
    unsmoothed, `axis_kind` (n, 3) as in `corpus.targets`, `types_truth` (n, 8) 0/1 and `types_labelled` (n,); the strings say
    where a row comes from, `types_from` who gave its types. `predicted_types` (n, 8) 0/1 are the types that were predicted,
    `any_type` (n,) is the probability of having any, `any_truth` (n,) 0/1 with `any_labelled` (n,) whether there is one.
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
    predicted_types: np.ndarray
    any_type: np.ndarray
    any_truth: np.ndarray
    any_labelled: np.ndarray

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
    columns["any_labelled"] = predictions.any_labelled.astype(bool)
    columns["axis_kind"] = predictions.axis_kind.tolist()
    write_out_of_fold_file(folder / PREDICTIONS_FILE, columns, schema=_schema())


def read_out_of_fold_predictions(folder: Path) -> OutOfFoldPredictions | None:
    """Return the predictions of a run folder; None where it has none. Raises: ModelError for a damaged file."""
    path = folder / PREDICTIONS_FILE
    if not path.is_file():
        return None
    return read_out_of_fold_file(
        path,
        schema=_schema(),
        make=_predictions,
        message="The held-out predictions of the run cannot be read.",
        later=tuple(_LATER),
    )


def _predictions(table: pa.Table) -> OutOfFoldPredictions:
    n = table.num_rows
    found: dict[str, Any] = {name: tuple(table.column(name).to_pylist()) for name in _WORDS}
    for name, shape in _NUMBERS.items():
        if name not in table.column_names:
            continue
        found[name] = np.asarray(table.column(name).to_pylist(), dtype=np.float64).reshape(n, *shape)
        if not np.isfinite(found[name]).all():
            raise ValueError(f"a number of '{name}' is missing or not finite")
    found["types_labelled"] = np.asarray(table.column("types_labelled").to_pylist(), dtype=bool)
    if "any_labelled" in table.column_names:
        found["any_labelled"] = np.asarray(table.column("any_labelled").to_pylist(), dtype=bool)
    found |= {name: of(found) for name, of in _LATER.items() if name not in found}
    return OutOfFoldPredictions(
        **found,
        fold=np.asarray(table.column("fold").to_pylist(), dtype=np.int64),
        axis_kind=np.asarray(table.column("axis_kind").to_pylist(), dtype=str).reshape(n, len(AXIS_NAMES)),
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
            pa.field("any_labelled", pa.bool_(), nullable=False),
            pa.field("axis_kind", pa.list_(pa.string()), nullable=False),
        ]
    )
