"""Our own forms, which hold everything: JSON lines, CSV and Parquet, one label a line or row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from rebracket_core.annotation.entities.label_schema import AxisLabel, LabelValue
from rebracket_core.annotation.formats.records import Draft, Losses, Reading, Row, Written
from rebracket_core.corpus.limits import MAX_COLUMNS
from rebracket_core.corpus.readers.decoding import text_lines
from rebracket_core.corpus.readers.delimited import bounded_csv
from rebracket_core.corpus.readers.json_text import bounded_json
from rebracket_core.errors import DataError, InputError
from rebracket_core.parquet.bounds import ParquetTable
from rebracket_core.rainbow import AXIS_NAMES, MODES, TYPE_NAMES
from rebracket_core.spreadsheet import guarded, unguarded

_TEXTS = (
    "label_id",
    "project_id",
    "item_id",
    "text_digest",
    "annotator",
    "client_time",
    "server_time",
    "shown_run",
    "shown_at",
    "source",
    "title",
    "group_id",
    "album",
    "text",
)
_WHOLES = ("round", "guideline_version", "revision")
_OF_ITEM = ("title", "group_id", "album", "text")
_SHARES = tuple(f"{axis}_{mode}" for axis in AXIS_NAMES for mode in MODES[axis])
_KINDS = tuple(f"{axis}_kind" for axis in AXIS_NAMES)
_UNANSWERED = "not answered"
COLUMNS: tuple[str, ...] = (
    "item_id",
    "text",
    "annotator",
    *_SHARES,
    *_KINDS,
    "types",
    "confidence",
    "note",
    "flag",
    "round",
    "revision",
    "active_s",
    "client_time",
    "server_time",
    "guideline_version",
    "shown_run",
    "shown_at",
    "source",
    "label_id",
    "project_id",
    "text_digest",
    "title",
    "group_id",
    "album",
)
"""The columns of the CSV and Parquet forms: shares are whole per-mille numbers, types are parted by "; "."""


def write_jsonl(rows: Sequence[Row]) -> Written:
    """The labels as JSON lines; nothing is lost."""
    lines = [
        json.dumps({**row.label.to_dict(), **{name: getattr(row.item, name) for name in _OF_ITEM}}, ensure_ascii=False)
        for row in rows
    ]
    return Written("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"), len(rows))


def read_jsonl(data: bytes) -> Reading:
    """The labels of our JSON lines."""
    found = Reading()
    for number, raw in json_lines(data):
        where = f"line {number}"
        try:
            value = LabelValue.from_dict(raw.get("value") or {})
        except InputError as error:
            found.skip(where, str(error))
            continue
        _take(found, raw, value, where=where)
    return found


def write_csv(rows: Sequence[Row]) -> Written:
    """The labels as CSV, UTF-8 with a byte order mark; no cell is a formula. Only NUL characters are lost."""
    out, losses = io.StringIO(newline=""), Losses()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        flat = _flat(row)
        losses.add("NUL characters", int(any("\x00" in str(v) for v in flat.values())))
        writer.writerow([guarded(v) if isinstance(v, str) else "" if v is None else v for v in flat.values()])
    return Written(b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace"), len(rows), losses.told())


def read_csv(data: bytes) -> Reading:
    """The labels of our CSV. Raises DataError where a column is missing."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            "The CSV is not UTF-8.", expected="UTF-8 text", found=str(error), hint="save it as CSV UTF-8"
        ) from error
    rows = bounded_csv(text_lines(text if "\n" in text else text.replace("\r", "\n")))
    try:
        names = next(rows, [])
        _need_columns(names)
        if len(names) > MAX_COLUMNS:
            raise DataError(
                "The CSV has too many columns.",
                expected=f"at most {MAX_COLUMNS:,}",
                found=f"{len(names):,}",
                hint="give the file that an export wrote",
            )
        return _read_flat(
            (f"row {k}", {name: unguarded(cell) for name, cell in zip_longest(names, raw[: len(names)], fillvalue="") if name})
            for k, raw in enumerate((row for row in rows if row), 2)
        )
    except csv.Error as error:
        raise DataError(
            "The CSV cannot be read.",
            expected="closed quotes, and cells of a sensible length",
            found=str(error),
            hint="give the file that an export wrote",
        ) from error


