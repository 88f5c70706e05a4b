"""Tables, YAML, lyrics and JSON lines that nobody thought of: no crash, every row accounted for, the same at every door."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings, strategies as st

from rebracket_core.corpus import Limits
from rebracket_core.corpus.readers.columns import Hints
from rebracket_core.corpus.schema import Skip
from rebracket_core.corpus.sources.files import source_of_bytes
from rebracket_core.corpus.sources.formats.lrc import read_lyrics
from rebracket_core.corpus.sources.reading import (
    iter_concepts,
    read_concepts,
    read_concepts_upload,
    read_source,
    read_upload,
    records_of,
)
from rebracket_core.corpus.sources.stream import Reading
from rebracket_core.errors import DataError

BOUNDED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SIGNS = st.sampled_from([*"ab \",;\t|'#=:-[]{}<>01.\\é\u0301\u200b\u2028\u0085", "sep=", "nan", "text", "id", "[00:01.00]"])
MESSY = st.lists(SIGNS, max_size=12).map("".join)
WORDS = st.sampled_from(
    ["A bell", "A key, of brass", 'A "quoted" word', "Two\nlines, of it", "nan", "", "é", "!!", "0", "text"]
)
IDS = st.sampled_from(["1", "1.0", "2", "x", "", "NA", "007", "e\u0301", "é"])
ALBUMS = st.sampled_from(["Red", "r", "", "None", "mauve", "NULL"])
ROWS = st.lists(st.tuples(IDS, WORDS, ALBUMS), min_size=1, max_size=6)


def accounted(name: str, data: bytes) -> int:
    """How many records a data set takes, skips or counts. A file as a whole that is refused gives none."""
    try:
        frame, report = read_upload(name, data)
    except DataError as error:
        assert error.message and error.hint and name in str(error)
        return -1
    assert report.taken == len(frame) and frame["row_id"].is_unique
    return len(frame) + len(report.skipped)


def offered(name: str, data: bytes) -> list[Any]:
    notes: list[str] = []
    source = source_of_bytes(name, data, limits=Limits())
    return [found for _, found in records_of(Reading(source, Limits(), Hints(), notes.append))]


def at_each_door(name: str, data: bytes, folder: Path) -> None:
    """The texts and errors of all doors to concepts are the same, and a data set holds no text that they lack."""
    path = folder / name
    path.write_bytes(data)
    wanted = [(c.text, c.expected_album, c.error) for c in read_concepts([path]).concepts]
    assert [(c.text, c.expected_album, c.error) for c in iter_concepts([path])] == wanted
    assert [(c.text, c.expected_album, c.error) for c in read_concepts_upload(name, data).concepts] == wanted
    texts = {text for text, _, error in wanted if error is None}
    try:
        frame, report = read_source(path)
    except DataError:
        return
    assert set(frame["concept"]) <= texts
    again, told = read_upload(name, data)
    assert again[["concept", "album", "lyrics"]].equals(frame[["concept", "album", "lyrics"]])
    assert len(told.skipped) == len(report.skipped)


def table_of(rows: list[tuple[str, str, str]], delimiter: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerows([("id", "text", "album"), *rows])
    return out.getvalue().encode()


@BOUNDED
@given(rows=ROWS, delimiter=st.sampled_from([",", ";", "\t", "|"]), above=st.sampled_from(["", "# of mine\n", "A title\n"]))
def test_rows_of_a_table_are_taken_or_named(rows: Any, delimiter: str, above: str, tmp_path: Path) -> None:
    data = above.encode() + table_of(rows, delimiter)
    wanted = sum(any(cell.strip() for cell in row) for row in rows)
    found = accounted("a.csv", data)
    assert found == wanted or (found == -1 and len(offered("a.csv", data)) == max(wanted, 1))
    at_each_door("a.csv", data, tmp_path)


@BOUNDED
@given(lines=st.lists(MESSY, min_size=1, max_size=6), name=st.sampled_from(["a.csv", "a.tsv", "a.txt", "noname"]))
def test_messy_tables_lose_no_line_in_silence(lines: list[str], name: str, tmp_path: Path) -> None:
    body = [f"{number},Text {number} {line},Red" for number, line in enumerate(lines)]
    data = ("id,text,album\n" + "\n".join(body) + "\n").encode()
    told = offered(name, data)
    seen = " ".join(one.hint if isinstance(one, Skip) else f"{one.text} {dict(one.values)}" for one in told)
    unseen = sum(f"Text {number} " not in seen for number in range(len(lines)))
    assert unseen <= sum(isinstance(one, Skip) and "cells where" in one.reason for one in told)
    at_each_door(name, data, tmp_path)


@BOUNDED
@given(rows=ROWS, between=st.sampled_from(["\n", "\n\n", "\r\n"]), name=st.sampled_from(["a.jsonl", "a.txt", "a.csv"]))
def test_json_lines_are_taken_or_named(rows: Any, between: str, name: str, tmp_path: Path) -> None:
    lines = [json.dumps({"id": i, "text": t, "album": a}, ensure_ascii=False) for i, t, a in rows]
    data = between.join(lines).encode()
    found = accounted(name, data)
    assert found == len(rows) or (found == -1 and len(offered(name, data)) == len(rows))
    at_each_door(name, data, tmp_path)


@BOUNDED
@given(lines=st.lists(MESSY, max_size=6))
def test_broken_json_lines_are_named_line_by_line(lines: list[str], tmp_path: Path) -> None:
    lines = ['{"text": "A first"}', *lines]
    data = "\n".join(lines).encode()
    assert len(offered("a.jsonl", data)) == sum(bool(line.strip()) for line in lines)
    at_each_door("a.jsonl", data, tmp_path)


@BOUNDED
@given(rows=ROWS, form=st.sampled_from(["list", "group", "documents"]))
def test_records_of_yaml_are_taken_or_named(rows: Any, form: str, tmp_path: Path) -> None:
    records = [{"id": i, "text": t, "album": a} for i, t, a in rows]
    if form == "documents":
        made = "---\n".join(yaml.safe_dump({"concept": r["text"], "rainbow_color": r["album"]}) for r in records)
    else:
        made = yaml.safe_dump(records if form == "list" else {"group": "g", "concepts": records}, allow_unicode=True)
    found = accounted("a.yml", made.encode())
    assert found == len(rows) or (found == -1 and len(offered("a.yml", made.encode())) == len(rows))
    at_each_door("a.yml", made.encode(), tmp_path)


@BOUNDED
@given(text=st.lists(MESSY, max_size=6).map("\n".join))
def test_messy_yaml_is_read_or_named(text: str, tmp_path: Path) -> None:
    at_each_door("a.yml", f"concept: A text\ntitle: {text}\n".encode(), tmp_path)
    assert accounted("a.yml", f"- {text}\n- A text\n".encode()) in (-1, 1, 2, 3, 4, 5, 6, 7, 8)


TIMES = st.tuples(st.integers(0, 99), st.integers(0, 99), st.sampled_from(["", ".5", ",50", ":25", ".1234"]))


@BOUNDED
@given(times=st.lists(TIMES, min_size=1, max_size=8), offset=st.integers(-9_000, 9_000))
def test_lines_of_lyrics_are_sung_or_named(times: Any, offset: int) -> None:
    lines = [f"[{m:02d}:{s:02d}{f}]word{k}" for k, (m, s, f) in enumerate(times)]
    found = read_lyrics("\n".join([f"[offset:{offset}]", *lines]))
    assert len(found.lines) + len(found.unread) == len(lines)
    told = " ".join([*(line.text for line in found.lines), *found.unread])
    assert all(f"word{k}" in told for k in range(len(lines)))
    assert all(0 <= line.start_s <= line.end_s for line in found.lines)


@BOUNDED
@given(text=st.lists(MESSY, max_size=8).map("\n".join))
def test_messy_lyrics_are_never_texts(text: str, tmp_path: Path) -> None:
    (tmp_path / "s.yml").write_text("manifest_id: s\nconcept: A song of a bell\n")
    (tmp_path / "s.lrc").write_text(f"x{text}", encoding="utf-8")
    assert [c.text for c in read_concepts([tmp_path]).concepts] == ["A song of a bell"]
    frame, _ = read_source(tmp_path)
    assert frame["concept"].tolist() == ["A song of a bell"]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.yml"])
def test_a_file_without_a_record_is_one_skip(name: str) -> None:
    assert len(offered(name, b"text,album\n" if name == "a.csv" else b"\n# nothing\n" if name == "a.yml" else b" \n")) == 1
