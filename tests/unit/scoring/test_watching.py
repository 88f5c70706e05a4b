"""A watched folder: every complete file gets its verdicts once, a half-written one none, a bad one its error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.errors import InputError, StoreError
from rebracket_core.reports.verdict_writers import FIELDS
from rebracket_core.scoring.watch import Watch, verdict_file
from tests.conftest import open_home

ROOT = Path(__file__).parents[3]
TEXT = "A brass key that the archive lists as melted in 1911 opens the same door every night."


def told(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(verdict_file(path).read_text(encoding="utf-8"))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "written"
    (place / "thread").mkdir(parents=True)
    return place


@pytest.fixture
def watching(home: Path, folder: Path) -> Watch:
    return Watch(open_home(home).verdicts, folder, settle_s=0.0, keep=False)


def test_each_file_gets_the_verdicts_of_its_concepts(watching: Watch, folder: Path) -> None:
    (folder / "a.yml").write_text(f"concept: {TEXT}\nrainbow_color: Red\n")
    (folder / "thread" / "b.jsonl").write_text(f'{{"id": "x", "concept": "{TEXT}"}}\n{{"concept": "?"}}\n')
    for other in ("sound.wav", ".hidden.yml", "c.yml.tmp", "d.lrc"):
        (folder / other).write_text(TEXT)
    assert [judged.path.name for judged in watching.scan()] == ["a.yml", "b.jsonl"]
    first, second = told(folder / "a.yml"), told(folder / "thread" / "b.jsonl")
    assert tuple(first["verdicts"][0]) == FIELDS and first["verdicts"][0]["expected_album"] == "Red"
    assert (first["n"], first["n_failed"], first["error"]) == (1, 0, None)
    assert (second["n"], second["n_failed"], second["error"]) == (2, 1, None)
    assert second["verdicts"][0]["id"] == "x" and second["run_id"] == first["verdicts"][0]["run_id"]
    assert watching.scan() == [] and len(list(folder.rglob("*.verdict.json"))) == 2


def test_a_file_that_cannot_be_judged_gets_its_error(watching: Watch, folder: Path) -> None:
    (folder / "a.yml").write_text("concept: [never closed\n")
    (folder / "b.json").write_bytes(b"\x00" * 40)
    (folder / "c.txt").write_text("?! 123")
    assert [bool(judged.error) for judged in watching.scan()] == [True, True, True]
    assert "no letters" in told(folder / "c.txt")["error"]
    (folder / "a.yml").write_text(f"concept: {TEXT}\n")
    assert [judged.error for judged in watching.scan()] == [None]


def test_a_half_written_file_is_not_judged(home: Path, folder: Path) -> None:
    watching = Watch(open_home(home).verdicts, folder, settle_s=0.3, keep=False)
    with (folder / "a.txt").open("w") as file:
        for _ in range(5):
            file.write("Half a sentence, ")
            file.flush()
            assert watching.scan() == []
            time.sleep(0.1)
        file.write("and its end.")
    assert len(watching.settle(threading.Event())) == 1
    assert told(folder / "a.txt")["verdicts"][0]["text"].endswith("and its end.")


def test_a_file_that_changes_while_it_is_read_waits(watching: Watch, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import rebracket_core.scoring.watch as module

    path = folder / "a.txt"
    path.write_text("Before.")
    digest = module.hashlib.file_digest
    monkeypatch.setattr(module.hashlib, "file_digest", lambda file, kind: (digest(file, kind), path.write_text(TEXT))[0])
    assert watching.scan() == [] and not verdict_file(path).exists()
    monkeypatch.undo()
    assert len(watching.scan()) == 1 and told(path)["verdicts"][0]["text"] == TEXT


def test_nothing_is_judged_twice_over_restarts(home: Path, watching: Watch, folder: Path) -> None:
    path = folder / "a.txt"
    path.write_text(TEXT)
    watching.scan()
    made = verdict_file(path).stat().st_mtime_ns
    os.utime(path, ns=(1, 1))  # the same bytes, another time
    again = Watch(open_home(home).verdicts, folder, settle_s=0.0, keep=False)
    assert again.scan() == [] and verdict_file(path).stat().st_mtime_ns == made
    verdict_file(path).unlink()
    assert len(again.scan()) == 1
    verdict_file(path).write_text('{"digest": ')  # cut short by someone else
    assert len(Watch(open_home(home).verdicts, folder, settle_s=0.0, keep=False).scan()) == 1


def test_what_is_not_the_files_fault_is_tried_again(watching: Watch, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import rebracket_core.scoring.watch as module

    monkeypatch.setattr(module, "RETRY_S", 0.0)
    (folder / "a.txt").write_text(TEXT)

    def locked(*_: object, **__: object) -> None:
        raise StoreError("The history cannot be written.", hint="wait")

    with monkeypatch.context() as patch:
        patch.setattr(watching.scorer, "validate", locked)
        assert "cannot be written" in str(watching.scan()[0].error)
    time.sleep(0.01)
    assert [judged.error for judged in watching.scan()] == [None]


def test_a_folder_that_is_not_there_is_refused(home: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        Watch(open_home(home).verdicts, tmp_path / "none")


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_process_misses_nothing_and_ends_cleanly(home: Path, folder: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "REBRACKET_HOME": str(home)}
    line = [sys.executable, "-m", "rebracket_core.cli", "watch", str(folder), "--settle", "0.3", "--every", "0.1"]
    process = subprocess.Popen(line, env=env, stderr=subprocess.PIPE)
    wanted = []
    for k in range(60):
        path = folder / "thread" / f"{k}.yml"
        path.write_text(f"concept: {TEXT[:-1]}, number {k}.\n")
        wanted.append(path)
        time.sleep(0.02)
    deadline = time.monotonic() + 120
    while not all(verdict_file(path).exists() for path in wanted):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said.decode()[-2000:]
    assert b"60 files validated." in said and b"Traceback" not in said
    assert all(told(path)["verdicts"][0]["text"].endswith(f"number {path.stem}.") for path in wanted)
    assert not [p for p in folder.rglob("*") if p.name.endswith(".tmp")]
    again = subprocess.run([*line, "--once", "--json"], env=env, capture_output=True, timeout=120, check=True)
    assert json.loads(again.stdout) == {"files": 0, "files_with_errors": 0}


# The name of a file says what its verdicts take: `slow` sleeps, and for `writes` the disk does.
_SLOW = """
import ctypes, time
from rebracket_core import files
from rebracket_core.cli import main
from rebracket_core.scoring import watch as watching
from rebracket_core.services.concepts.verdicts import Verdicts

