"""A row, label or lyric is never lost or joined silently; what says nothing, and who somebody is, reads alike in every form."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebracket_core.corpus import ReadReport, read_source, read_upload
from rebracket_core.corpus.sources.formats.lrc import parse_lrc, parse_time, read_lyrics
from rebracket_core.corpus.sources.reading import iter_concepts, read_concepts
from rebracket_core.errors import DataError
from rebracket_core.texts import clean_text, identity

ONE, TWO, THREE = "A bell cast in 1911 hung here.", "A key fits a door nobody built.", "The orchard remembered a war."


def read(name: str, data: str | bytes, **how: Any) -> tuple[pd.DataFrame, ReadReport]:
    return read_upload(name, data.encode() if isinstance(data, str) else data, **how)


def reasons(report: ReadReport) -> str:
    return "; ".join(f"{skip.where}: {skip.reason}" for skip in report.skipped)


# ---- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "texts", "where"),
    [
        (f'1,{ONE},Green\n2,"{TWO},Blue\n3,{THREE},Red\n', [ONE, THREE], "row 2"),  # never closed
        (f'1,"{ONE},Green\n2,{TWO},Blue\n3,"{THREE}",Red\n', [TWO, THREE], "row 1"),  # closed by another's opening
        (f'1,{ONE},Green\n2,"{TWO},Blue', [ONE], "row 2"),  # on the last line, without a line end
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_a_quote_that_is_not_closed_costs_its_own_row_and_is_named(name: str, rows: str, texts: list[str], where: str) -> None:
    frame, report = read(name, "id,text,album\n" + rows)
    assert [text for text in frame["concept"] if text in texts] == texts
    assert f"{name}:{where}: opens a quote that is not closed" in reasons(report)


def test_closed_quotes_over_several_lines_stay_one_text_and_are_told_where_they_look_like_rows() -> None:
    frame, report = read("a.csv", f'id,text,album\n1,"{ONE}\nand ""more""",Green\n2,"{TWO}\n3,x,y",Red\n')
    assert frame["concept"].tolist() == [f'{ONE}\nand "more"', f"{TWO}\n3,x,y"] and not report.skipped
    assert sum("look like rows of their own (a.csv:row 2)" in note for note in report.notes) == 1
    assert read("b.csv", 'id,text\n1,A 5" pipe and a 6" one\n')[0]["concept"][0] == 'A 5" pipe and a 6" one'


@pytest.mark.parametrize(
    "above", ["sep=,\n", '"sep=,"\n', "Survey export\n\n", "# made by hand\n# for a friend\n", "Survey, 2026\n", "\n\nTitle\n"]
)
def test_the_header_is_found_below_other_lines(above: str) -> None:
    table = f'id,text,album\n1,"{ONE}",Green\n2,{TWO},Blue\n'
    frame, report = read("a.csv", above + table)
    assert frame["concept"].tolist() == [ONE, TWO] and frame["album"].tolist() == ["Green", "Blue"]
    assert frame["row_id"].tolist() == ["1", "2"] and not report.skipped
    assert any("above the header were left out" in note for note in report.notes)
    assert read("a.txt", above + table)[0]["row_id"].tolist() == ["1", "2"]


