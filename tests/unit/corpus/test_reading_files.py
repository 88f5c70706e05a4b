"""CSV, JSON, plain text and YAML as people have them, broken ones included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rebracket_core.corpus import Limits, ReadReport, read_source, read_upload
from rebracket_core.corpus.sources.reading import read_concepts
from rebracket_core.errors import DataError

Read = tuple[pd.DataFrame, ReadReport]

TEXT = "A ledger nobody opens, kept in a café"


def concepts(name: str, data: bytes | str, **options: Any) -> Read:
    return read_upload(name, data.encode() if isinstance(data, str) else data, **options)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"])
@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_encodings(name: str, encoding: str) -> None:
    text = f"concept\n{TEXT}\n" if name == "a.csv" else f"{TEXT}\n\nAnother text\n"
    frame, report = concepts(name, text.encode(encoding))
    assert frame["concept"][0] == TEXT
    assert any("not UTF-8" in note for note in report.notes) == (encoding in ("cp1252", "latin-1"))


def test_bytes_that_cp1252_does_not_have_are_read_as_latin_1() -> None:
    frame, report = concepts("a.txt", "café one ".encode("latin-1") + b"\x81" + b" two, and a good deal of other text")
    assert "café" in frame["concept"][0]
    assert any("latin-1" in note for note in report.notes)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found(delimiter: str) -> None:
    text = delimiter.join(["id", "concept", "rainbow_color", "song_id"]) + "\n"
    text += delimiter.join(["1", f'"{TEXT}; and, more\nlines"', "Red", "s1"]) + "\n"
    frame, report = concepts("a.csv", text)
    assert frame["concept"][0] == f"{TEXT}; and, more\nlines"
    assert (frame["album"][0], frame["group_id"][0], frame["row_id"][0]) == ("Red", "s1", "1")
    assert not report.skipped


def test_content_decides_not_the_name() -> None:
    assert concepts("a.txt", f"concept,album\n{TEXT.replace(',', '')},Red\nTwo words,Blue\n")[0]["album"].tolist() == [
        "Red",
        "Blue",
    ]
    assert concepts("a.txt", json.dumps([{"concept": TEXT}]))[0]["concept"][0] == TEXT
    assert concepts("a.csv", json.dumps({"concept": TEXT}) + "\n" + json.dumps({"concept": "Two words"}))[0].shape[0] == 2
    assert concepts("a.txt", f"rainbow_color: Red\nconcept: {TEXT}\n")[0]["album"][0] == "Red"


@pytest.mark.parametrize(
    "text", ["Title, a song about nothing", "Text, and a thread\nthat ends", "The album, title and group\nTwo"]
)
def test_prose_with_commas_is_no_table(text: str) -> None:
    assert set(concepts("a.txt", text)[0]["origin"]) == {"text"}


def test_one_column_csv_keeps_commas() -> None:
    frame, _ = concepts("a.csv", 'concept\nOne, two, three\n"Quoted, ""twice"""\n')
    assert frame["concept"].tolist() == ["One, two, three", 'Quoted, "twice"']


def test_one_column_without_header() -> None:
    frame, report = concepts("a.csv", "First of the texts\nSecond of them\n")
    assert frame["concept"].tolist() == ["First of the texts", "Second of them"]
    assert any("no header" in note for note in report.notes)


def test_a_table_without_a_text_column_is_an_error() -> None:
    with pytest.raises(DataError, match="No column holds the text"):
        concepts("a.csv", "name,colour\nx,red\ny,blue\n")


def test_rows_too_long_are_skipped_and_short_ones_filled() -> None:
    frame, report = concepts("a.csv", "concept,album\nOne text,Red,too much\nTwo texts\nThree texts,Blue\n")
    assert frame["album"].tolist() == [None, "Blue"]
    assert report.skipped[0].where == "a.csv:row 1" and "3 cells" in report.skipped[0].reason


def test_unknown_words_skip_their_row_and_are_named() -> None:
    text = "concept,album,temporal\nOne text,Mauve,past\nTwo texts,Red,yesterday\nThree texts,Z,none\n"
    frame, report = concepts("a.csv", text)
    assert frame["album"].tolist() == ["Black"]
    assert ["Mauve" in s.reason for s in report.skipped] == [True, False]
    assert "yesterday" in report.skipped[1].reason and report.skipped[1].hint


def test_repeated_ids() -> None:
    text = "id,concept\n1,One text\n1,One text\n1,Another text\n2,Two texts\n"
    frame, report = concepts("a.csv", text)
    assert frame["row_id"].tolist() == ["1", "2"]
    assert [s.reason.split()[0] for s in report.skipped] == ["repeats", "its"]
    assert any("first was taken" in note for note in report.notes)


def test_rows_without_a_group_are_groups_of_their_own() -> None:
    frame, report = concepts("a.csv", "concept,song_id\nOne text,s\nTwo texts,\n")
    assert frame["group_id"].tolist() == ["s", frame["row_id"][1]]
    assert any("groups of their own" in note for note in report.notes)


