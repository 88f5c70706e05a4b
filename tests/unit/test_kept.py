"""What is acknowledged is kept: promotions of two processes, folders on the disk before they have a name, nothing half left."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rebracket_core import files
from rebracket_core.files import new_folder, tighten_home, write_json
from rebracket_core.runs.production import promote, promoted_id, roll_back

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROMOTER = """
import sys, time
from pathlib import Path
from rebracket_core.runs.production import promote
runs, name, start = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
time.sleep(max(0.0, start - time.time()))
for number in range(12):
    promote(runs, f"{name}{number}")
"""


def test_no_promotion_of_two_processes_at_once_is_forgotten(tmp_path: Path) -> None:
    start = str(time.time() + 4)
    processes = [
        subprocess.Popen([sys.executable, "-c", PROMOTER, str(tmp_path), name, start], cwd=ROOT) for name in ("a", "b", "c")
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    note = json.loads((tmp_path / "promoted.json").read_text())
    assert {note["run_id"], *note["earlier"]} == {f"{name}{number}" for name in "abc" for number in range(12)}


def test_a_roll_back_goes_to_the_run_before(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        promote(tmp_path, name)
    assert roll_back(tmp_path) == "a" == promoted_id(tmp_path)


def test_a_folder_and_its_files_are_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real, place = os.fsync, tmp_path / "runs" / "one"

    def fsync(descriptor: int) -> None:
        name = os.readlink(f"/proc/self/fd/{descriptor}")
        synced.append(f"{'after' if place.exists() else 'before'} {Path(name).name}")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with new_folder(place) as room:
        (room / "deep").mkdir()
        (room / "deep" / "weights").write_bytes(b"1")
        (room / "plain").write_bytes(b"2")
    assert {"before weights", "before plain", "before deep", "before one"} <= set(synced)
    assert "after runs" in synced and f"before {tmp_path.name}" in synced


def test_what_a_killed_process_left_half_written_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    tighten_home(tmp_path)
    left, busy, fresh, other = (tmp_path / name for name in (".a.12345678.tmp", ".b.12345678.tmp", ".c.12345678.tmp", "d.tmp"))
    for path in (left, busy, fresh, other):
        path.write_bytes(b"half")
    old_s = time.time() - 3600
    for path in (left, busy, other):
        os.utime(path, (old_s, old_s))
    with busy.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        files._swept.discard(tmp_path)
        write_json(tmp_path / "e.json", {})
        assert sorted(os.listdir(tmp_path)) == [busy.name, fresh.name, other.name, "e.json"]


def test_nothing_is_swept_outside_a_home(tmp_path: Path) -> None:
    left = tmp_path / ".a.12345678.tmp"
    left.write_bytes(b"somebody else's")
    os.utime(left, (0, 0))
    write_json(tmp_path / "e.json", {})
    assert left.exists()