@pytest.mark.parametrize(
    "header",
    [
        "\ufeff\ufeffid,text,album",
        "id\u00a0,te\u00adxt,\u200balbum",
        "\ufeffID,\uff34ext,Album\u200e",
        '"id","text\u200b",album',
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_signs_that_nobody_sees_make_no_other_column(header: str, name: str, tmp_path: Path) -> None:
    data = f"{header}\n1,{ONE},Green\n2,{TWO},Blue\n".encode()
    frame, report = read(name, data)
    assert frame["concept"].tolist() == [ONE, TWO] and frame["album"].tolist() == ["Green", "Blue"] and not report.skipped
    assert frame["row_id"].tolist() == ["1", "2"]
    (tmp_path / name).write_bytes(data)
    assert [c.text for c in read_concepts([tmp_path / name]).concepts] == [ONE, TWO]
    lines = "".join(json.dumps({"te\u00adxt": text}) + "\n" for text in (ONE, TWO))
    assert read("a.jsonl", lines)[0]["concept"].tolist() == [ONE, TWO]


def test_a_column_that_differs_by_such_signs_stands_twice_and_that_is_said() -> None:
    frame, report = read("a.csv", f"text,te\u00adxt\n{ONE},{TWO}\n")
    assert frame["concept"].tolist() == [ONE] and any("same name" in note for note in report.notes)


@pytest.mark.parametrize("between", ["", "\ufeff"])
def test_tables_put_one_below_the_other_hold_no_header_as_a_text(between: str, tmp_path: Path) -> None:
    table = f"id,text\n1,{ONE}\n"
    data = f"{table}{between}{table.replace('1,', '2,').replace(ONE, TWO)}"
    frame, report = read("a.csv", data)
    assert frame["concept"].tolist() == [ONE, TWO] and any("stands again" in note for note in report.notes)
    (tmp_path / "a.csv").write_text(data)
    assert [c.text for c in read_concepts([tmp_path / "a.csv"]).concepts] == [ONE, TWO]
    assert read("b.csv", f"id,text\n1,{ONE}\n2,text\n")[0]["concept"].tolist() == [ONE, "text"]


@pytest.mark.parametrize("mark", ["\ufeff", "\x1e"])
def test_marks_before_lines_of_json_are_no_part_of_them(mark: str) -> None:
    data = "".join(f"{mark}{json.dumps({'text': text})}\n" for text in (ONE, TWO))
    frame, report = read("a.jsonl", data)
    assert frame["concept"].tolist() == [ONE, TWO] and not report.skipped


@pytest.mark.skipif(os.name != "posix", reason="pipes with names")
def test_what_is_no_file_in_a_folder_is_named_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ONE)
    os.mkfifo(tmp_path / "b.txt")
    frame, report = read_source(tmp_path)
    assert frame["concept"].tolist() == [ONE] and "b.txt: is a pipe" in reasons(report)
    found = read_concepts([tmp_path])
    assert [c.text for c in found.concepts] == [ONE] and "b.txt: is a pipe" in reasons(found.report)


def test_a_separator_that_is_named_counts_with_windows_line_ends() -> None:
    frame, _ = read("a.csv", f'sep=;\r\nid;text;album\r\n1;"{ONE}";Green\r\n')
    assert (frame["concept"][0], frame["album"][0]) == (ONE, "Green")
    frame, _ = read("a.csv", f"sep=\t\nid\ttext\n1\t{ONE}\n")
    assert frame["concept"].tolist() == [ONE]


def test_empty_cells_beyond_the_header_are_no_reason_to_skip() -> None:
    frame, report = read("a.csv", f"id,text,album\n1,{ONE},Green,\n2,{TWO},Blue,, \n3,{THREE},Red,more\n")
    assert frame["album"].tolist() == ["Green", "Blue"]
    assert "4 cells where the header has 3" in reasons(report)
    assert read("a.txt", f"id,text,album\n1,{ONE},Green,\n2,{TWO},Blue,\n")[0]["album"].tolist() == ["Green", "Blue"]


def test_verdicts_that_were_written_as_csv_lose_the_guard_of_spreadsheets() -> None:
    frame, _ = read("v.csv", "id,text,verdict,run_id\n'+1,'-2+3 were the numbers,ACCEPT,r\n2,'quoted' words,ACCEPT,r\n")
    assert frame["concept"].tolist() == ["-2+3 were the numbers", "'quoted' words"] and frame["row_id"].tolist() == ["+1", "2"]
    assert read("a.csv", "id,text\n1,'-2+3 were the numbers\n")[0]["concept"][0] == "'-2+3 were the numbers"


def test_of_two_parquet_columns_with_one_name_the_first_counts_and_it_is_said() -> None:
    for names in (["text", "text"], ["Text", "text "]):
        out = io.BytesIO()
        pq.write_table(pa.Table.from_arrays([pa.array([ONE]), pa.array([TWO])], names=names), out)
        frame, report = read("a.parquet", out.getvalue())
        assert frame["concept"].tolist() == [ONE] and any("same name" in note for note in report.notes)


# ---- keys and labels --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.yml", f'concept: "{ONE}"\nconcept: "{TWO}"\n'),
        ("noname", f'rainbow_color: R\nconcept: "{ONE}"\nconcept: "{TWO}"\n'),
        ("g.yaml", f"group: g\nconcepts:\n- {{text: {ONE}, album: red, album: blue}}\n"),
        ("a.json", f'[{{"text": "{ONE}", "text": "{TWO}"}}]'),
        ("noname", f'{{"text": "{ONE}", "text": "{TWO}"}}\n{{"text": "{THREE}", "text": "{TWO}"}}\n'),
        ("a.jsonl", f'{{"text": "{ONE}", "album": "Red", "album": "Blue"}}\n'),
    ],
)
def test_a_key_that_stands_twice_is_named(name: str, data: str) -> None:
    with pytest.raises(DataError, match=r"(text|concept|album)' stands twice"):
        read(name, data)