def test_shares_and_types_in_json_lines() -> None:
    rows = [
        {"concept": TEXT, "temporal": {"past": 0.5, "present": 0.5}, "types": ["memory"], "weight": 0.7},
        {"concept": "Two words", "spatial": "place"},
        "Only a text",
        7,
    ]
    frame, report = concepts("a.jsonl", "\n".join(map(json.dumps, rows)) + "\nnot json\n")
    assert frame["temporal"].tolist() == [[0.5, 0.5, 0.0], None, None]
    assert frame["spatial_stated"].tolist() == [None, ["place"], None]
    assert (frame["types"][0], frame["types_from"][0], frame["weight"][0]) == (["memory"], "human", 0.7)
    assert sorted(s.where for s in report.skipped) == ["a.jsonl:line 4", "a.jsonl:line 5"]


def test_json_array_of_texts_and_wrapped_lists() -> None:
    assert concepts("a.json", json.dumps(["One text", "Two texts"]))[0].shape[0] == 2
    assert concepts("a.json", json.dumps({"concepts": [{"text": "One text"}]}))[0]["concept"][0] == "One text"
    assert concepts("a.json", '[{"concept": "One", "weight": NaN}]')[0]["weight"][0] == 1.0


@pytest.mark.parametrize(
    "data", ['{"concept": ', "[" * 100_000, '{"a": ' + "1" * 5000 + "}", "null", "[1, 2]", '[{"concept": 3}]']
)
def test_json_that_gives_nothing_is_an_error(data: Any) -> None:
    with pytest.raises(DataError):
        concepts("a.json", data)


def test_paragraphs_or_lines() -> None:
    assert concepts("a.txt", "One\nstill one\n\n \nTwo")[0]["concept"].tolist() == ["One\nstill one", "Two"]
    assert concepts("a.txt", "One\r\nTwo\r\n")[0]["concept"].tolist() == ["One", "Two"]
    frame, _ = concepts("a.txt", "One\nTwo")
    assert set(frame["origin"]) == {"text"} and frame["group_id"].nunique() == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   \n\t ",
        b"!!! ??? ...",
        "🙂🙂🙂".encode(),
        b"\0" * 200,
        b"\0\0",
        b"12345",
        b"%PDF-1.7 text",
        bytes(range(256)) * 20,
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.yml", "a.jsonl", "a"])
def test_what_holds_no_text_is_an_error(name: str, data: Any) -> None:
    with pytest.raises(DataError):
        concepts(name, data)


def test_a_megabyte_of_text_is_refused_and_the_rest_read() -> None:
    with pytest.raises(DataError, match="longer than"):
        concepts("a.txt", "word " * 200_000)
    frame, report = concepts("a.csv", "concept\n" + "word " * 200_000 + "\nShort one\n")
    assert frame["concept"].tolist() == ["Short one"]
    assert "longer than 100000" in report.skipped[0].reason
    assert len(concepts("a.txt", "word " * 200_000, limits=Limits(max_text_chars=2_000_000))[0]) == 1


def test_stray_nul_characters_are_left_out_with_a_note() -> None:
    frame, report = concepts("a.csv", b"concept\nOne te\0xt of some length, and then more of it\n")
    assert frame["concept"][0].startswith("One text")
    assert any("NUL" in note for note in report.notes)


def test_half_surrogates_from_json_are_replaced() -> None:
    assert concepts("a.json", '["broken \\ud800 text"]')[0]["concept"][0] == "broken \ufffd text"


@pytest.mark.parametrize(
    "text",
    [
        "concept: !!python/object/apply:os.system ['true']",
        "concept: !custom x",
        "concept: [unclosed",
        "a: b: c",
        "concept:\n\t- tab",
        "2001-99-99",
        "just a sentence",
        "title: only a title",
        "concept: 1984",
        "concept: {a: b}",
        "concept: ''\nrainbow_color: Red",
        "concept: A text\nrainbow_color: Mauve",
        "- 1\n- 2",
        "*undefined",
    ],
)
def test_yaml_that_cannot_be_used_is_an_error_of_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yml").write_text(text)
    (tmp_path / "good.yml").write_text(f"concept: {TEXT}\nrainbow_color: Red\n")
    frame, report = read_source(tmp_path)
    assert frame["concept"].tolist() == [TEXT]
    assert len(report.skipped) >= 1 and all(s.where.startswith("bad.yml") and s.reason for s in report.skipped)


def test_tags_do_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "made"
    with pytest.raises(DataError, match="tag"):
        concepts(
            "a.yml", f"concept: !!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{marker}']]"
        )
    assert not marker.exists()


def test_yaml_that_multiplies_itself_is_refused() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{k}: &a{k} [" + f"*a{k - 1}, " * 9 + f"*a{k - 1}]\n" for k in range(1, 20))
    with pytest.raises(DataError, match="repeats itself"):
        concepts("a.yml", bomb + "concept: x\n")


