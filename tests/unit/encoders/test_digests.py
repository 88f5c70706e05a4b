"""A digest is remembered while its file stays the same, and never a moment longer."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from rebracket_core.encoders import digests
from rebracket_core.encoders.digests import file_digest, note_digest


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of files that were really hashed."""
    names: list[str] = []
    real = hashlib.file_digest

    def counted(file, digest):
        names.append(Path(file.name).name)
        return real(file, digest)

    monkeypatch.setattr(digests.hashlib, "file_digest", counted)
    return names


def test_a_second_look_costs_no_hash(tmp_path: Path, hashed: list[str]) -> None:
    path, cache = tmp_path / "w", tmp_path / "cache" / "book.json"
    path.write_bytes(b"one")
    assert file_digest(path, cache=cache) == file_digest(path, cache=cache) == _sha(b"one")
    assert hashed == ["w"]


@pytest.mark.parametrize("keep_mtime", [False, True])
def test_a_change_of_the_same_size_is_seen(tmp_path: Path, keep_mtime: bool) -> None:
    path, cache = tmp_path / "w", tmp_path / "book.json"
    path.write_bytes(b"one")
    before = path.stat()
    file_digest(path, cache=cache)
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns if keep_mtime else before.st_mtime_ns + 10**9))
    assert file_digest(path, cache=cache) == _sha(b"two")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"x": 3}', b"\xff\xfe"])
def test_a_damaged_book_costs_a_hash_only(tmp_path: Path, content: bytes, hashed: list[str]) -> None:
    path, cache = tmp_path / "w", tmp_path / "book.json"
    path.write_bytes(b"one")
    cache.write_bytes(content)
    assert file_digest(path, cache=cache) == _sha(b"one")
    assert file_digest(path, cache=cache) == _sha(b"one")
    assert hashed == ["w"]


def test_a_book_that_cannot_be_written_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, blocker = tmp_path / "w", tmp_path / "file"
    path.write_bytes(b"one")
    blocker.write_text("in the way")
    assert file_digest(path, cache=blocker / "book.json") == _sha(b"one")
    assert "cannot be cached" in caplog.text


def test_remember_saves_the_first_hash_and_forgets_files_that_went(tmp_path: Path, hashed: list[str]) -> None:
    path, gone, cache = tmp_path / "w", tmp_path / "gone", tmp_path / "book.json"
    gone.write_bytes(b"x")
    note_digest(gone, _sha(b"x"), cache=cache)
    gone.unlink()
    path.write_bytes(b"one")
    note_digest(path, _sha(b"one"), cache=cache)
    assert file_digest(path, cache=cache) == _sha(b"one")
    assert hashed == []
    assert list(json.loads(cache.read_text())) == [str(path)]