def test_keys_that_say_the_same_twice_and_merged_ones_are_read() -> None:
    assert read("a.jsonl", f'{{"text": "{ONE}", "text": "{ONE}"}}\n')[0]["concept"].tolist() == [ONE]
    merged = f"base: &b {{album: red, text: {ONE}}}\nconcepts:\n- <<: *b\n  album: blue\n- *b\n"
    assert read("g.yaml", merged)[0]["album"].tolist() == ["Blue", "Red"]


@pytest.mark.parametrize(
    ("column", "first", "other"), [("album", "Green", "Blue"), ("temporal", "past", ""), ("song_id", "a", "b")]
)
def test_a_repeated_row_that_says_something_else_is_a_contradiction(column: str, first: str, other: str) -> None:
    frame, report = read("a.csv", f"id,text,{column}\n1,{ONE},{first}\n1,{ONE},{first}\n1,{ONE},{other}\n")
    assert len(frame) == 1
    assert [skip.reason.split()[0] for skip in report.skipped] == ["repeats", "contradicts"]
    assert f"another {'group_id' if column == 'song_id' else column}" in report.skipped[1].reason
    assert "a.csv:row 1" in report.skipped[1].hint


@pytest.mark.parametrize("album", [{"choices": ["Green", "Blue"]}, {"color": "Green"}, ["Green", "Blue"]])
def test_an_album_in_a_shape_that_names_none_is_told(album: Any) -> None:
    lines = [{"text": ONE, "album": album}, {"text": TWO, "album": {"color_name": "Green"}}]
    frame, report = read("a.json", json.dumps(lines))
    assert frame["album"].tolist() == ["Green"] and "album" in reasons(report)


# ---- nothing, and identity --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["nan", "NULL", "NA", "None", "#N/A", " ", "<NA>"])
def test_one_word_for_nothing_in_every_column_and_form(word: str, tmp_path: Path) -> None:
    rows = [
        {"id": word, "text": ONE, "group": word, "album": word, "title": word},
        {"id": word, "text": TWO, "group": word, "album": word, "title": word},
        {"id": "x", "text": word, "group": "g", "album": "Red", "title": "t"},
    ]
    table = pd.DataFrame(rows)
    forms = {
        "a.csv": table.to_csv(index=False).encode(),
        "a.json": json.dumps(rows).encode(),
        "a.jsonl": "\n".join(map(json.dumps, rows)).encode(),
    }
    out = io.BytesIO()
    table.astype(object).to_parquet(out)
    forms["a.parquet"] = out.getvalue()
    for name, data in forms.items():
        frame, report = read(name, data)
        assert frame["concept"].tolist() == [ONE, TWO] and len(report.skipped) == 1, name
        assert frame["group_id"].nunique() == 2 and set(frame["album"]) == {None} and set(frame["title"]) == {""}, name
        (tmp_path / name).write_bytes(data)
        concepts = read_concepts([tmp_path / name]).concepts
        assert [c.error is None for c in concepts] == [True, True, False] and "group" not in concepts[0].fields, name


