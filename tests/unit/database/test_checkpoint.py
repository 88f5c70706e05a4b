"""The log of SQLite: moved into the database once nobody writes, so that a copy of the one file holds everything."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from rebracket_core.database import checkpoint, log_bytes
from rebracket_core.scoring.history import History
from rebracket_core.services import health
from rebracket_core.settings import Settings

pytestmark = pytest.mark.slow

VERDICT = {"text": "a bell", "verdict": "REJECT", "reason": "x", "album": "Red", "run_id": "r", "error": None}


def until(found: Callable[[], bool], *, for_s: float = 15.0) -> bool:
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        if found():
            return True
        time.sleep(0.05)
    return False


def count(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM validations").fetchone()[0])


def test_a_copy_of_the_one_file_holds_everything_once_nobody_writes(tmp_path: Path) -> None:
    file = tmp_path / "workbench.db"
    history = History(f"sqlite:///{file}")
    for number in range(3):
        for _ in range(5):
            history.add([VERDICT])
        assert log_bytes(file) > 0
        assert until(lambda: log_bytes(file) == 0), "the log was not moved"
        copy = tmp_path / f"copy{number}.db"
        shutil.copyfile(file, copy)
        assert count(copy) == 5 * (number + 1) == history.count()
    history.close()


def test_the_log_waits_for_who_reads_and_nothing_waits_for_it(tmp_path: Path) -> None:
    file = tmp_path / "workbench.db"
    history = History(f"sqlite:///{file}")
    history.add([VERDICT])
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM validations").fetchone()
        history.add([VERDICT])
        assert not until(lambda: log_bytes(file) == 0, for_s=3.0)
        assert reader.execute("SELECT count(*) FROM validations").fetchone() == (1,)
        reader.execute("COMMIT")
    assert until(lambda: log_bytes(file) == 0)
    assert count(file) == 2
    history.close()


def test_the_thread_ends_when_there_is_nothing_to_move(tmp_path: Path) -> None:
    history = History(f"sqlite:///{tmp_path / 'workbench.db'}")
    history.add([VERDICT])
    assert any(thread.name == "checkpoint" for thread in threading.enumerate())
    assert until(lambda: not any(thread.name == "checkpoint" for thread in threading.enumerate()))
    history.close()
    shutil.rmtree(tmp_path)
    checkpoint.written(tmp_path / "workbench.db")  # taken away meanwhile
    assert until(lambda: not any(thread.name == "checkpoint" for thread in threading.enumerate()))
    assert not tmp_path.exists()


def test_doctor_says_that_a_log_is_to_be_copied_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "IDLE_S", 600.0)
    settings = Settings.from_env({"REBRACKET_HOME": str(tmp_path)})
    history = History(settings.database_url)
    history.add([VERDICT])
    check = next(check for check in health.examine(settings) if check.name == "database")
    assert "-wal" in check.detail and "backup" in check.detail
    history.close()
    with checkpoint._lock:
        checkpoint._written_s.clear()