def write_parquet(rows: Sequence[Row]) -> Written:
    """The labels as a Parquet table with the columns COLUMNS; nothing is lost."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def kind(name: str) -> pa.DataType:
        if name in _SHARES or name in _WHOLES or name == "confidence":
            return pa.int32()
        return {"active_s": pa.float64(), "flag": pa.bool_()}.get(name, pa.string())

    schema = pa.schema([(name, kind(name)) for name in COLUMNS])
    flat = [{**_flat(row), "flag": row.label.value.flag} for row in rows]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(flat, schema=schema), sink, compression="zstd")
    return Written(sink.getvalue(), len(rows))


def read_parquet(data: bytes) -> Reading:
    """The labels of our Parquet table. Raises DataError for another file."""
    table = ParquetTable(data, where="the Parquet table of labels")
    names = table.schema_arrow.names
    _need_columns(names)
    rows = (row for batch in table.batches([name for name in names if name in COLUMNS]) for row in batch.to_pylist())
    plain = ({k: "yes" if v is True else "" if v is None or v is False else str(v) for k, v in raw.items()} for raw in rows)
    return _read_flat((f"row {k}", raw) for k, raw in enumerate(plain, 1))


def json_lines(data: bytes) -> Iterable[tuple[int, dict[str, Any]]]:
    """The objects of JSON lines, or of one JSON array, with their line or place, from 1. Raises DataError naming the line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("The file is not UTF-8.", expected="UTF-8 text", found=str(error), hint="save it as UTF-8") from error
    try:
        if text.lstrip()[:1] == "[":
            rows = list(enumerate(bounded_json(text), 1))
        else:
            rows = [(k, bounded_json(line)) for k, line in enumerate(text_lines(text), 1) if line.strip()]
    except (ValueError, RecursionError) as error:
        raise DataError(
            "The file is not JSON.",
            expected="JSON lines or one JSON array",
            found=str(error),
            hint="correct the place that is named",
        ) from error
    odd = next((k for k, row in rows if not isinstance(row, dict)), None)
    if odd is not None:
        raise DataError(
            "An entry is no object.",
            expected="one object an entry",
            found=f"something else at {odd}",
            hint="give a file of labels",
        )
    return rows


def _flat(row: Row) -> dict[str, Any]:
    label, value = row.label, row.label.value
    told: dict[str, Any] = {name: getattr(row.item if name in _OF_ITEM else label, name) for name in (*_TEXTS, *_WHOLES)}
    for axis, answer in value.axes.items():
        told |= {f"{axis}_{mode}": share for mode, share in zip(MODES[axis], answer.per_mille, strict=True)}
        told[f"{axis}_kind"] = str(answer.kind)
    types = value.types
    told["types"] = _UNANSWERED if types is None else "; ".join(name for name in TYPE_NAMES if name in types)
    told |= {
        "confidence": value.confidence,
        "note": value.note,
        "flag": "yes" if value.flag else "",
        "active_s": label.active_s,
    }
    return {name: told[name] for name in COLUMNS}


def _need_columns(names: Iterable[str]) -> None:
    missing = [name for name in ("annotator", *_SHARES, *_KINDS) if name not in set(names)]
    if missing:
        raise DataError(
            "Columns are missing.",
            expected=", ".join(missing),
            found=", ".join(names) or "no columns",
            hint="give a file that an export wrote",
        )


def _read_flat(rows: Iterable[tuple[str, Mapping[str, str]]]) -> Reading:
    found = Reading()
    for where, raw in rows:
        try:
            axes = {
                axis: AxisLabel.from_dict(
                    {"per_mille": [int(raw[f"{axis}_{mode}"]) for mode in MODES[axis]], "kind": raw[f"{axis}_kind"]}
                )
                for axis in AXIS_NAMES
            }
            told = raw.get("types", _UNANSWERED)
            types = None if told == _UNANSWERED else frozenset(t.strip() for t in told.split(";") if t.strip())
            confidence = int(raw["confidence"]) if raw.get("confidence") else None
            value = LabelValue(
                **axes,
                types=types,
                confidence=confidence,
                note=raw.get("note", ""),
                flag=raw.get("flag", "").casefold() in ("yes", "true", "1"),
            )
        except (ValueError, TypeError, OverflowError, InputError) as error:
            found.skip(where, str(error))
            continue
        _take(found, raw, value, where=where)
    return found


def _take(found: Reading, raw: Mapping[str, Any], value: LabelValue, *, where: str) -> None:
    annotator = str(raw.get("annotator") or "")
    if not annotator:
        found.skip(where, "no annotator is named")
        return
    try:
        numbers = {name: int(raw.get(name) or default) for name, default in (("round", 1), ("guideline_version", 0))}
        active_s = float(raw.get("active_s") or 0.0)
    except (TypeError, ValueError, OverflowError) as error:
        found.skip(where, f"a number cannot be read: {error}")
        return
    names = ("item_id", "text", "text_digest", "label_id", "client_time", "server_time", "shown_run", "shown_at")
    texts = {name: str(raw.get(name) or "") for name in names}
    found.drafts.append(Draft(annotator, value, where, **texts, **numbers, active_s=active_s))  # type: ignore[arg-type]
