"""Records of growing files: any text comes back whole, and half a line costs nobody else's."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path
from typing import IO, Any, cast

import pytest
from hypothesis import given, strategies as st

from rebracket_core import records
from rebracket_core.records import append_lines, append_records, read_records

# What str.splitlines() takes for the end of a line, JSON's own signs, and what no encoding holds.
NASTY = '\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\r\n\x00"\\{}é漢\U0001f308\ud800'
TEXTS = st.text(st.one_of(st.sampled_from(NASTY), st.characters()), max_size=40)


@given(kept=st.lists(TEXTS, max_size=5), more=st.lists(TEXTS, min_size=1, max_size=3), cut=st.integers(1, 60))
def test_what_was_acknowledged_is_read_back_whole_whatever_a_kill_left(
    tmp_path_factory: pytest.TempPathFactory, kept: list[str], more: list[str], cut: int
) -> None:
    path = tmp_path_factory.mktemp("records") / "notes.jsonl"
    for text in kept:
        append_records(path, [{"text": text}], lasting=True)
    whole = path.read_bytes() if path.exists() else b""
    append_records(path, [{"text": "never acknowledged" * 3}], lasting=True)
    path.write_bytes(path.read_bytes()[: len(whole) + cut])  # killed in the middle of the write
    for text in more:
        append_records(path, [{"text": text}], lasting=True)
    assert read_records(path) == [{"text": text} for text in (*kept, *more)]


@given(text=TEXTS)
def test_a_file_of_an_earlier_version_is_read_whole(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    import json

    path = tmp_path_factory.mktemp("records") / "notes.jsonl"
    line = json.dumps({"text": text}, ensure_ascii=False)  # the signs as they are
    path.write_bytes(line.encode("utf-8", "backslashreplace") + b"\n")
    assert read_records(path) == [{"text": text}]


def test_half_a_line_is_skipped_with_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes('{"a": 1}\n{"text": "Grö'.encode()[:-1])  # in the middle of a sign
    append_records(path, [{"a": 2}], lasting=True)
    with caplog.at_level(logging.WARNING):
        assert read_records(path) == read_records(path) == [{"a": 1}, {"a": 2}]
    told = f"{path}: line 2 holds no whole record and is skipped; it may have been cut off."
    assert [r.message for r in caplog.records] == [told]


@pytest.mark.parametrize("at", ["write", "fsync"])
def test_a_full_disk_adds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    path = tmp_path / "r.jsonl"
    append_records(path, [{"a": 1}], lasting=True)
    before = path.read_bytes()

    class Full:
        """A file that takes three bytes and then no more."""

        def __init__(self, file: Any) -> None:
            self._file, self._written = file, 0

        def write(self, data: bytes) -> int:
            if at == "write" and self._written:
                raise OSError(errno.ENOSPC, "full")
            self._written += 1
            return int(self._file.write(data[:3] if at == "write" else data))

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

    def refuse(_: int) -> None:
        raise OSError(errno.EIO, "broken")

    real = records._append
    monkeypatch.setattr(records, "_append", lambda file, data, **more: real(cast(IO[bytes], Full(file)), data, **more))
    if at == "fsync":
        monkeypatch.setattr(records.os, "fsync", refuse)
    with pytest.raises(OSError):
        append_records(path, [{"a": 2}], lasting=True)
    assert path.read_bytes() == before


def test_a_record_is_on_the_disk_before_the_call_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    real = os.fsync
    monkeypatch.setattr(records.os, "fsync", lambda fd: (synced.append(os.fstat(fd).st_ino), real(fd))[1])
    append_records(tmp_path / "r.jsonl", [{"a": 1}], lasting=True)
    assert synced == [(tmp_path / "r.jsonl").stat().st_ino, tmp_path.stat().st_ino]  # the record, then the file's name
    append_records(tmp_path / "r.jsonl", [{"a": 2}], lasting=True)
    assert len(synced) == 3


def test_a_log_line_begins_on_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"Traceback (most rec")
    append_lines(path, ["12:00 Starting\u2028on"])
    assert path.read_bytes().split(b"\n") == [b"Traceback (most rec", "12:00 Starting\u2028on".encode(), b""]
