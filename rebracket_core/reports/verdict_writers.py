"""Verdicts as files and as text: CSV, JSON lines, Parquet and a table for the terminal.

Everything takes dicts as `Verdict.to_dict()` gives them; a missing field counts as None.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES
from rebracket_core.spreadsheet import harmless
from rebracket_core.validation import FIELDS, UNCERTAINTIES
from rebracket_core.verdict_kinds import is_accepted

if TYPE_CHECKING:
    import pyarrow as pa

_PARTS: dict[str, tuple[str, ...]] = {
    **{axis: MODES[axis] for axis in AXIS_NAMES},
    "album_probabilities": ALBUM_NAMES,
    "types": TYPE_NAMES,
    "uncertainty": UNCERTAINTIES,
    "distances": ALBUM_NAMES,
}
_PREFIX = {"album_probabilities": "album_probability", "types": "type", "distances": "distance"}
_NUMBERS = frozenset({"chromatic_confidence", "album_probability", "ood_p_value"})
_LISTS = frozenset({"flags"})
_DOCUMENTS = frozenset({"states", "suggestions", "thresholds"})
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LINE_BREAKS = {"\u0085": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_CONTROL = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def csv_columns() -> tuple[str, ...]:
    """The names of the columns of the CSV, in their fixed order."""
    names: list[str] = []
    for name in FIELDS:
        if name in _PARTS:
            names += [f"{_PREFIX.get(name, name)}_{part}" for part in _PARTS[name]]
        elif name == "states":
            names += [f"{axis}_{what}" for axis in AXIS_NAMES for what in ("state", "modes")]
        else:
            names.append(name)
    return tuple(names)


def to_csv(verdicts: Iterable[Mapping[str, Any]], *, header: bool = True) -> bytes:
    """The verdicts as CSV, UTF-8 with a byte order mark, one row each, columns as `csv_columns` names them.

    A text that a spreadsheet would run as a formula gets an apostrophe in front; numbers stay numbers. Without
    `header` the rows continue a file: no mark, no names.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    if header:
        writer.writerow(csv_columns())
    for verdict in verdicts:
        writer.writerow([_cell(value) for value in _flat(plain(verdict))])
    return (b"\xef\xbb\xbf" if header else b"") + out.getvalue().encode("utf-8")


def to_jsonl(verdicts: Iterable[Mapping[str, Any]]) -> bytes:
    """The verdicts as JSON lines, UTF-8: one line each, fields in the order of FIELDS, never NaN."""
    return b"".join(map(_line, verdicts))


def _line(verdict: Mapping[str, Any]) -> bytes:
    try:  # nearly every verdict is plain already, and to look at all its values takes longer than to write them
        return f"{_json({name: verdict.get(name) for name in FIELDS})}\n".encode()
    except (ValueError, TypeError):  # a number that is none, half a surrogate pair, a value of another kind
        return f"{_json(ordered(verdict))}\n".encode()


def to_parquet(verdicts: Iterable[Mapping[str, Any]]) -> bytes:
    """The verdicts as a Parquet table with the columns FIELDS.

    Scores are structs of doubles, `flags` is a list; `states`, `suggestions` and `thresholds` are JSON text.
    """
    import pyarrow.parquet as pq

    table = to_arrow(verdicts)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def to_arrow(verdicts: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The same as a table in memory."""
    import pyarrow as pa

    rows = []
    for verdict in verdicts:
        row = ordered(verdict)
        for name, parts in _PARTS.items():
            row[name] = None if row[name] is None else {p: row[name].get(p) for p in parts}
        rows.append({**row, **{name: None if row[name] is None else _json(row[name]) for name in _DOCUMENTS}})
    return pa.Table.from_pylist(rows, schema=verdict_schema())


def to_table(verdicts: Iterable[Mapping[str, Any]], *, width: int = 100, colour: bool = False, header: bool = True) -> str:
    """The verdicts as a table of text, at most `width` columns wide, one row each; the widths depend on `width` alone.

    Text from data is shown as it is, cut to one line, without control characters; nothing in it is markup. With
    `colour` the verdicts are coloured with terminal codes. Without `header` the rows continue a table of that width.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = max(width, 30)
    shown = _table_columns(width)
    table = Table(box=box.SIMPLE_HEAD, show_header=header, width=width, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for name, size, right, _ in shown:
        table.add_column(name, width=size, no_wrap=True, overflow="ellipsis", justify="right" if right else "left")
    for verdict in verdicts:
        row = plain(verdict)
        cells = [Text(read(row)) for _, _, _, read in shown]
        cells[_verdict_at(shown)].stylize(_style(row))
        table.add_row(*cells)
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with console.capture() as captured:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().split("\n") if line.strip())


def plain(value: Any) -> Any:
    """The value as JSON can hold it: NaN and infinities become None, half surrogates U+FFFD, numpy scalars numbers."""
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(part) for part in value]
    if isinstance(value, str):
        return str(value) if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value - value != 0.0:
        return None
    return value