def test_numbers_that_are_whole_name_the_same_song_in_every_form() -> None:
    as_float, as_int = f"id,text,group\n1.0,{ONE},0.0\n2.0,{TWO},\n", f"id,text,group\n1,{ONE},0\n2,{TWO},\n"
    assert read("a.csv", as_float)[0].equals(read("a.csv", as_int)[0])
    assert read("a.jsonl", f'{{"text": "{ONE}", "group": 7.0, "id": "7.00"}}')[0]["group_id"].tolist() == ["7"]
    out = io.BytesIO()
    pq.write_table(pa.table({"text": [ONE], "group": [3.0], "id": [12]}), out)
    assert read("a.parquet", out.getvalue())[0][["group_id", "row_id"]].values.tolist() == [["3", "12"]]
    kept = read("a.csv", f"id,text\n007,{ONE}\n1.5,{TWO}\n02.0,{THREE}\n")[0]
    assert kept["row_id"].tolist() == ["007", "1.5", "02.0"]


WRITTEN = ["No", "yes", "007", "010", "12:30", "02_01", "2026-01-02", "1e3", "0x1F", "1.0", "'quoted'"]


@pytest.mark.parametrize("written", WRITTEN)
def test_yaml_keeps_names_and_titles_as_they_were_written(written: str) -> None:
    kept = written.strip("'")
    frame, _ = read("s.yml", f"manifest_id: {written}\ntitle: {written}\nconcept: {ONE}\n")
    assert (frame["title"][0], frame["group_id"][0]) == (kept, "1" if kept == "1.0" else kept)
    frame, _ = read("l.yml", f"- {{id: {written}, group: {written}, title: {written}, text: {ONE}}}\n")
    assert (frame["title"][0], frame["row_id"][0]) == (kept, "1" if kept == "1.0" else kept)
    assert read("s.yml", f"title: null\nagent_name: ~\nconcept: {ONE}\n")[0]["title"][0] == ""


def test_times_of_sections_are_read_as_they_were_written(tmp_path: Path) -> None:
    starts = ("0:00", "0:30", "1:00", "01:30", "2:00.5")
    sections = "".join(f"- {{start_time: {start}}}\n" for start in starts)
    (tmp_path / "s.yml").write_text(f"manifest_id: s\nconcept: {ONE}\nstructure:\n{sections}")
    (tmp_path / "s.lrc").write_text("[00:05.00]a\n[00:31.00]b\n[01:10.00]c\n[01:31.00]d\n[02:01.00]e\n")
    frame, report = read_source(tmp_path)
    assert frame["lyrics"].tolist() == ["a", "b", "c", "d", "e"] and not report.notes


ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
INVISIBLE = ["\u00ad", "\u200b", "\u2060", "\ufeff", "\u200e", "\u200d", "\ufe0f", "\u034f", "\u2063"]


@pytest.mark.parametrize("sign", INVISIBLE)
def test_signs_that_nobody_sees_make_no_other_text_and_no_other_group(sign: str) -> None:
    assert clean_text(f"The led{sign}ger of the caf\u00e9{sign}") == clean_text("The ledger of the cafe\u0301")
    frame, _ = read("a.csv", f"id,text,group\n1,{ONE},o{sign}zil\n2,{TWO},ozil{sign}\n3,{THREE},ozil\n")
    assert set(frame["group_id"]) == {"ozil"}
    assert identity(f" O\u0308zil {sign} x\u00a0") == identity("\u00d6zil x")


def test_joiners_that_change_a_word_or_an_emoji_stay() -> None:
    for text in ("می\u200cخواهم", "क्\u200dष", "👩\u200d🚀", "❤\u200d🔥 and more", "ന്\u200d", "র\u200d্যাব", ENGLAND):
        assert clean_text(text) == text


# ---- lyrics -----------------------------------------------------------------------------------------------------------


STAMPS = {
    "[00:05,00]": 5.0,
    "[00:00:05.00]": 5.0,
    "[00:05.123456]": 5.123456,
    "[ 00:05.5 ]": 5.5,
    "[01:00:05,25]": 3605.25,
    "[00:05]": 5.0,
    "[00:05:50]": 5.5,
}


