"""A file is there whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rebracket_core.files import atomic_file, write_json


def test_an_atomic_file_leaves_the_old_one_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "f"
    with atomic_file(path) as file:
        file.write(b"old")

    def fail() -> None:
        with atomic_file(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["f"]


def test_json_is_written_for_people_too(tmp_path: Path) -> None:
    write_json(tmp_path / "deep" / "a.json", {"text": "Größe"})
    assert (tmp_path / "deep" / "a.json").read_text(encoding="utf-8").count("Größe") == 1
    assert json.loads((tmp_path / "deep" / "a.json").read_bytes()) == {"text": "Größe"}