def ordered(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict as plain values with exactly the fields of FIELDS, in that order."""
    return {name: plain(verdict.get(name)) for name in FIELDS}


def one_line(text: object) -> str:
    """The text on one line, without control, direction and escape characters: safe to print on a terminal."""
    words = " ".join(str(text).split())
    return "".join("\ufffd" if unicodedata.category(ch) in _CONTROL else ch for ch in words)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    for sign, escaped in _LINE_BREAKS.items():
        if sign in text:
            text = text.replace(sign, escaped)
    return text


def _flat(verdict: Mapping[str, Any]) -> list[Any]:
    out: list[Any] = []
    for name in FIELDS:
        value = verdict.get(name)
        if name in _PARTS:
            out += [(value or {}).get(part) for part in _PARTS[name]]
        elif name == "states":
            for axis in AXIS_NAMES:
                state = (value or {}).get(axis) or {}
                out += [state.get("state"), "+".join(state.get("modes") or ())]
        else:
            out.append(value)
    return out


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, list):
        value = [part.get("text", part) if isinstance(part, Mapping) else part for part in value]
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = "; ".join(value)
    elif isinstance(value, (list, Mapping)):
        value = _json(value)
    return harmless(str(value))


def verdict_schema() -> pa.Schema:
    """The columns of the Parquet table and their types."""
    import pyarrow as pa

    def kind(name: str) -> pa.DataType:
        if name in _PARTS:
            return pa.struct([(part, pa.float64()) for part in _PARTS[name]])
        if name in _NUMBERS:
            return pa.float64()
        return pa.list_(pa.string()) if name in _LISTS else pa.string()

    return pa.schema([(name, kind(name)) for name in FIELDS])


_Column = tuple[str, int, bool, Callable[[Mapping[str, Any]], str]]


def _table_columns(width: int) -> list[_Column]:
    """(heading, width, right-aligned, cell) of the columns that fit; the text takes what is left."""
    columns: list[_Column] = [
        ("album", 6, False, lambda v: one_line(v.get("album") or "-")),
        ("p", 4, True, lambda v: _share(v.get("album_probability"))),
    ]
    if width >= 60:
        columns.append(("verdict", 13, False, _verdict_words))
    else:
        columns.append(("verdict", 7, False, _verdict_words))
    if width >= 110:
        columns.append(("mode", 24, False, lambda v: one_line(v.get("mode") or "").replace("_", " ")))
        columns.append(("conf", 4, True, lambda v: _share(v.get("chromatic_confidence"))))
    if width >= 80:
        columns.append(("why", 20 if width < 130 else 30, False, _why))
    if width >= 150:
        columns.append(("id", 24, False, lambda v: one_line(v.get("id") or "")))
    left = width - sum(size + 2 for _, size, _, _ in columns)
    return [("concept", max(left, 6), False, lambda v: one_line(v.get("text") or v.get("id") or "")), *columns]


def _verdict_at(columns: Sequence[_Column]) -> int:
    return next(k for k, column in enumerate(columns) if column[0] == "verdict")


def _verdict_words(verdict: Mapping[str, Any]) -> str:
    return "error" if verdict.get("error") else one_line(verdict.get("verdict") or "-")


def _why(verdict: Mapping[str, Any]) -> str:
    words = [verdict.get("error"), verdict.get("reason"), *(verdict.get("flags") or ())]
    return one_line(", ".join(str(word) for word in words if word))


def _share(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, (int, float)) else "-"


def _style(verdict: Mapping[str, Any]) -> str:
    if verdict.get("error"):
        return "bold magenta"
    return "green" if is_accepted(verdict.get("verdict")) else "red"