@pytest.mark.parametrize("stamp", STAMPS)
def test_stamps_as_other_programs_write_them(stamp: str) -> None:
    seconds = STAMPS[stamp]
    (line,) = parse_lrc(f"{stamp}alpha")
    assert (line.text, line.start_s) == ("alpha", pytest.approx(seconds))
    assert parse_time(stamp) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "words"), [("<00:05.00>al <00:05.50>pha", "al pha"), ("be [00:33.00]ta", "be ta"), ("<0:01>x", "x")]
)
def test_times_of_words_are_no_words(text: str, words: str) -> None:
    assert [line.text for line in parse_lrc(f"[00:05.00]{text}")] == [words]


def test_an_offset_moves_every_line_and_none_before_the_beginning() -> None:
    later = parse_lrc("[offset:-20000]\n[00:05.00]alpha\n[00:29.80]beta\n")
    assert [line.start_s for line in later] == [25.0, pytest.approx(49.8)]
    sooner = parse_lrc("[00:05.00]alpha\n[00:29.80]beta\n[offset: +6000]\n")
    assert [line.start_s for line in sooner] == [0.0, pytest.approx(23.8)]


@pytest.mark.parametrize("line", ["[00:75.00]gamma", "[5s]gamma", "[1.2.3] gamma", "[-00:05.00]gamma"])
def test_a_time_that_cannot_be_read_is_named_with_its_line(line: str, tmp_path: Path) -> None:
    found = read_lyrics(f"[00:01.00]alpha\n{line}\n[00:09.00]beta\n")
    assert [one.text for one in found.lines] == ["alpha", "beta"] and found.unread == (f"line 2: {line}",)
    (tmp_path / "s.yml").write_text(f"concept: {ONE}\nmanifest_id: s\nstructure:\n- {{start_time: '0:00'}}\n")
    (tmp_path / "s.lrc").write_text(f"[00:01.00]alpha\n{line}\n")
    frame, report = read_source(tmp_path)
    assert frame["lyrics"].tolist() == ["alpha"] and "gamma" in reasons(report)


@pytest.mark.parametrize("name", ["words.txt", "s.lrc", "Words.LRC", "w.csv"])
def test_a_file_that_a_song_names_as_lyrics_is_never_texts(name: str, tmp_path: Path) -> None:
    (tmp_path / "z.yml").write_text(f"manifest_id: z\nconcept: {ONE}\nlrc_file: /else/where/{name}  # here\n")
    (tmp_path / name).write_text("(5) alpha sung by many\n(9) beta sung by few\n")
    frame, report = read_source(tmp_path)
    assert frame["concept"].tolist() == [ONE] and "no line with a time" in reasons(report)
    assert [c.text for c in read_concepts([tmp_path]).concepts] == [ONE]


def test_lyrics_alone_are_never_texts_whatever_their_stamps(tmp_path: Path) -> None:
    (tmp_path / "a.lrc").write_text("Alpha is sung\nBeta is sung\n")
    with pytest.raises(DataError, match="lyrics without a song"):
        read_source(tmp_path / "a.lrc")
    assert all(c.error for c in read_concepts([tmp_path / "a.lrc"]).concepts)


# ---- what it says it is -----------------------------------------------------------------------------------------------

FORMS = {
    "songs.parquet": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "Git LFS"),
    "login.csv": (b"<!DOCTYPE html><html><body>Please sign in, friend.</body></html>", "web page"),
    "page.txt": (b"\xef\xbb\xbf  \n<!-- saved -->\n<HTML lang=en>Words of a page</HTML>", "web page"),
    "a.txt": (b"{\\rtf1\\ansi Words of a text}", "RTF"),
    "feed.yml": (b'<?xml version="1.0"?><a>Words</a>', "XML"),
    "a.jsonl": (b"%!PS-Adobe-3.0\n(Words) show\n", "PostScript"),
    "key.txt": (b"-----BEGIN PRIVATE KEY-----\nAbcd\n", "key or certificate"),
    "b.csv": (b"ARROW1\0\0 words", "Arrow"),
    "c.parquet": (b"Not found, sorry\n", "Parquet"),
    "film.srt": (b"1\r\n00:00:01,000 --> 00:00:04,000\r\nWords of a film.\r\n", "subtitles"),
    "film.txt": (b"\xef\xbb\xbf1\n00:00:01,000 --> 00:00:04,000\nWords of a film.\n", "subtitles"),
    "film.vtt": (b"WEBVTT\n\n00:01.000 --> 00:04.000\nWords of a film.\n", "subtitles"),
    "film.csv": (b"[Script Info]\nTitle: words\n", "subtitles"),
    "piece.txt": (b"<p>Words of a page.</p>\n<p>More of them.</p>\n", "piece of a web page"),
    "d.json": (b"Not found, sorry\n", "JSON"),
}


