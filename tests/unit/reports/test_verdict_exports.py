"""Verdicts as CSV, JSON lines, Parquet and terminal text."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from rebracket_core.reports.verdict_writers import FIELDS, csv_columns, one_line, to_csv, to_jsonl, to_parquet, to_table

Make = Callable[..., dict[str, Any]]
FAILED = {"id": "bad", "source": "x", "text": "", "error": "Its text is blank; write a concept"}


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_columns_of_the_csv_are_fixed_and_different() -> None:
    names = csv_columns()
    assert names[:4] == ("id", "source", "text", "temporal_past")
    assert names[-5:] == ("run_id", "expected_album", "error", "rule", "explanation")
    assert len(set(names)) == len(names)


def test_csv_has_a_mark_once_and_one_row_each(verdict: Make) -> None:
    data = to_csv([verdict(text='Two "lines"\nand, a comma'), FAILED]) + to_csv([verdict(id="c3")], header=False)
    assert data.count(b"\xef\xbb\xbf") == 1
    rows = rows_of(data)
    assert [row["id"] for row in rows] == ["c1", "bad", "c3"]
    assert rows[0]["text"] == 'Two "lines"\nand, a comma'
    assert [rows[0][n] for n in ("temporal_past", "album_probability_Red", "temporal_modes")] == ["0.8", "0.84", "past"]
    assert rows[0]["suggestions"] == "raise past from 0.55 to 0.70"
    assert (rows[1]["verdict"], rows[1]["error"]) == ("", FAILED["error"])


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u00a0=1",
        "\ufeff=1",
        "\u200b=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "﹣1",
        "\ttext",
        "\x00=1",
        "=cmd|' /C calc'!A0",
    ],
)
@pytest.mark.parametrize("field", ["text", "id", "source", "error", "expected_album"])
def test_a_spreadsheet_never_meets_a_formula(verdict: Make, text: str, field: str) -> None:
    assert rows_of(to_csv([verdict(**{field: text})]))[0][field].startswith("'")


def test_numbers_stay_numbers_and_harmless_text_stays_text(verdict: Make) -> None:
    row = rows_of(to_csv([verdict(chromatic_confidence=-0.5, text="a=b", ood_p_value=math.nan)]))[0]
    assert (row["chromatic_confidence"], row["text"], row["ood_p_value"]) == ("-0.5", "a=b", "")


def test_jsonl_is_one_line_each_in_the_order_of_the_fields(verdict: Make) -> None:
    shuffled = dict(reversed(verdict(text="a\u2028b\u2029c\x85d\r\ne").items()))
    lines = to_jsonl([shuffled, FAILED]).decode().splitlines()
    assert len(lines) == 2
    documents = [json.loads(line) for line in lines]
    assert all(tuple(document) == FIELDS for document in documents)
    assert documents[0]["text"] == "a\u2028b\u2029c\x85d\r\ne"
    assert documents[1]["verdict"] is None


def test_jsonl_never_says_nan_and_survives_half_surrogates(verdict: Make) -> None:
    odd = verdict(ood_p_value=math.nan, album_probability=np.float32(0.5), distances={"Red": math.inf}, text="\ud800")
    line = to_jsonl([odd]).decode()
    assert "NaN" not in line and "Infinity" not in line
    assert json.loads(line)["album_probability"] == 0.5


def test_parquet_is_typed_and_holds_the_same(verdict: Make) -> None:
    table = pq.read_table(io.BytesIO(to_parquet([verdict(), FAILED])))
    assert tuple(table.column_names) == FIELDS
    whole, failed = table.to_pylist()
    assert whole["temporal"] == {"past": 0.8, "present": 0.1, "future": 0.1}
    assert whole["album_probability"] == 0.84
    assert json.loads(whole["thresholds"]) == {"accept": 0.5, "accept_uncharted": False}
    assert failed["temporal"] is None and failed["flags"] is None
    assert pq.read_table(io.BytesIO(to_parquet([]))).num_rows == 0


@pytest.mark.parametrize("width", [10, 40, 60, 80, 100, 120, 160, 250])
def test_the_table_keeps_its_width_and_shows_data_as_it_is(verdict: Make, width: int) -> None:
    text = to_table([verdict(text="[red]x[/red] :smile: \x1b[31m" + "very long " * 50), FAILED], width=width)
    assert max(map(len, text.splitlines())) <= max(width, 30)
    assert "\x1b" not in text and "[red]x" in text.replace("…", "[red]x")
    assert "error" in text


def test_the_table_goes_on_without_a_head(verdict: Make) -> None:
    first, rest = to_table([verdict()], width=90), to_table([verdict()], width=90, header=False)
    assert first.splitlines()[-1] == rest.splitlines()[-1]
    assert len(rest.splitlines()) == 1
    assert "\x1b[" in to_table([verdict()], width=90, colour=True)


def test_one_line_takes_away_what_could_move_the_cursor() -> None:
    assert one_line("a\n b\t\x1b[2J\u202ec\x9b") == "a b \ufffd[2J\ufffdc\ufffd"