read, write = Verdicts.read_upload, watching.export_bytes

def slow_read(self, name, data, **more):
    if name.startswith("slow"):
        print("reading", name, flush=True)
        time.sleep(600)
    if name.startswith("holds"):
        print("reading", name, flush=True)
        ctypes.PyDLL(None).sleep(600)  # a call of C that keeps Python's lock
    return read(self, name, data, **more)

def slow_write(path, content):
    if path.name.startswith("writes"):
        with files.export_file(path) as file:
            file.write(content[:20])
            print("writing", path.name, flush=True)
            time.sleep(0.8)
            file.write(content[20:])
    else:
        write(path, content)

Verdicts.read_upload, watching.export_bytes = slow_read, slow_write
main()
"""


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("names", "marker", "more", "code"),
    [
        (("a.txt", "slow.txt"), b"reading slow.txt", (), 0),
        (("slow.txt",), b"reading slow.txt", ("--once",), 3),
        (("writes.txt", "z.txt"), b"writing writes.txt", (), 0),
        (("a.txt",), b"a.txt: 1 concept", ("--every", "600"), 0),
    ],
    ids=["scoring", "once", "writing", "polling"],
)
def test_a_signal_ends_the_process_within_three_seconds(
    home: Path, folder: Path, number: int, names: tuple[str, ...], marker: bytes, more: tuple[str, ...], code: int
) -> None:
    for name in names:
        (folder / name).write_text(TEXT)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "REBRACKET_HOME": str(home)}
    line = [sys.executable, "-c", _SLOW, "watch", str(folder), "--settle", "0", *more]
    process = subprocess.Popen(line, env=env, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        seen = b""
        while marker not in seen:
            said = process.stderr.readline()
            assert said, seen
            seen += said
        start = time.monotonic()
        process.send_signal(number)
        rest = process.communicate(timeout=60)[1]
        assert time.monotonic() - start < 3.0
    finally:
        process.kill()
    assert process.returncode == code and b"Traceback" not in rest, rest.decode()
    for path in folder.rglob("*.verdict.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["n"] == 1  # whole, each of them
    done = {path.name for path in folder.rglob("*.verdict.json")}
    assert done == {f"{name}.verdict.json" for name in names if name in ("a.txt", "writes.txt")}
    assert not list(folder.rglob("*.tmp"))
    assert (b"validated at the next start" in rest) == (names[-1] == "slow.txt")


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_file_whose_reader_keeps_pythons_lock_does_not_keep_the_process(home: Path, folder: Path) -> None:
    (folder / "holds.txt").write_text(TEXT)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "REBRACKET_HOME": str(home)}
    line = [sys.executable, "-c", _SLOW, "watch", str(folder), "--settle", "0"]
    process = subprocess.Popen(line, env=env, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        while b"reading holds.txt" not in (heard := process.stderr.readline()):
            assert heard
        start = time.monotonic()
        process.terminate()
        process.communicate(timeout=60)
        assert time.monotonic() - start < 4.0 and process.returncode == -signal.SIGKILL
    finally:
        process.kill()
    assert not list(folder.rglob("*.verdict.json")) and not list(folder.rglob("*.tmp"))