@pytest.mark.parametrize("name", FORMS)
def test_what_is_not_what_its_name_says_is_refused_by_name(name: str, tmp_path: Path) -> None:
    data, what = FORMS[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=rf"{name}.*{what}"):
        read_source(tmp_path / name)
    (only,) = read_concepts([tmp_path / name]).concepts
    assert only.error and what in only.error
    assert not [c for c in read_concepts([tmp_path]).concepts if not c.error]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\u0085", "\u000b"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.txt", "noname", "a.csv"])
def test_json_lines_end_at_line_feeds_alone(name: str, sign: str, tmp_path: Path) -> None:
    escaped = json.dumps(sign)[1:-1] if sign < " " else sign
    data = f'{{"text": "One{escaped}two words."}}\n{{"text": "{TWO}"}}\n'.encode()
    (tmp_path / name).write_bytes(data)
    wanted = [clean_text(f"One{sign}two words."), TWO]
    assert [c.text for c in read_concepts([tmp_path / name]).concepts] == wanted
    assert [c.text for c in iter_concepts([tmp_path / name])] == wanted
    assert read(name, data)[0]["concept"].tolist() == wanted


# ---- names and archives -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="names are bytes there alone")
def test_a_name_that_is_no_utf_8_can_be_read_and_told(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    for name, text in ((b"b\xffd.txt", ONE), (b"b\xfed.txt", TWO), (b"s\xff.yml", f"concept: {THREE}\nrainbow_color: R\n")):
        with open(os.path.join(os.fsencode(folder), name), "w") as file:
            file.write(text)
    frame, report = read_source(folder)
    assert sorted(frame["concept"]) == sorted([ONE, TWO, THREE]) and frame["row_id"].is_unique
    json.dumps([frame.to_dict("records"), report.to_dict()], ensure_ascii=False, default=str).encode("utf-8")
    for path in [folder, *folder.iterdir()]:
        for concept in read_concepts([path]).concepts:
            assert concept.error is None
            f"{concept.id} {concept.source}".encode()


def test_an_archive_from_windows_is_read_and_what_leaves_it_refused() -> None:
    def packed(*names: str) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name in names:
                member = zipfile.ZipInfo("x")
                member.filename = name
                archive.writestr(member, "" if name.endswith("\\") else ONE if "b" not in name else TWO)
        return out.getvalue()

    frame, _ = read("win.zip", packed("songs\\", "songs\\a.txt", "songs\\sub\\b.txt"))
    assert frame["concept"].tolist() == [ONE, TWO] and set(frame["where"]) == {"songs/a.txt", "songs/sub/b.txt"}
    for bad in ("..\\a.txt", "C:\\a.txt", "\\a.txt", "a\\..\\..\\b.txt"):
        with pytest.raises(DataError, match="refused"):
            read("win.zip", packed(bad))


def test_each_document_of_a_yaml_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.yml").write_text(f"concept: {ONE}\nrainbow_color: G\n---\nconcept: {TWO}\nrainbow_color: R\n---\n")
    frame, report = read_source(tmp_path / "m.yml")
    assert frame["concept"].tolist() == [ONE, TWO] and frame["album"].tolist() == ["Green", "Red"] and not report.skipped
    assert [c.id for c in read_concepts([tmp_path]).concepts] == ["m.yml#1", "m.yml#2"]
    groups = f"---\ngroup: g\nconcepts:\n- {ONE}\n---\n- {TWO}\n- {{text: {THREE}}}\n"
    (tmp_path / "m.yml").write_text(groups)
    assert read_source(tmp_path / "m.yml")[0]["concept"].tolist() == [ONE, TWO, THREE]
    songs = f"manifest_id: a\nconcept: {ONE}\n---\nmanifest_id: b\nconcept: {TWO}\nlrc_file: b.lrc\n"
    (tmp_path / "m.yml").write_text(songs)
    (tmp_path / "b.lrc").write_text("[00:01.00]sung\n")
    frame, _ = read_source(tmp_path)
    assert frame[["group_id", "lyrics"]].values.tolist() == [["a", ""], ["b", "sung"]]


# ---- other tools ------------------------------------------------------------------------------------------------------

OTHERS: dict[str, tuple[str, Any]] = {
    "Label Studio": ("a.json", [{"id": 1, "data": {"text": ONE}, "annotations": []}, {"id": 2, "data": {"text": TWO}}]),
    "Argilla": ("a.json", [{"id": k, "fields": {"text": t}, "responses": {}} for k, t in enumerate((ONE, TWO))]),
    "doccano": ("a.jsonl", [{"id": k, "data": t, "label": ["Green"]} for k, t in enumerate((ONE, TWO))]),
    "pandas columns": ("a.json", {"text": {"0": ONE, "1": TWO}, "album": {"0": "Red", "1": None}}),
    "pandas lists": ("a.json", {"text": [ONE, TWO], "album": ["Red", None]}),
    "pandas split": ("a.json", {"columns": ["text", "album"], "index": [0, 1], "data": [[ONE, "Red"], [TWO, None]]}),
    "pandas index": ("a.json", {"0": {"text": ONE, "album": "Red"}, "1": {"text": TWO, "album": None}}),
    "pandas table": ("a.json", {"schema": {"fields": []}, "data": [{"index": 0, "text": ONE}, {"index": 1, "text": TWO}]}),
    "Hugging Face": ("a.json", {"rows": [{"row_idx": 0, "row": {"text": ONE}}, {"row_idx": 1, "row": {"text": TWO}}]}),
}


@pytest.mark.parametrize("tool", OTHERS)
def test_json_of_other_tools_gives_its_texts_at_every_door(tool: str, tmp_path: Path) -> None:
    name, document = OTHERS[tool]
    data = json.dumps(document) if name == "a.json" else "\n".join(map(json.dumps, document))
    (tmp_path / name).write_text(data)
    frame, report = read_source(tmp_path / name)
    assert frame["concept"].tolist() == [ONE, TWO] and not report.skipped
    if tool.startswith("pandas") and "table" not in tool:
        assert frame["album"].tolist() == ["Red", None]
    for concepts in (read_concepts([tmp_path / name]).concepts, list(iter_concepts([tmp_path / name]))):
        assert [c.text for c in concepts] == [ONE, TWO]


@pytest.mark.parametrize(
    "document",
    [
        {"columns": ["text", "text"], "data": [[ONE, TWO]]},
        {"columns": ["text", "album"], "data": [[ONE, "Red"], [TWO]]},
        {"text": [ONE], "album": ["Red", "Blue"]},
    ],
)
def test_a_table_within_json_that_does_not_fit_together_is_refused(document: Any) -> None:
    with pytest.raises(DataError, match="does not fit together"):
        read("a.json", json.dumps(document))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", f"id,review\n1,{ONE}\n"),
        ("a.jsonl", json.dumps({"id": 1, "review": ONE})),
        ("a.json", json.dumps([{"id": 1, "data": {"review": ONE}, "annotations": []}])),
        ("b.json", json.dumps({"review": {"1": ONE}, "id": {"1": 1}})),
        ("a.yml", f"- {{id: 1, review: {ONE}}}\n"),
    ],
)
def test_the_text_column_can_be_named(name: str, data: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--text-column"):
        read(name, data)
    frame, _ = read(name, data, text_column="Review")
    assert frame[["row_id", "concept"]].values.tolist() == [["1", ONE]]
    (tmp_path / name).write_text(data)
    assert [c.text for c in read_concepts([tmp_path / name], text_column="review").concepts] == [ONE]
    assert [c.text for c in iter_concepts([tmp_path / name], text_column="review")] == [ONE]
