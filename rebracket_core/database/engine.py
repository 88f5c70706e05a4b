"""Databases behind the workbench: addresses, engines, transactions, and what to do where one refuses.

SQLite waits for its turn without an error: writers begin with BEGIN IMMEDIATE, in WAL mode. Any SQLAlchemy URL for a team.
SQLAlchemy is imported on first use: importing this module is light.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import MissingExtraError, StoreError, lines_of
from rebracket_core.file_lock import queued_lock
from rebracket_core.files import private_while_empty, put_folder_on_disk

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL, Connection

BUSY_TIMEOUT_S = 20.0
_SOON_S, _LATER_S, _SHORTEST_S = 0.0015, 0.006, 0.0004  # SQLite's own busy handler sleeps up to 100 ms
_LOG_PAGES = 4000  # of 4 KiB: how long the log grows before someone moves it into the database, and waits for the disk
_WRITES, _SOON = "rebracket_writes", "rebracket_soon"


def parsed_url(text: str) -> URL:
    """The address, parsed; a StoreError where it is none."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError(
            "The address of the database cannot be read.",
            found="no SQLAlchemy URL",
            expected="a URL such as sqlite:////home/me/workbench.db or postgresql+pg8000://user:password@host/name",
            hint="correct REBRACKET_DB or unset it",
        ) from None


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite database; None for others and for one in memory."""
    if url.get_backend_name() != "sqlite" or not url.database or ":memory:" in url.database:
        return None
    return Path(url.database)


def shown(url: URL) -> str:
    """The database in words that hold no password."""
    return str(sqlite_file(url) or url.render_as_string(hide_password=True))


@contextlib.contextmanager
def transaction(engine: Engine, *, write: bool, soon: bool = False, **options: Any) -> Iterator[Connection]:
    """A connection in one transaction, whole or not at all; `options` are SQLAlchemy's.

    SQLite commits it into its log in the system's memory: that outlives this process, and a loss of power may take it back,
    whole, until `put_on_disk`. `soon` is for what a person waits for: others let it go first.
    """
    marks: dict[str, Any] = {_WRITES: write, _SOON: soon, **options}
    file = sqlite_file(engine.url) if write else None
    with contextlib.ExitStack() as held:
        if file is not None:
            held.enter_context(queued_lock(file, soon=soon))
        with engine.connect().execution_options(**marks) as connection, connection.begin():
            yield connection


def put_on_disk(file: Path, *, new_log: bool = True) -> None:
    """Put all that was committed to a SQLite database on the disk. Raises OSError where the disk refuses.

    SQLite's log holds every commit that was not moved into the database yet; without a log everything was moved, and SQLite
    waits for the disk when it moves. `new_log`: the folder, which says that there is such a file, is put there too.
    """
    try:
        with open(f"{file}-wal", "rb+") as log:
            os.fsync(log.fileno())
    except FileNotFoundError:
        return
    if new_log:
        put_folder_on_disk(file.parent)


def new_engine(url: URL, *, functions: Mapping[str, Callable[..., Any]] | None = None) -> Engine:
    """An engine for `url`: for SQLite with WAL, foreign keys, BEGIN IMMEDIATE for writers, and `functions` of one value.

    Raises MissingExtraError or StoreError where the driver is not installed.
    """
    import sqlalchemy as sa

    if url.get_backend_name() != "sqlite":
        try:
            return sa.create_engine(url, json_serializer=_dumps, pool_pre_ping=True)
        except ImportError as problem:
            if url.get_backend_name() == "postgresql":
                raise MissingExtraError("postgres", what=f"The database {url.drivername}") from problem
            raise StoreError(
                "The driver of the database is not installed.",
                expected=f"the package for {url.drivername}",
                found=str(problem),
                hint="install it, or unset REBRACKET_DB",
            ) from problem
    return _sqlite_engine(url, functions=functions or {})


def _sqlite_engine(url: URL, *, functions: Mapping[str, Callable[..., Any]]) -> Engine:
    import sqlalchemy as sa

    options: dict[str, Any] = {}
    if sqlite_file(url) is None:
        options = {"poolclass": sa.StaticPool, "connect_args": {"check_same_thread": False}}
    engine = sa.create_engine(url, json_serializer=_dumps, **options)

    @sa.event.listens_for(engine, "connect")
    def _prepare(dbapi_connection: Any, _record: Any) -> None:
        if (file := sqlite_file(url)) is not None:
            private_while_empty(file)
        dbapi_connection.isolation_level = None  # the driver must not begin transactions by itself
        dbapi_connection.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT_S * 1000)}").close()
        (mode,) = dbapi_connection.execute("PRAGMA journal_mode=WAL").fetchone()
        for pragma in (
            "foreign_keys=ON",
            f"synchronous={'NORMAL' if mode == 'wal' else 'FULL'}",
            "busy_timeout=0",
            f"wal_autocheckpoint={_LOG_PAGES}",
        ):
            dbapi_connection.execute(f"PRAGMA {pragma}").close()
        for name, function in functions.items():
            dbapi_connection.create_function(name, 1, function, deterministic=True)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        words = "BEGIN IMMEDIATE" if options.get(_WRITES, False) else "BEGIN"
        patience_s = _SOON_S if options.get(_SOON, False) else _LATER_S
        if not _got_lock(connection.connection.dbapi_connection, words, patience_s=patience_s):
            connection.exec_driver_sql(words)  # once more, so that the refusal comes as SQLAlchemy's

    return engine


def _got_lock(driver: Any, words: str, *, patience_s: float) -> bool:
    """Whether the transaction has begun in time.

    Who has waited longer or has less patience asks more often: turns go nearly in order, and what a person waits for goes
    before what is sent in the background.
    """
    import sqlite3

    began = time.monotonic()
    while True:
        try:
            driver.execute(words).close()
            return True
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem) or time.monotonic() > began + BUSY_TIMEOUT_S:
                return False
        waited = (time.monotonic() - began) / patience_s
        time.sleep(max(_SHORTEST_S, patience_s / (1 + waited * waited)))


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, sort_keys=True)


def needs_repair(error: StoreError) -> bool:
    """Whether a database refused because of what it holds, damage or a newer version: it refuses until somebody looks at it.

    A disk, a lock or a network that refuses is another matter.
    """
    import sqlite3

    cause = getattr(error.__cause__, "orig", None) or error.__cause__
    return cause is None or type(cause) is sqlite3.DatabaseError


def refused(problem: Exception, *, message: str, where: str) -> StoreError:
    """The StoreError that says what to do about what the database or the disk answered."""
    orig = getattr(problem, "orig", None) or problem
    reported = orig.args[0].get("M") if orig.args and isinstance(orig.args[0], dict) else orig
    answer = lines_of(reported)[0] if str(reported).strip() else type(problem).__name__
    cases = (
        (("locked", "busy"), "another program holds it; close that program or try again"),
        (
            ("readonly", "read-only", "permission", "unable to open", "access", "no such file", "a directory", "exists"),
            "make the folder writable, or set REBRACKET_HOME or REBRACKET_DB to one that is",
        ),
        (("full", "no space"), "free disk space, then run it again"),
        (
            ("not a database", "malformed", "no such column", "has no column"),
            "run: rebracket doctor, and put back the latest backup, or move this file away (keep a copy) to begin anew",
        ),
        (
            ("connect", "refused", "timeout", "authentication", "host"),
            "check that the database server runs and that REBRACKET_DB names it",
        ),
    )
    hints = (advice for words, advice in cases if any(word in answer.lower() for word in words))
    return StoreError(
        message,
        found=answer.rstrip("."),
        expected="a database that answers",
        hint=next(hints, "see the message and try again"),
        where=where,
    )
