"""Backups of the labels' database, and the verification that one can be put back."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rebracket_core.annotation.database.schema import labels_store
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.session import LabelSession
from rebracket_core.errors import InputError, StoreError
from rebracket_core.files import make_folder, persons_mode, put_folder_on_disk


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made and read again: its file, its size, how many events and labels it holds, and its sha256."""

    path: Path
    n_bytes: int
    n_events: int
    n_labels: int
    digest: str


def back_up(database_url: str, *, to: Path) -> Backup:
    """The backup at `to`, taken through SQLite's backup API while others write, then opened and checked.

    Raises InputError for another database (PostgreSQL has pg_dump), StoreError where the copy is not whole.
    """
    file = _live_file(database_url)
    if to.exists():
        raise _taken(to)
    make_folder(to.parent, mode=persons_mode(to.parent, folder=True))
    room = Path(tempfile.mkdtemp(dir=to.parent, prefix=f".{to.name}."))  # of this backup's own: two may be made at once
    try:
        n_events, n_labels = _checked_copy(file, room / to.name, to=to)
    finally:
        shutil.rmtree(room, ignore_errors=True)
    return Backup(to, to.stat().st_size, n_events, n_labels, hashlib.sha256(to.read_bytes()).hexdigest())


def _live_file(database_url: str) -> Path:
    """The SQLite file that holds the labels; InputError for another database or a file that is not there yet."""
    file = labels_store(database_url).file
    if file is None:
        raise InputError(
            "Only a SQLite file is backed up here.",
            expected="a SQLite database",
            found="another database",
            hint="use pg_dump for PostgreSQL",
        )
    if not file.is_file():
        raise InputError("There is nothing to back up.", expected=str(file), found="no file", hint="label something first")
    return file


def _checked_copy(file: Path, part: Path, *, to: Path) -> tuple[int, int]:
    """The number of events and labels of a copy that lies at `to`, after it was made and checked as `part`."""
    try:
        _copy(file, part)
        found = check(part)
        part.chmod(persons_mode(to))
        os.link(part, to)  # unlike a move, it never takes another file's place
        put_folder_on_disk(to.parent)
    except FileExistsError:
        raise _taken(to) from None
    except sqlite3.Error as problem:
        raise StoreError(
            "The backup failed.",
            expected="a database that can be copied",
            found=str(problem),
            hint="free disk space and try again",
            where=str(to),
        ) from problem
    except OSError as problem:
        raise StoreError(
            "The backup cannot be put in its place.",
            expected="a disk that takes it, and knows hard links",
            found=problem.strerror or str(problem),
            hint="name a file on another disk",
            where=str(to),
        ) from problem
    return found


def _taken(to: Path) -> InputError:
    return InputError("The backup would replace a file.", expected="a new file name", found=str(to), hint="choose another")


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as live, sqlite3.connect(target) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    live.close()
    copy.close()


def check(file: Path) -> tuple[int, int]:
    """The number of events and labels of a database file, after SQLite's own check and the consistency check.

    Raises StoreError for a damaged file.
    """
    import sqlalchemy as sa

    store = labels_store(f"sqlite:///{file}")
    try:
        verdict = store.read(lambda c: c.exec_driver_sql("PRAGMA integrity_check").scalar(), empty="ok")
        wrong = [] if verdict == "ok" else [f"SQLite says: {verdict}"]
        wrong += check_consistency(LabelSession(store, time.time))
        if wrong:
            raise StoreError(
                "The labels are damaged.",
                expected="tables that agree with the events",
                found=wrong[0],
                hint="put back an earlier backup",
                where=str(file),
            )
        t = tables()
        return store.read(
            lambda c: tuple(
                int(c.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()) for table in (t.events, t.labels)
            ),
            empty=(0, 0),
        )  # type: ignore[return-value]
    finally:
        store.close()


def verify_backup(database_url: str) -> Backup | None:
    """A backup made in a temporary folder, opened and checked, then deleted; None where there is no SQLite file."""
    file = labels_store(database_url).file
    if file is None or not file.is_file():
        return None
    with tempfile.TemporaryDirectory() as folder:
        return back_up(database_url, to=Path(folder) / "backup.db")
