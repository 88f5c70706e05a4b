"""Our own forms, which hold everything: JSON lines, CSV and Parquet, one label a line or row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rebracket_core.annotation.entities.label_schema import WHOLE, LabelValue
from rebracket_core.annotation.formats.base import LabelFile, LabelFormat
from rebracket_core.annotation.formats.csv_rows import is_label_table, table_rows
from rebracket_core.annotation.formats.fields import label_value, mapping_of, rest_of, text_of, unreadable, whole_in
from rebracket_core.annotation.formats.json_rows import file_text, json_entries
from rebracket_core.annotation.formats.records import Draft, Losses, Reading, Row, Written
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
_FLAGS = {"": False, "no": False, "false": False, "0": False, "yes": True, "true": True, "1": True}
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
        for number, raw in json_entries(data, found=found):
            where = f"line {number}"
            try:
                _take(found, raw, label_value(mapping_of(raw, "value")), where=where)
            except InputError as error:
                found.skip(where, str(error))
        return found


class Csv(LabelFormat):
    """Our own CSV, one label a row. Lossless but for NUL characters."""

    name = "csv"
    label = "CSV (lossless)"
    help = "Our own form: one label a row with the columns COLUMNS, for spreadsheets."
    suffix = ".csv"

    def recognises(self, file: LabelFile) -> bool:
        """Whether the file is called so, and its columns are not those of a tool with one label column."""
        return file.name.casefold().endswith(self.suffix) and (
            set(_SHARES) <= set(file.columns) or not is_label_table(file.columns)
        )

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
        """The labels of our CSV, also as a spreadsheet saved it again. Raises DataError where a column is missing.

        Cells may be parted by semicolons, tabs or bars, decimals by a comma, and the text may be UTF-16 or cp1252.
        """
        text, note = file_text(data)
        found = Reading()
        if note:
            found.taken_as[note] += 1
        try:
            rows = table_rows(text, known=COLUMNS, found=found, need=_need_columns)
            return _read_flat(((where, {k: unguarded(cell) for k, cell in raw.items()}) for where, raw in rows), found)
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
        found = Reading()
        batches = table.batches([name for name in names if name in COLUMNS])
        rows = ((f"row {k}", raw) for k, raw in enumerate((raw for batch in batches for raw in batch.to_pylist()), 1))
        try:
            return _read_flat(_plain_rows(rows, found), found)
        except (ValueError, OverflowError) as error:  # a text that is no UTF-8, a moment before or after all calendars
            raise DataError(
                "The Parquet table cannot be read.",
                expected="the columns of an export",
                found=str(error)[:200],
                hint="give the file that an export wrote",
            ) from error


def _plain_rows(rows: Iterable[tuple[str, dict[str, Any]]], found: Reading) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a data frame with the cells that a CSV has; a row with a cell of another kind is skipped in `found`."""
    for where, raw in rows:
        odd = next((name for name, cell in raw.items() if isinstance(cell, (list, dict, bytes))), None)
        if odd is not None:
            found.skip(where, str(unreadable(odd, "a text or number", raw[odd])))
            continue
        yield where, {k: "yes" if v is True else "" if v is None or v is False else str(v) for k, v in raw.items()}


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


def _need_columns(names: Sequence[str]) -> None:
    missing = [name for name in ("annotator", *_SHARES, *_KINDS) if name not in set(names)]
    if missing:
        raise DataError(
            "Columns are missing.",
            expected=", ".join(missing),
            found=", ".join(names)[:500] or "no columns",
            hint="give a file that an export wrote",
        )
    twice = sorted({name for name in names if name in COLUMNS and names.count(name) > 1})
    if twice:
        raise DataError(
            "A column stands twice.", expected="each column once", found=", ".join(twice), hint="keep the right one"
        )


def _read_flat(rows: Iterable[tuple[str, Mapping[str, Any]]], found: Reading) -> Reading:
    for where, raw in rows:
        try:
            _take(found, raw, _flat_value(raw), where=where)
        except InputError as error:
            found.skip(where, str(error))
    return found


def _flat_value(raw: Mapping[str, Any]) -> LabelValue:
    """The label of a row. Raises InputError naming the column that cannot be read."""
    axes = {
        axis: {
            "per_mille": [whole_in(raw[f"{axis}_{mode}"], field=f"{axis}_{mode}", most=WHOLE) for mode in MODES[axis]],
            "kind": raw[f"{axis}_kind"],
        }
        for axis in AXIS_NAMES
    }
    marked = raw.get("types", _UNANSWERED)
    types = None if marked == _UNANSWERED else [t.strip() for t in marked.split(";") if t.strip()]
    flag = raw.get("flag", "").strip().casefold()
    if flag not in _FLAGS:
        raise unreadable("flag", "yes, or nothing", raw["flag"])
    return label_value(
        {**axes, "types": types, "confidence": raw.get("confidence") or None, "note": raw.get("note", ""), "flag": _FLAGS[flag]}
    )


def _take(found: Reading, raw: Mapping[str, Any], value: LabelValue, *, where: str) -> None:
    """Take the label of an entry. Raises InputError naming the field that cannot be read."""
    annotator = text_of(raw, "annotator")
    if not annotator.strip():
        found.skip(where, "no annotator is named")
        return
    found.drafts.append(Draft(annotator, value, where, text=text_of(raw, "text"), **rest_of(raw)))
