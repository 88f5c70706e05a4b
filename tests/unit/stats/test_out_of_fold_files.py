"""What a run keeps of its unseen rows: written, read back, and refused where it is not that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebracket_core.errors import ModelError
from rebracket_core.stats.out_of_fold import (
    PREDICTIONS_FILE,
    OutOfFoldPredictions,
    read_out_of_fold_predictions,
    write_out_of_fold_predictions,
)
from rebracket_core.stats.out_of_fold_rows import (
    OUT_OF_FOLD_ROWS_FILE,
    OutOfFoldRows,
    common_positions,
    read_out_of_fold_rows,
    write_out_of_fold_rows,
)


def _rows(top: list[int], *, truth: list[int], ids: str = "r") -> OutOfFoldRows:
    n = len(top)
    proba = np.full((n, 9), 0.05)
    proba[np.arange(n), top] = 0.6
    return OutOfFoldRows(
        row_id=tuple(f"{ids}{k}" for k in range(n)),
        group_id=tuple("abc"[:n]),
        text=tuple(f"text {k}" for k in range(n)),
        album_truth=np.array(truth),
        album_top=np.array(top),
        album_proba=proba,
        axis_truth=np.tile(np.array([0, 1, -1]), (n, 1)),
        axis_top=np.zeros((n, 3), dtype=int),
        verdict=("ACCEPT",) * n,
        accepted=np.ones(n, dtype=bool),
    )


def _answers(n: int) -> OutOfFoldPredictions:
    rng = np.random.default_rng(0)
    words: dict[str, Any] = {name: ("x",) * n for name in ("origin", "agent", "title", "types_from")}
    return OutOfFoldPredictions(
        row_id=tuple(f"r{k}" for k in range(n)),
        **words,
        axis=rng.random((n, 3, 3)),
        confidence=rng.random(n),
        types=rng.random((n, 8)),
        uncertainty=rng.random((n, 3)),
        ood_p=rng.random(n),
        accept=rng.random(n),
        fold=np.arange(n),
        axis_target=rng.random((n, 3, 3)),
        axis_kind=np.full((n, 3), "single"),
        types_truth=np.zeros((n, 8)),
        types_labelled=np.arange(n) % 2 == 0,
        predicted_types=(rng.random((n, 8)) > 0.5).astype(float),
        any_type=rng.random(n),
        any_truth=np.zeros(n),
        any_labelled=np.arange(n) % 3 == 0,
    )


def test_unseen_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    rows = _rows([0, 8, 3], truth=[0, -1, 2])
    write_out_of_fold_rows(tmp_path, rows)
    back = read_out_of_fold_rows(tmp_path)
    for name in OutOfFoldRows.__slots__:
        assert np.array_equal(getattr(back, name), getattr(rows, name)), name


def test_rows_that_are_absent_damaged_or_foreign_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="did not keep"):
        read_out_of_fold_rows(tmp_path)
    (tmp_path / OUT_OF_FOLD_ROWS_FILE).write_bytes(b"no parquet")
    with pytest.raises(ModelError, match="cannot be read"):
        read_out_of_fold_rows(tmp_path)
    write_out_of_fold_rows(tmp_path, _rows([0, 1], truth=[0, 1]))
    table = pq.read_table(tmp_path / OUT_OF_FOLD_ROWS_FILE)
    wrong = {
        "album_truth": pa.array(["Mauve", None]),
        "row_id": pa.array(["r0", "r0"]),
        "album_probabilities": pa.array([[1.0] * 9, [1.0] * 9]),
        "text": pa.array(["a", None]),
    }
    for name, column in wrong.items():
        place = table.column_names.index(name)
        pq.write_table(table.set_column(place, name, column), tmp_path / OUT_OF_FOLD_ROWS_FILE)
        with pytest.raises(ModelError, match="cannot be read"):
            read_out_of_fold_rows(tmp_path)
    pq.write_table(table.drop_columns(["verdict"]), tmp_path / OUT_OF_FOLD_ROWS_FILE)
    with pytest.raises(ModelError, match="the columns row_id"):
        read_out_of_fold_rows(tmp_path)


def test_some_rows_and_the_rows_of_two_runs_that_are_the_same() -> None:
    rows = _rows([0, 8, 3], truth=[0, -1, 2])
    some = rows.take(np.array([2, 0]))
    assert some.row_id == ("r2", "r0") and some.album_top.tolist() == [3, 0] and len(some) == 2
    here, there = common_positions(rows, some)
    assert here.tolist() == [0, 2] and there.tolist() == [1, 0]
    assert [len(at) for at in common_positions(rows, _rows([1], truth=[1], ids="other"))] == [0, 0]


def test_answers_come_back_as_they_were_written(tmp_path: Path) -> None:
    assert read_out_of_fold_predictions(tmp_path) is None
    answers = _answers(3)
    write_out_of_fold_predictions(tmp_path, answers)
    back = read_out_of_fold_predictions(tmp_path)
    assert back is not None
    for name in OutOfFoldPredictions.__slots__:
        assert np.array_equal(getattr(back, name), getattr(answers, name)), name
        assert np.array_equal(getattr(back.take(np.array([1])), name), np.asarray(getattr(answers, name))[[1]]), name


def test_answers_that_are_damaged_or_foreign_are_refused(tmp_path: Path) -> None:
    write_out_of_fold_predictions(tmp_path, _answers(2))
    table = pq.read_table(tmp_path / PREDICTIONS_FILE)
    place = table.column_names.index("ood_p")
    pq.write_table(table.set_column(place, "ood_p", pa.array([0.5, float("nan")])), tmp_path / PREDICTIONS_FILE)
    with pytest.raises(ModelError, match="missing or not finite"):
        read_out_of_fold_predictions(tmp_path)
    pq.write_table(table.drop_columns(["fold"]), tmp_path / PREDICTIONS_FILE)
    with pytest.raises(ModelError, match="the columns row_id"):
        read_out_of_fold_predictions(tmp_path)
    (tmp_path / PREDICTIONS_FILE).write_bytes(b"no parquet")
    with pytest.raises(ModelError, match="cannot be read"):
        read_out_of_fold_predictions(tmp_path)
