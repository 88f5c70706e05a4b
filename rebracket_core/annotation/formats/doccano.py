"""doccano's files of text classification: a ZIP with one file a user, a list of labels a text.

JSON lines are written; JSON and CSV are read too, where one cell holds a text's labels, parted by #. The form holds no
shares, confidences, times or flags that differ by user; what a label loses is counted.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rebracket_core.annotation.formats.base import LabelFile, LabelFormat
from rebracket_core.annotation.formats.csv_rows import LABEL_COLUMNS, TEXT_COLUMNS, is_label_table, table_rows
from rebracket_core.annotation.formats.fields import text_of, words_in
from rebracket_core.annotation.formats.json_rows import file_text, json_entries
from rebracket_core.annotation.formats.records import Draft, Losses, Reading, Row, Written
from rebracket_core.annotation.formats.vocabulary import Ticks, only_hard, value_of, words_of
from rebracket_core.corpus import Limits
from rebracket_core.corpus.sources import ZIP_MAGIC, source_of_bytes
from rebracket_core.errors import DataError, InputError

_LIMITS = Limits()
_MOST_NAME = 80
_COLUMNS = ("id", *TEXT_COLUMNS, *LABEL_COLUMNS, "Comments", "annotator", "username", "item_id", "text_digest")
_UNSAFE = re.compile(r"[^\w.@ -]")


class Doccano(LabelFormat):
    """doccano's JSON lines and CSV, one file a person."""

    name = "doccano"
    label = "doccano"
    help = "A ZIP with one file a person; mixtures, confidences and times are lost."
    suffix = ".zip"

    def recognises(self, file: LabelFile) -> bool:
        """Whether the file is of this form."""
        if file.data.startswith(ZIP_MAGIC) or not {"label", "labels"}.isdisjoint(file.first):
            return True
        return is_label_table(file.columns)

    def write(self, rows: Sequence[Row]) -> Written:
        """The labels as a ZIP of `<user>.jsonl`. A mixture becomes the list of its modes; its lost shares are counted."""
        losses, out = Losses(), io.BytesIO()
        used: set[str] = set()
        numbers = {item_id: k for k, item_id in enumerate(dict.fromkeys(row.item.item_id for row in rows), 1)}
        people = sorted({row.label.annotator for row in rows})
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in people:
                file = _file_name(name, used)
                lines = [_line(row, numbers[row.item.item_id], losses) for row in rows if row.label.annotator == name]
                archive.writestr(f"{file}.jsonl", "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
        losses.add("times, ids, rounds, guideline versions and what was shown are not held", len(rows))
        return Written(out.getvalue(), len(rows), losses.sentences())

    def read(self, data: bytes, *, name: str) -> Reading:
        """The labels of one user's JSON lines or CSV (`name` is the file's, the user's before the dot) or of a ZIP of them.

        Raises DataError for a ZIP without such files.
        """
        found = Reading()
        if not data.startswith(ZIP_MAGIC):
            _read_file(found, data, name=name, prefix="")
            return found
        source = source_of_bytes(name, data, limits=_LIMITS)
        entries = [entry for entry in source.entries if entry.suffix in (".jsonl", ".json", ".csv")]
        if not entries:
            raise DataError(
                "The ZIP holds no usable labels.",
                expected="JSON lines or CSV, below 512 MiB together",
                found=", ".join(entry.name for entry in source.entries[:5]) or "nothing",
                where=name,
                hint="give the ZIP that doccano or an export wrote",
            )
        for place, reason in source.skipped:
            found.skip(place, reason)
        for entry in source.entries:
            if entry not in entries:
                found.skip(entry.name, "it is no file of JSON lines or CSV")
        problems = []
        for entry in entries:
            try:
                _read_file(found, entry.read(_LIMITS.max_file_bytes), name=entry.name, prefix=f"{entry.name}, ")
            except DataError as error:
                found.skip(entry.name, str(error))
                problems.append(error)
        if len(problems) == len(entries):
            raise problems[0]
        return found


def _file_name(name: str, used: set[str]) -> str:
    """A person's name as the name of a file that no reader hides or takes for another's; it is added to `used`."""
    plain = _UNSAFE.sub("_", name).lstrip(".")[:_MOST_NAME]
    plain = plain if plain.strip() and not plain.startswith("__") else f"user{plain}"
    file, n = plain, 1
    while unicodedata.normalize("NFC", file.casefold()) in used:
        n += 1
        file = f"{plain}-{n}"
    used.add(unicodedata.normalize("NFC", file.casefold()))
    return file


def _line(row: Row, number: int, losses: Losses) -> str:
    value = row.label.value
    losses.add("the shares of a mixture (read back, its modes count as an even split)", int(not only_hard(value)))
    losses.add("the confidence", int(value.confidence is not None))
    entry = {
        "id": number,
        "text": row.item.text,
        "label": sorted(words_of(value)),
        "Comments": [value.note] if value.note else [],
        "item_id": row.item.item_id,
        "text_digest": row.item.text_digest,
        "annotator": row.label.annotator,
    }
    return json.dumps(entry, ensure_ascii=False)


def _read_file(found: Reading, data: bytes, *, name: str, prefix: str) -> None:
    """Take the labels of one file. Raises DataError for what is neither JSON nor a CSV with a text and its labels."""
    if name.casefold().endswith(".csv") or is_label_table(LabelFile(data, name).columns):
        rows: Iterable[tuple[str, Mapping[str, Any]]] = _table(data, found=found, prefix=prefix)
    else:
        rows = ((f"line {number}", raw) for number, raw in json_entries(data, found=found, prefix=prefix))
    for place, raw in rows:
        where = f"{prefix}{place}"
        try:
            draft = _draft(found, raw, who=_stem(name), where=where)
        except InputError as error:
            found.skip(where, str(error))
            continue
        if draft is None:
            found.skip(where, "it has no label of an axis or type")
        else:
            found.drafts.append(draft)


def _table(data: bytes, *, found: Reading, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a CSV as the JSON lines that doccano would have written; what is skipped is named with `prefix`."""
    text, note = file_text(data)
    if note:
        found.taken_as[note] += 1
    if not text.strip():  # what doccano writes for somebody who confirmed no text
        return
    mine = Reading()
    try:
        for where, cells in table_rows(text, known=_COLUMNS, found=mine, need=_need_columns):
            yield where, {name: _words(cell) if name in LABEL_COLUMNS else cell for name, cell in cells.items()}
    except csv.Error as error:
        raise DataError(
            "The CSV cannot be read.",
            expected="closed quotes, and cells of a sensible length",
            found=str(error),
            hint="give the file that doccano wrote",
        ) from error
    for skip in mine.skipped:
        found.skip(f"{prefix}{skip.where}", skip.reason)


def _words(cell: str) -> list[str]:
    """The labels of a cell, which doccano parts by #."""
    return [word for word in (part.strip() for part in cell.split("#")) if word]


def _need_columns(names: Sequence[str]) -> None:
    if not is_label_table(names):
        raise DataError(
            "Columns are missing.",
            expected="text (or data) and label",
            found=", ".join(names)[:500] or "no columns",
            hint="give the file that doccano wrote",
        )
    twice = sorted({name for name in names if name in _COLUMNS and names.count(name) > 1})
    if twice:
        raise DataError(
            "A column stands twice.", expected="each column once", found=", ".join(twice), hint="keep the right one"
        )


def _draft(found: Reading, raw: Mapping[str, Any], *, who: str, where: str) -> Draft | None:
    """The label of a line, None where it has none of an axis or type. Raises InputError naming a field."""
    ticks = Ticks()
    name = "label" if raw.get("label") is not None else "labels"
    words = raw.get(name)
    for word in words_in(words, field=name) if words is not None else ():
        ticks.add(word)
    if ticks.unknown:
        found.taken_as[f"unknown labels skipped ({', '.join(sorted(set(ticks.unknown))[:5])})"] += 1
    comments = raw.get("Comments")
    note = "\n".join(words_in(comments, field="Comments")) if comments is not None else ""
    value = value_of(ticks, taken_as=found.taken_as, note=note)
    if value is None:
        return None
    return Draft(
        text_of(raw, "annotator", "username") or who,
        value,
        where,
        item_id=text_of(raw, "item_id"),
        text=text_of(raw, "text", "data"),
        text_digest=text_of(raw, "text_digest"),
    )


def _stem(name: str) -> str:
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0] or "doccano"
