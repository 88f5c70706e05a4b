"""Notes that were acknowledged, on texts and runs, and other stores that only grow: nothing of them is lost or cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from rebracket_core.errors import StoreError
from rebracket_core.jobs.attempt_callback import AttemptCallback
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.state import METRICS, metric_points
from rebracket_core.runs.notes import read_note, write_note
from rebracket_core.services.maps.selections import Selections

BREAKS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
NASTY = st.text(st.one_of(st.sampled_from(f'{BREAKS}\r\n"\\\ud800'), st.characters()), max_size=60)


@pytest.mark.parametrize("sign", BREAKS)
def test_a_note_that_holds_a_break_is_read_back_whole(tmp_path: Path, sign: str) -> None:
    text = f"one{sign}two"
    selections = Selections(tmp_path)
    selections.add_note("songs", "r1", text=text, author="Ada")
    assert [note.text for note in selections.notes("songs")] == [text]
    assert write_note(tmp_path, text=text, tags=()).text == read_note(tmp_path).text == text


@given(texts=st.lists(NASTY, min_size=1, max_size=4), torn=st.binary(min_size=1, max_size=30).filter(lambda b: b"\n" not in b))
def test_every_acknowledged_note_is_there(tmp_path_factory: pytest.TempPathFactory, texts: list[str], torn: bytes) -> None:
    home = tmp_path_factory.mktemp("home")
    selections, told = Selections(home), []
    for text in texts:
        told.append(selections.add_note("songs", "r1", text=f"a{text}z", author="Ada\u2028L"))
        with open(home / "notes" / "songs.jsonl", "ab") as file:  # another process, killed
            file.write(b'{"dataset": "' + torn)
    assert Selections(home).notes("songs") == told
    assert write_note(home, text=f"a{texts[0]}z", tags=()) == read_note(home)


def test_a_note_that_the_disk_refuses_is_not_acknowledged(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("a file in the folder's place")
    with pytest.raises(StoreError):
        Selections(tmp_path).add_note("songs", "r1", text="x", author="Ada")


def test_the_points_after_half_a_line_are_kept(tmp_path: Path) -> None:
    attempt = JobFolder(tmp_path / "run").new_attempt()
    (attempt / METRICS).write_bytes('{"at": "x", "loss": 1}\n{"at": "Ö'.encode()[:-1])
    AttemptCallback(attempt).point({"loss": 2, "warning": "a\u2028b"})
    points = metric_points(JobFolder(tmp_path / "run"))
    assert [p["loss"] for p in points] == [1, 2] and points[1]["warning"] == "a\u2028b"


def test_a_note_of_an_earlier_version_is_read_whole(tmp_path: Path) -> None:
    told = {"dataset": "songs", "row_id": "r1", "text": "one\u2028two", "author": "Ada", "at": "2026-01-01T00:00:00+00:00"}
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "songs.jsonl").write_text(json.dumps(told, ensure_ascii=False) + "\n", encoding="utf-8")
    assert [n.text for n in Selections(tmp_path).notes("songs")] == ["one\u2028two"]
