"""SQLite's log, moved into the database once nobody has written for a moment: a copy of the one file then holds everything.

One thread a process does it, and ends when there is nothing left to move. Where another program reads or writes, it tries
again.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

IDLE_S = 1.0
_TRY_S = 0.25
_lock = threading.Lock()
_written_s: dict[Path, float] = {}
_thread: threading.Thread | None = None
_pid = 0


def written(file: Path) -> None:
    """Have the log of a database moved once it was left alone for `IDLE_S`."""
    global _thread, _pid
    with _lock:
        if _pid != os.getpid():  # a child of a fork has the parent's notes and none of its threads
            _written_s.clear()
            _thread, _pid = None, os.getpid()
        _written_s[file] = time.monotonic()
        if _thread is None:
            _thread = threading.Thread(target=_follow, name="checkpoint", daemon=True)
            _thread.start()


def checkpoint(file: Path) -> bool:
    """Whether the whole log is in the database now; False while others read or write. Raises sqlite3.Error."""
    with closing(sqlite3.connect(file, timeout=0)) as connection:
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def log_bytes(file: Path) -> int:
    """How much of a database stands in its log alone, in bytes."""
    try:
        return Path(f"{file}-wal").stat().st_size
    except OSError:
        return 0


def _follow() -> None:
    global _thread
    while True:
        time.sleep(_TRY_S)
        with _lock:
            if not _written_s:
                _thread = None
                return
            idle = [(file, at) for file, at in _written_s.items() if time.monotonic() - at >= IDLE_S]
        for file, at in idle:
            try:
                done = not file.exists() or checkpoint(file)
            except sqlite3.Error:  # full, damaged or taken away: the next write says so, and is followed again
                done = True
            with _lock:
                if _written_s.get(file) == at:
                    if done:
                        del _written_s[file]
                    else:
                        _written_s[file] = time.monotonic()