def test_one_file_of_a_folder_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,concept\n1,One text\n")
    (tmp_path / "b.csv").write_text("id,concept\n1,Another text\n")
    (tmp_path / "c.csv").write_bytes(b"")
    (tmp_path / "README.md").write_text("About these files")
    (tmp_path / ".hidden.csv").write_text("concept\nHidden\n")
    (tmp_path / "cover.png").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "link.csv").symlink_to("/etc/hostname")
    frame, report = read_source(tmp_path)
    assert frame["row_id"].tolist() == ["a.csv#1", "b.csv#1"]
    assert sorted(s.where for s in report.skipped) == ["README.md", "c.csv", "cover.png", "link.csv"]


def test_folders_that_are_too_large_or_not_there(tmp_path: Path) -> None:
    for k in range(5):
        (tmp_path / f"{k}.txt").write_text("One text")
    with pytest.raises(DataError, match="too many"):
        read_source(tmp_path, limits=Limits(max_files=3))
    with pytest.raises(DataError, match="no such file"):
        read_source(tmp_path / "nowhere")
    with pytest.raises(DataError, match="Nothing could be read"):
        (tmp_path / "empty").mkdir()
        read_source(tmp_path / "empty")
    with pytest.raises(DataError, match="too large"):
        read_source(tmp_path / "1.txt", limits=Limits(max_file_bytes=3))


def test_skips_of_one_reason_are_counted_beyond_the_limit() -> None:
    _, report = concepts("a.csv", "concept,id\nOne text,1\n" + "!!,\n" * 30, limits=Limits(max_skips=5))
    assert len(report.skipped) == 5
    assert any(note.startswith("25 more") for note in report.notes)


TABLES = {
    "a.txt": "\n".join(["A text"] * 5),
    "a.csv": "text\n" + "A text\n" * 5,
    "a.jsonl": '{"text": "A text"}\n' * 5,
    "a.json": json.dumps(["A text"] * 5),
    "b.json": "[" + "{}," * 4 + "{}]",
    "mac.csv": "text\r" + "A text\r" * 5,
}


@pytest.mark.parametrize("name", TABLES)
def test_a_file_of_more_rows_than_are_read_is_refused_by_name(name: str, tmp_path: Path) -> None:
    few, many = Limits(max_rows=4), Limits(max_rows=5)
    path = tmp_path / name
    path.write_text(TABLES[name])
    for read in (lambda: read_source(path, limits=few), lambda: read_upload(name, path.read_bytes(), limits=few)):
        with pytest.raises(DataError, match=rf"{name}.*too many rows.*at most 4 rows"):
            read()
    if name != "b.json":
        assert len(read_source(path, limits=many)[0]) == 5


def test_rows_are_counted_over_all_files_of_a_source(tmp_path: Path) -> None:
    for k in range(3):
        (tmp_path / f"{k}.csv").write_text("text\nOne text\nTwo texts\n")
    with pytest.raises(DataError, match=r"2\.csv:row 1.*too many rows.*at most 4"):
        read_source(tmp_path, limits=Limits(max_rows=4))


def test_texts_of_a_source_are_limited_and_repeats_cost_nothing(tmp_path: Path) -> None:
    texts = [f"{k} " + "a key " * 100 for k in range(4)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"id": k, "text": texts[0]}) + "\n" for k in range(50)))
    assert len(read_source(path, limits=Limits(max_chars=2_000))[0]) == 50
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    with pytest.raises(DataError, match=r"a\.jsonl:line 4.*too much.*1,900"):
        read_source(path, limits=Limits(max_chars=1_900))


def test_records_of_ever_other_fields_end_the_reading() -> None:
    lines = "".join(json.dumps({f"k{k}": 1, "text": "A text"}) + "\n" for k in range(10_010))
    frame, report = concepts("a.jsonl", lines)
    assert len(frame) == 9_999 and "different fields" in report.skipped[0].reason
    assert report.skipped[0].where == "a.jsonl:line 10000" and "up to here" in report.skipped[0].reason


def test_an_upload_is_read_as_the_file_would_be(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'concept,album\n"{TEXT}",Red\n')
    on_disk, uploaded = read_source(path), read_upload("C:\\folder\\a.csv", path.read_bytes())
    assert on_disk[0].equals(uploaded[0]) and on_disk[1] == uploaded[1]


def test_a_file_that_takes_all_memory_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("text\nOne text\n")
    (tmp_path / "b.csv").write_text("text\nTwo texts\n")

    def full(*args: Any, **how: Any) -> Any:
        raise MemoryError

    for place in ("DatasetSink._usable_text", "ConceptSink._text"):
        module = "dataset" if place.startswith("Dataset") else "concepts"
        monkeypatch.setattr(f"rebracket_core.corpus.sources.sinks.{module}.{place}", full)
    for read in (read_source, lambda path: read_concepts([path])):
        with pytest.raises(DataError, match=r"a\.csv: There is not enough memory"):
            read(tmp_path)
