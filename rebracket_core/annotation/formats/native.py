"""Our own forms, which hold everything: JSON lines, CSV and Parquet, one label a line or row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from rebracket_core.annotation.entities.label_schema import AxisLabel, LabelValue
from rebracket_core.annotation.formats.base import LabelFile, LabelFormat
from rebracket_core.annotation.formats.json_rows import json_lines
from rebracket_core.annotation.formats.records import Draft, Losses, Reading, Row, Written
from rebracket_core.corpus import MAX_COLUMNS
from rebracket_core.corpus.readers import bounded_csv, text_lines
from rebracket_core.errors import DataError, InputError
from rebracket_core.parquet import ParquetTable
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


class JsonLines(LabelFormat):
    """Our own JSON lines, one label a line. Lossless."""

    name = "jsonl"
    label = "JSON lines (lossless)"
    help = "Our own form: one label a line, with all that is known of it."
    suffix = ".jsonl"

    def recognises(self, file: LabelFile) -> bool:
        """Whether the first entry has a label's id."""
        return "label_id" in file.first

    def write(self, rows: Sequence[Row]) -> Written:
        """The labels as JSON lines; nothing is lost."""
        lines = [
            json.dumps({**row.label.to_dict(), **{name: getattr(row.item, name) for name in _OF_ITEM}}, ensure_ascii=False)
            for row in rows
        ]
        return Written("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"), len(rows))

    def read(self, data: bytes, *, name: str) -> Reading:
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


class Csv(LabelFormat):
    """Our own CSV, one label a row. Lossless but for NUL characters."""

    name = "csv"
    label = "CSV (lossless)"
    help = "Our own form: one label a row with the columns COLUMNS, for spreadsheets."
    suffix = ".csv"

    def recognises(self, file: LabelFile) -> bool:
        """Whether the file is called so."""
        return file.name.casefold().endswith(self.suffix)

    def write(self, rows: Sequence[Row]) -> Written:
        """The labels as CSV, UTF-8 with a byte order mark; no cell is a formula. Only NUL characters are lost."""
        out, losses = io.StringIO(newline=""), Losses()
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for row in rows:
            flat = _flat(row)
            losses.add("NUL characters", int(any("\x00" in str(v) for v in flat.values())))
            writer.writerow([guarded(v) if isinstance(v, str) else "" if v is None else v for v in flat.values()])
        return Written(b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace"), len(rows), losses.sentences())

    def read(self, data: bytes, *, name: str) -> Reading:
        """The labels of our CSV. Raises DataError where a column is missing."""
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(
                "The CSV is not UTF-8.", expected="UTF-8 text", found=str(error), hint="save it as CSV UTF-8"
            ) from error
        try:
            return _read_flat(_csv_rows(text))
        except csv.Error as error:
            raise DataError(
                "The CSV cannot be read.",
                expected="closed quotes, and cells of a sensible length",
                found=str(error),
                hint="give the file that an export wrote",
            ) from error


class Parquet(LabelFormat):
    """Our own Parquet table, one label a row. Lossless."""

    name = "parquet"
    label = "Parquet (lossless)"
    help = "Our own form: one label a row with the columns COLUMNS, for data frames."
    suffix = ".parquet"

    def recognises(self, file: LabelFile) -> bool:
        """Whether the file begins as Parquet does."""
        return file.data[:4] == b"PAR1"

    def write(self, rows: Sequence[Row]) -> Written:
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

    def read(self, data: bytes, *, name: str) -> Reading:
        """The labels of our Parquet table. Raises DataError for another file."""
        table = ParquetTable(data, where="the Parquet table of labels")
        names = table.schema_arrow.names
        _need_columns(names)
        rows = (row for batch in table.batches([name for name in names if name in COLUMNS]) for row in batch.to_pylist())
        plain = ({k: "yes" if v is True else "" if v is None or v is False else str(v) for k, v in raw.items()} for raw in rows)
        return _read_flat((f"row {k}", raw) for k, raw in enumerate(plain, 1))


def _csv_rows(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a CSV with their places, a cell by its column. Raises DataError for columns that no export has."""
    rows = bounded_csv(text_lines(text if "\n" in text else text.replace("\r", "\n")))
    names = next(rows, [])
    _need_columns(names)
    if len(names) > MAX_COLUMNS:
        raise DataError(
            "The CSV has too many columns.",
            expected=f"at most {MAX_COLUMNS:,}",
            found=f"{len(names):,}",
            hint="give the file that an export wrote",
        )
    for k, raw in enumerate((row for row in rows if row), 2):
        cells = zip_longest(names, raw[: len(names)], fillvalue="")
        yield f"row {k}", {name: unguarded(cell) for name, cell in cells if name}


def _flat(row: Row) -> dict[str, Any]:
    label, value = row.label, row.label.value
    cells: dict[str, Any] = {name: getattr(row.item if name in _OF_ITEM else label, name) for name in (*_TEXTS, *_WHOLES)}
    for axis, answer in value.axes.items():
        cells |= {f"{axis}_{mode}": share for mode, share in zip(MODES[axis], answer.per_mille, strict=True)}
        cells[f"{axis}_kind"] = str(answer.kind)
    types = value.types
    cells["types"] = _UNANSWERED if types is None else "; ".join(name for name in TYPE_NAMES if name in types)
    cells |= {
        "confidence": value.confidence,
        "note": value.note,
        "flag": "yes" if value.flag else "",
        "active_s": label.active_s,
    }
    return {name: cells[name] for name in COLUMNS}


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
            marked = raw.get("types", _UNANSWERED)
            types = None if marked == _UNANSWERED else frozenset(t.strip() for t in marked.split(";") if t.strip())
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
