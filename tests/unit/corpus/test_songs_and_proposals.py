"""Folders of song manifests with lyrics, proposals, starter groups - and archives of them."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from rebracket_core.corpus import Limits, read_not_concepts, read_source, read_upload
from rebracket_core.errors import DataError

MANIFEST = """
manifest_id: '02_01'
rainbow_color: R
title: 1911
concept: A doorbell that was fitted and then taken off again
lrc_file: /somewhere/else/02_01.lrc
structure:
  - {section_name: Intro, start_time: '[00:00.000]', end_time: '[00:09.000]', description: no singing}
  - {section_name: Verse, start_time: '[00:09.001]', end_time: '[00:20.000]', description: singing}
"""
LYRICS = "[ti: x]\n[00:09.50]\nfirst words\n[00:12.000] second words\n"


@pytest.fixture()
def songs(tmp_path: Path) -> Path:
    (tmp_path / "02_01").mkdir()
    (tmp_path / "02_01" / "02_01.yml").write_text(MANIFEST)
    (tmp_path / "02_01" / "02_01.lrc").write_text(LYRICS)
    return tmp_path


def test_a_song_is_a_row_a_section_with_its_lyrics(songs: Path) -> None:
    frame, report = read_source(songs)
    assert frame["row_id"].tolist() == ["02_01_seg_0001", "02_01_seg_0002"]
    assert frame["lyrics"].tolist() == ["", "first words\nsecond words"]
    assert frame["descriptions"].tolist() == ["no singing", "singing"]
    assert (frame["album"][0], frame["title"][0], frame["group_id"][0], frame["origin"][0]) == ("Red", "1911", "02_01", "songs")
    assert report.skipped == ()


def test_one_manifest_finds_its_lyrics_beside_it(songs: Path) -> None:
    frame, _ = read_source(songs / "02_01" / "02_01.yml")
    assert frame["lyrics"][1] == "first words\nsecond words"


def test_an_instrumental_and_a_song_without_structure(songs: Path) -> None:
    (songs / "02_01" / "02_01.lrc").unlink()
    manifest = songs / "02_01" / "02_01.yml"
    frame, report = read_source(songs)
    assert frame["lyrics"].tolist() == ["", ""]
    assert any("lyrics file that is not there" in note for note in report.notes)
    manifest.write_text("manifest_id: x\nrainbow_color: G\nconcept: A field after the last farmer\nstructure: soon\n")
    frame, report = read_source(songs)
    assert frame["row_id"].tolist() == ["x_seg_0001"]


def test_lyrics_without_a_song_and_sections_without_times(songs: Path) -> None:
    (songs / "alone.lrc").write_text(LYRICS)
    manifest = songs / "02_01" / "02_01.yml"
    manifest.write_text(MANIFEST.replace("[00:00.000]", "at once"))
    frame, report = read_source(songs)
    assert len(frame) == 2
    assert [s.where for s in report.skipped] == ["alone.lrc"]
    assert any("no readable start time" in note for note in report.notes)


def test_time_code_that_starts_at_one_hour(songs: Path) -> None:
    (songs / "02_01" / "02_01.lrc").write_text("[60:01.000]\nfirst words\n[60:12.000]\nsecond words\n")
    frame, report = read_source(songs)
    assert frame["lyrics"].tolist() == ["first words", "second words"]
    assert any("hour" in note for note in report.notes)


@pytest.mark.parametrize("change", [("rainbow_color: R", "rainbow_color: Q"), ("concept: A doorbell", "other: A doorbell")])
def test_a_song_that_cannot_be_used_is_one_skip(songs: Path, change: tuple[str, str]) -> None:
    (songs / "bad.yml").write_text(MANIFEST.replace(*change))
    frame, report = read_source(songs)
    assert len(frame) == 2 and [s.where for s in report.skipped] == ["bad.yml"]


def test_proposals_are_grouped_by_thread(tmp_path: Path) -> None:
    for folder, name, colour in [
        ("t1", "a", "{color_name: Black, mnemonic_character_value: B, temporal_mode: Present, objectional_mode: None}"),
        ("t1/yml", "b", "Y"),
        ("deep/t2", "a", "indigo"),
    ]:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / f"{name}.yml").write_text(
            f"concept: Words {folder} {name}\nrainbow_color: {colour}\nagent_name: null\n"
        )
    frame, report = read_source(tmp_path)
    rows = frame.set_index("row_id")
    assert sorted(rows.index) == ["t1/a", "t1/b", "t2/a"]
    assert rows["album"].to_dict() == {"t1/a": "Black", "t1/b": "Yellow", "t2/a": "Indigo"}
    assert rows["group_id"].to_dict() == {"t1/a": "t1", "t1/b": "t1", "t2/a": "t2"}
    assert rows["temporal_stated"]["t1/a"] == ["present"] and rows["spatial_stated"]["t1/a"] == []
    assert rows["ontological_stated"]["t1/a"] is None and rows["agent"]["t1/a"] == ""
    assert report.skipped == ()


def test_starter_groups_and_texts_that_are_no_concepts(tmp_path: Path) -> None:
    (tmp_path / "g.yaml").write_text(
        "group: bell\nmotif: A bell\nconcepts:\n"
        "  - {id: bell-01, album: red, temporal: past, spatial: thing, ontological: known,"
        " types: [memory], text: One text}\n"
        "  - {id: bell-02, album: null, temporal: {past: 0.5, present: 0.5}, spatial: none,"
        " ontological: [known, forgotten], types: [], text: Two texts}\n"
        "  - {id: bell-03, album: mauve, text: Three texts}\n"
        "  - 7\n"
    )
    (tmp_path / "n.yaml").write_text("category: chat\ntexts:\n  - {id: chat-01, text: '...'}\n  - plain\n  - {id: chat-03}\n")
    frame, report = read_source(tmp_path)
    assert frame["row_id"].tolist() == ["bell-01", "bell-02"]
    assert frame["temporal"].tolist() == [None, [0.5, 0.5, 0.0]]
    assert frame["temporal_stated"].tolist() == [["past"], None]
    assert frame["spatial_stated"][1] == [] and frame["ontological_stated"][1] == ["forgotten", "known"]
    assert frame["types"].tolist() == [["memory"], []] and set(frame["types_from"]) == {"human"}
    assert [s.where for s in report.skipped] == ["g.yaml:concept 3", "g.yaml:concept 4", "n.yaml"]
    texts, report = read_not_concepts(tmp_path)
    assert texts["row_id"].tolist() == ["chat-01", "chat-02"] and set(texts["origin"]) == {"not_concepts"}
    assert sorted(s.where for s in report.skipped) == ["g.yaml", "n.yaml:text 3"]


def test_texts_that_are_no_concepts_keep_the_mark_of_the_hard_ones(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("category: chat\ntexts:\n  - Running late\n")
    (tmp_path / "b.yaml").write_text("category: poem\nhard: true\ntexts:\n  - {id: p1, text: A pond in rain.}\n  - A gate.\n")
    (tmp_path / "c.yaml").write_text("category: code\nhard: false\ntexts:\n  - return 0\n")
    (tmp_path / "d.yaml").write_text("category: tale\nhard: very\ntexts:\n  - A fox.\n")
    texts, report = read_not_concepts(tmp_path)
    assert texts["hard"].dtype == bool
    assert dict(zip(texts["row_id"], texts["hard"], strict=True)) == {
        "chat-01": False,
        "p1": True,
        "poem-02": True,
        "code-01": False,
    }
    (skip,) = report.skipped
    assert skip.where == "d.yaml" and "'hard'" in skip.reason and "'very'" in skip.reason and "true" in skip.hint


def zipped(files: dict[str, bytes | str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return held.getvalue()


def test_an_archive_is_read_like_its_folder(songs: Path, tmp_path: Path) -> None:
    files = {f"02_01/{p.name}": p.read_bytes() for p in (songs / "02_01").iterdir()}
    frame, _ = read_upload("songs.zip", zipped({**files, "__MACOSX/02_01/x.yml": "junk"}))
    on_disk, _ = read_source(songs)
    assert frame.equals(on_disk)


@pytest.mark.parametrize("name", ["../out.txt", "a/../../out.txt", "/etc/out.txt", "C:\\out.txt", "a\\..\\out.txt"])
def test_archives_that_reach_outside_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="refused"):
        read_upload("a.zip", zipped({"good.txt": "One text", name: "Bad text"}))


def test_links_bombs_and_crowds_are_refused() -> None:
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(link, "/etc/hostname")
    with pytest.raises(DataError, match="symbolic link"):
        read_upload("a.zip", held.getvalue())
    with pytest.raises(DataError, match="grows"):
        read_upload("a.zip", zipped({"a.txt": b"a" * 5_000_000}))
    with pytest.raises(DataError, match="too many"):
        read_upload("a.zip", zipped({f"{k}.txt": "One text" for k in range(9)}), limits=Limits(max_files=5))
    with pytest.raises(DataError, match="too large"):
        read_upload("a.zip", zipped({f"{k}.txt": "One text" for k in range(9)}), limits=Limits(max_expanded_bytes=50))
    with pytest.raises(DataError, match="Office"):
        read_upload("a.docx", zipped({"[Content_Types].xml": "<x/>", "word/document.xml": "<x/>"}))


def test_broken_and_nested_archives(tmp_path: Path) -> None:
    whole = zipped({"a.txt": "One text of some words"})
    with pytest.raises(DataError, match="archive"):
        read_upload("a.zip", whole[:40])
    frame, report = read_upload("a.zip", zipped({"inner.zip": whole, "b.txt": "Two texts"}))
    assert len(frame) == 1 and report.skipped[0].where == "inner.zip"
    flipped = bytearray(whole)
    flipped[whole.index(b"a.txt") + 8] ^= 0xFF
    with pytest.raises(DataError):
        read_upload("a.zip", bytes(flipped))
    assert list(tmp_path.iterdir()) == []
