"""Out-of-fold rows of a run, kept beside it, so that two runs can be compared row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rebracket_core.errors import ModelError
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES
from rebracket_core.stats.out_of_fold_files import read_out_of_fold_file, take_rows, write_out_of_fold_file
from rebracket_core.verdict_kinds import is_accepted

if TYPE_CHECKING:
    import pyarrow as pa

OUT_OF_FOLD_ROWS_FILE = "held.parquet"
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class OutOfFoldRows:
    """n out-of-fold rows of a run: their ids, their labels, the first predictions and the verdicts.

    `row_id`, `group_id`, `text`, `verdict` n strings each; `album_truth` and `album_top` (n,) positions in ALBUM_NAMES, the
    truth -1 where the row has no album, the top -1 where the run learnt no albums; `album_proba` (n, 9), NaN there;
    `axis_truth` and `axis_top` (n, 3) positions in each axis' MODES, the truth -1 where the row has not exactly one mode on
    that axis, the top -1 where the run learnt no axes; `accepted` (n,) bool, any of the three ACCEPTs. Without albums or axes
    there is no verdict: "". `group_id` is the group that the split kept together: songs that share a text count as one.
    """

    row_id: tuple[str, ...]
    group_id: tuple[str, ...]
    text: tuple[str, ...]
    album_truth: np.ndarray
    album_top: np.ndarray
    album_proba: np.ndarray
    axis_truth: np.ndarray
    axis_top: np.ndarray
    verdict: tuple[str, ...]
    accepted: np.ndarray

    def __len__(self) -> int:
        return len(self.row_id)

    def take(self, at: np.ndarray) -> OutOfFoldRows:
        """Some of the rows, by index."""
        return OutOfFoldRows(**{name: take_rows(getattr(self, name), at) for name in OutOfFoldRows.__slots__})


def common_positions(first: OutOfFoldRows, second: OutOfFoldRows) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions (k,), in both, of the rows with the same id and the same text, in the order of the first."""
    place = {key: k for k, key in enumerate(zip(second.row_id, second.text, strict=True))}
    pairs = [(i, place[key]) for i, key in enumerate(zip(first.row_id, first.text, strict=True)) if key in place]
    at = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return at[:, 0], at[:, 1]


def write_out_of_fold_rows(folder: Path, rows: OutOfFoldRows) -> None:
    """Write `held.parquet` of a run folder; names are written as names, so that other tools can read the file."""
    columns: dict[str, Any] = {
        "row_id": list(rows.row_id),
        "group_id": list(rows.group_id),
        "text": list(rows.text),
        "album_truth": _names(rows.album_truth, ALBUM_NAMES),
        "album_predicted": _names(rows.album_top, ALBUM_NAMES),
        "album_probability": [float(p.max()) if np.isfinite(p).all() else None for p in rows.album_proba],
        "album_probabilities": [p.tolist() if np.isfinite(p).all() else None for p in rows.album_proba],
        "verdict": list(rows.verdict),
        "accepted": rows.accepted,
    }
    for j, axis in enumerate(AXIS_NAMES):
        columns[f"{axis}_truth"] = _names(rows.axis_truth[:, j], MODES[axis])
        columns[f"{axis}_predicted"] = _names(rows.axis_top[:, j], MODES[axis])
    write_out_of_fold_file(folder / OUT_OF_FOLD_ROWS_FILE, columns, schema=_schema())


def read_out_of_fold_rows(folder: Path) -> OutOfFoldRows:
    """Return the out-of-fold rows of a run folder.

    Raises: ModelError where they are not kept (a run made before they were) or where the file is damaged or foreign.
    """
    path = folder / OUT_OF_FOLD_ROWS_FILE
    if not path.is_file():
        raise ModelError(
            "This run did not keep its held-out predictions.",
            expected=OUT_OF_FOLD_ROWS_FILE,
            found="no such file",
            hint="train it again with this version, on the same data and config, and compare the new run",
            where=folder.name,
        )
    return read_out_of_fold_file(
        path, schema=_schema(), make=_rows, message="The held-out predictions of the run cannot be read."
    )


def _rows(table: pa.Table) -> OutOfFoldRows:
    found = {name: table.column(name).to_pylist() for name in table.column_names}
    n = table.num_rows
    none = [float("nan")] * len(ALBUM_NAMES)
    proba = np.asarray([none if p is None else p for p in found["album_probabilities"]], dtype=np.float64)
    proba = proba.reshape(n, len(ALBUM_NAMES))
    top = _positions(found["album_predicted"], ALBUM_NAMES)
    if len(set(found["row_id"])) != n:
        raise ValueError("a row_id stands twice")
    if (np.isfinite(proba).all(axis=1) != (top >= 0)).any() or (np.abs(proba.sum(axis=1) - 1.0) > _SUM_TOLERANCE).any():
        raise ValueError("album probabilities that do not add up to 1")
    return OutOfFoldRows(
        row_id=tuple(found["row_id"]),
        group_id=tuple(found["group_id"]),
        text=tuple(found["text"]),
        album_truth=_positions(found["album_truth"], ALBUM_NAMES),
        album_top=top,
        album_proba=proba,
        axis_truth=_axis_positions(found, "truth", n=n),
        axis_top=_axis_positions(found, "predicted", n=n),
        verdict=tuple(found["verdict"]),
        accepted=np.array([is_accepted(verdict) for verdict in found["verdict"]], dtype=bool),
    )


def _axis_positions(found: dict[str, list[Any]], what: str, *, n: int) -> np.ndarray:
    columns = [_positions(found[f"{axis}_{what}"], MODES[axis]) for axis in AXIS_NAMES]
    return np.stack(columns, axis=1).reshape(n, len(AXIS_NAMES))


def _names(positions: np.ndarray, names: Sequence[str]) -> list[str | None]:
    return [names[int(k)] if k >= 0 else None for k in positions]


def _positions(values: Sequence[str | None], names: Sequence[str]) -> np.ndarray:
    place: dict[str | None, int] = {None: -1, **{name: k for k, name in enumerate(names)}}
    return np.array([place[value] for value in values], dtype=np.int64)


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, maybe = {"type": pa.string(), "nullable": False}, {"type": pa.string()}
    return pa.schema(
        [
            pa.field("row_id", **text),
            pa.field("group_id", **text),
            pa.field("text", **text),
            pa.field("album_truth", **maybe),
            pa.field("album_predicted", **maybe),
            pa.field("album_probability", pa.float64()),
            pa.field("album_probabilities", pa.list_(pa.float64())),
            *(pa.field(f"{axis}_{what}", **maybe) for axis in AXIS_NAMES for what in ("truth", "predicted")),
            pa.field("verdict", **text),
            pa.field("accepted", pa.bool_(), nullable=False),
        ]
    )
