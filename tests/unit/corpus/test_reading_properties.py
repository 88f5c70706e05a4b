"""Whatever people write: the readers give rows or a DataError, and keep what they can."""

from __future__ import annotations

import csv
import io
import json
import time
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings, strategies as st

from rebracket_core.corpus import COLUMNS, Library, ReadReport, frame_digest, read_upload
from rebracket_core.corpus.readers.labels import is_null_word
from rebracket_core.corpus.sources.formats.lrc import parse_lrc
from rebracket_core.corpus.sources.formats.plain import split_texts
from rebracket_core.errors import DataError
from rebracket_core.texts import clean_text, has_words, normalised_text, stream_safe

QUICK = settings(max_examples=60, deadline=None)
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=200)
WRITTEN = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], include_characters="\n\t"), max_size=200)
NAMES = st.sampled_from(["a.txt", "a.csv", "a.jsonl", "a.json", "a.yml", "a.lrc", "a", "a.parquet", "a.zip"])


def counts(text: str) -> bool:
    """Whether a text is a concept: it has words, and is no word that tables write for nothing."""
    return has_words(clean_text(text)) and not is_null_word(clean_text(text))


def read_or_none(name: str, data: bytes) -> pd.DataFrame | None:
    try:
        frame, report = read_upload(name, data)
    except DataError as error:
        assert error.message and error.hint
        return None
    assert list(frame.columns) == list(COLUMNS)
    assert report.taken == len(frame) > 0
    assert frame["row_id"].is_unique and (frame["group_id"] != "").all()
    assert all(has_words(text) for text in frame["concept"])
    assert len(frame_digest(frame)) == 64
    return frame


@QUICK
@given(NAMES, st.binary(max_size=300))
def test_any_bytes(name: str, data: Any) -> None:
    read_or_none(name, data)


@QUICK
@given(NAMES, ANY_TEXT)
def test_any_text(name: str, text: str) -> None:
    read_or_none(name, text.encode("utf-8"))


@QUICK
@given(st.lists(WRITTEN, min_size=1, max_size=5))
def test_json_lines_keep_every_text_with_words(texts: Any) -> None:
    data = "\n".join(json.dumps({"concept": text}) for text in texts).encode()
    frame = read_or_none("a.jsonl", data)
    expected = [clean_text(text) for text in texts if counts(text)]
    assert ([] if frame is None else frame["concept"].tolist()) == expected


@QUICK
@given(st.lists(WRITTEN, min_size=1, max_size=5))
def test_json_arrays_of_any_text(texts: Any) -> None:
    frame = read_or_none("a.json", json.dumps(texts, ensure_ascii=False).encode())
    expected = [clean_text(text) for text in texts if counts(text)]
    assert ([] if frame is None else frame["concept"].tolist()) == expected


@QUICK
@given(st.lists(WRITTEN, min_size=1, max_size=5), st.sampled_from([",", ";", "\t", "|"]))
def test_quoted_csv_keeps_every_text_with_words(texts: Any, delimiter: str) -> None:
    held = io.StringIO()
    writer = csv.writer(held, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["id", "concept"])
    writer.writerows((f"n{k}", text.replace("\0", "")) for k, text in enumerate(texts))
    frame = read_or_none("a.csv", held.getvalue().encode())
    got = {} if frame is None else dict(zip(frame["row_id"], frame["concept"], strict=True))
    expected = {f"n{k}": clean_text(text) for k, text in enumerate(texts) if counts(text)}
    assert {k: v.split() for k, v in got.items()} == {k: v.split() for k, v in expected.items()}


@QUICK
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=200))
def test_yaml_keeps_a_text_with_words(text: str) -> None:
    data = yaml.safe_dump({"concept": text, "rainbow_color": "R"}, allow_unicode=True).encode()
    frame = read_or_none("a.yml", data)
    wanted = clean_text(text)
    assert (None if frame is None else frame["concept"][0]) == (wanted if counts(wanted) else None)


@QUICK
@given(ANY_TEXT)
def test_cleaning_is_settled_after_once_and_sameness_knows_no_case(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)
    assert normalised_text(normalised_text(text)) == normalised_text(text) or not has_words(text)
    assert all(part == part.strip() and part for part in split_texts(text))


@QUICK
@given(st.text("[]:.0123456789 abc\n", max_size=120))
def test_lyrics_are_in_order(text: str) -> None:
    lines = parse_lrc(text)
    assert all(line.start_s <= line.end_s and line.text for line in lines)
    assert [line.start_s for line in lines] == sorted(line.start_s for line in lines)


@settings(max_examples=15, deadline=None)
@given(st.lists(WRITTEN.filter(counts), min_size=1, max_size=4))
def test_any_text_survives_the_library(tmp_path_factory: pytest.TempPathFactory, texts: Any) -> None:
    frame = read_or_none("a.jsonl", "\n".join(json.dumps({"concept": t}) for t in texts).encode())
    if frame is None:
        return
    library = Library(tmp_path_factory.mktemp("library"))
    library.add(frame, name="x", source="x", report=ReadReport(len(frame)))
    assert frame_digest(library.load("x").frame) == frame_digest(frame)


def test_marks_without_end_are_put_in_order_in_time() -> None:
    def seconds(pairs: int) -> float:
        start = time.process_time()
        normalised_text("a" + "\u0301\u0323" * pairs)
        return time.process_time() - start

    assert stream_safe("a" + "\u0301" * 30) == "a" + "\u0301" * 30
    assert stream_safe("a" + "\u0301" * 61 + "b").split("\u034f") == ["a" + "\u0301" * 30, "\u0301" * 30, "\u0301b"]
    assert seconds(40_000) < 20 * max(seconds(4_000), 0.001)  # the square would be a hundred times
