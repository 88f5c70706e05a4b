"""The database behind annotation: one engine, short transactions, and a schema that is brought up to date on first write.

SQLite waits for its turn without an error: writers begin with BEGIN IMMEDIATE, in WAL mode. PostgreSQL uses row locks
(SKIP LOCKED) and advisory locks. Through SQLAlchemy Core alone.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rebracket_core.errors import MissingExtraError, StoreError

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL, Connection

BUSY_TIMEOUT_S = 20.0
_SOON_S, _LATER_S, _SHORTEST_S = 0.0015, 0.006, 0.0004  # SQLite's own busy handler sleeps up to 100 ms
_LOG_PAGES = 4000  # of 4 KiB: how long the log grows before someone moves it into the database, and waits for the disk
_EVENTS_LOCK, _SCHEMA_LOCK = 7_220_001, 7_220_002
_WRITES, _SOON = "rebracket_writes", "rebracket_soon"
_TRIES = 4
T = TypeVar("T")
E = TypeVar("E")


class Store:
    """Transactions on one database. Nothing is created before the first write."""

    def __init__(self, database_url: str) -> None:
        self._url_text = database_url
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._ready = False
        self._new_log = True

    @cached_property
    def url(self) -> URL:
        """The address, parsed; a StoreError where it is none."""
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            return make_url(self._url_text)
        except (ArgumentError, ValueError):
            raise StoreError(
                "The address of the database cannot be read.", found="no SQLAlchemy URL",
                expected="a URL such as sqlite:////home/me/workbench.db or postgresql+pg8000://user:password@host/name",
                hint="correct REBRACKET_DB or unset it",
            ) from None

    @cached_property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite one."""
        return self.url.get_backend_name() == "sqlite"

    @cached_property
    def file(self) -> Path | None:
        """The file of a SQLite database; None for others and for one in memory."""
        url = self.url
        if url.get_backend_name() != "sqlite" or not url.database or ":memory:" in url.database:
            return None
        return Path(url.database)

    def read(self, work: Callable[[Connection], T], *, empty: E) -> T | E:
        """What `work` returns over one consistent view; `empty` where nothing was ever written."""
        if not self._opened(write=False):
            return empty
        return self._run(work, write=False, soon=True)

    def write(self, work: Callable[[Connection], T], *, durable: bool = True, soon: bool = False) -> T:
        """What `work` returns, in one transaction that is on disk when this returns (`durable`), whole or not at all.

        `work` may be called again where the database asks for another try. Nobody else waits for the disk: SQLite commits
        into the system's memory, which outlives this process, and its log is put on the disk after the turn is over. What
        others wrote meanwhile goes with it. Without `durable` a loss of power may take the transaction back, whole. `soon`
        is for what a person waits for: labels are sent in the background and let it go first.
        """
        self._opened(write=True)
        done = self._run(work, write=True, soon=soon)
        if durable:
            self._put_on_disk()
        return done

    def close(self) -> None:
        """Nothing; every connection is closed. The store opens again on next use."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine, self._ready, self._new_log = None, False, True

    def _put_on_disk(self) -> None:
        """Nothing; SQLite's log holds every commit that was not moved into the database yet, and it is on the disk now.

        No log: everything was moved, and SQLite waits for the disk when it moves.
        """
        if not self.is_sqlite or self.file is None:
            return
        try:
            with open(f"{self.file}-wal", "rb+") as log:
                os.fsync(log.fileno())
            if self._new_log and os.name == "posix":  # that there is such a file is written in the folder
                folder = os.open(self.file.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
            self._new_log = False
        except FileNotFoundError:
            return
        except OSError as problem:
            raise store_error(problem, where=self.shown()) from problem

    def _run(self, work: Callable[[Connection], T], *, write: bool, soon: bool) -> T:
        from sqlalchemy.exc import SQLAlchemyError

        assert self._engine is not None
        options: dict[str, Any] = {_WRITES: write, _SOON: soon}
        if not write and not self.is_sqlite:
            options["isolation_level"] = "REPEATABLE READ"
        for attempt in range(_TRIES):
            try:
                with self._engine.connect().execution_options(**options) as connection, connection.begin():
                    return work(connection)
            except (SQLAlchemyError, OSError) as problem:
                if attempt == _TRIES - 1 or not _worth_another_try(problem):
                    raise store_error(problem, where=self.shown()) from problem
                time.sleep(random.uniform(0.005, 0.02) * (attempt + 1))
        raise AssertionError("unreachable")

    def _opened(self, *, write: bool) -> bool:
        """Whether the schema is there and new enough; a write brings it there."""
        from sqlalchemy.exc import SQLAlchemyError

        from rebracket_core.annotation import schema, statements

        if self._ready:
            return True
        try:
            with self._lock:
                if self._ready:
                    return True
                if self._engine is None:
                    file = self.file
                    if file is not None and not file.exists():
                        if not write:
                            return False
                        file.parent.mkdir(parents=True, exist_ok=True)
                    self._engine = new_engine(self.url)
                if not write and not schema.exists(self._engine):
                    return False
                if schema.is_old(self._engine):
                    options: dict[str, Any] = {_WRITES: True}
                    with self._engine.connect().execution_options(**options) as connection, connection.begin():
                        lock(connection, _SCHEMA_LOCK)
                        schema.upgrade(connection)
                statements.prepare(self._engine.dialect)
                self._ready = True
                return True
        except (SQLAlchemyError, OSError) as problem:
            raise store_error(problem, where=self.shown()) from problem

    def shown(self) -> str:
        """The database in words that hold no password."""
        return str(self.file or self.url.render_as_string(hide_password=True))


def lock(connection: Connection, *keys: int | str) -> None:
    """Nothing; on PostgreSQL the advisory locks of these keys are held until the transaction ends, in the order given."""
    import zlib

    import sqlalchemy as sa

    if connection.dialect.name == "postgresql":
        for key in keys:
            number = key if isinstance(key, int) else zlib.crc32(key.encode()) + 8_000_000_000
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.cast(number, sa.BigInteger))))


def lock_events(connection: Connection) -> None:
    """Nothing; until the transaction ends no other one appends events, so that their numbers follow their commits."""
    lock(connection, _EVENTS_LOCK)


def new_engine(url: URL) -> Engine:
    """An engine for `url`: for SQLite with WAL, foreign keys, and BEGIN IMMEDIATE for writers."""
    import sqlalchemy as sa

    if url.get_backend_name() != "sqlite":
        try:
            return sa.create_engine(url, json_serializer=_dumps, pool_pre_ping=True)
        except ImportError as problem:
            raise MissingExtraError("postgres", what=f"The database {url.drivername}") from problem
    options: dict[str, Any] = {}
    if not url.database or ":memory:" in url.database:
        options = {"poolclass": sa.StaticPool, "connect_args": {"check_same_thread": False}}
    engine = sa.create_engine(url, json_serializer=_dumps, **options)

    @sa.event.listens_for(engine, "connect")
    def _prepare(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None  # the driver must not begin transactions by itself
        dbapi_connection.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT_S * 1000)}").close()
        (mode,) = dbapi_connection.execute("PRAGMA journal_mode=WAL").fetchone()
        for pragma in ("foreign_keys=ON", f"synchronous={'NORMAL' if mode == 'wal' else 'FULL'}", "busy_timeout=0",
                       f"wal_autocheckpoint={_LOG_PAGES}"):
            dbapi_connection.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        _wait_for_turn(connection.connection.dbapi_connection, "BEGIN IMMEDIATE" if options.get(_WRITES, False) else "BEGIN",
                       patience_s=_SOON_S if options.get(_SOON, False) else _LATER_S)

    return engine


def _wait_for_turn(driver: Any, words: str, *, patience_s: float) -> None:
    """Nothing; the transaction has begun. Who has waited longer or has less patience asks more often: turns go nearly in
    order, and what a person waits for goes before what is sent in the background."""
    import sqlite3

    began = time.monotonic()
    while True:
        try:
            driver.execute(words).close()
            return
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem) or time.monotonic() > began + BUSY_TIMEOUT_S:
                raise
        waited = (time.monotonic() - began) / patience_s
        time.sleep(max(_SHORTEST_S, patience_s / (1 + waited * waited)))


def _worth_another_try(problem: Exception) -> bool:
    """Whether the same transaction may pass next time: a deadlock, a lost race for a row, or a busy SQLite file."""
    from sqlalchemy.exc import DBAPIError, IntegrityError

    if not isinstance(problem, DBAPIError):
        return False
    said = problem.orig.args[0] if problem.orig is not None and problem.orig.args else ""
    code = said.get("C", "") if isinstance(said, dict) else ""
    if isinstance(problem, IntegrityError):
        return code == "23505"
    return code in ("40P01", "40001") or (isinstance(said, str) and "locked" in said)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, sort_keys=True)


def store_error(problem: Exception, *, where: str) -> StoreError:
    """The StoreError that says what to do about what the database or the disk answered."""
    orig = getattr(problem, "orig", None) or problem
    told = orig.args[0].get("M") if orig.args and isinstance(orig.args[0], dict) else orig
    said = (str(told).strip().splitlines() or [type(problem).__name__])[0]
    cases = (
        (("locked", "busy"), "another program holds it; close that program or try again"),
        (("readonly", "read-only", "permission", "unable to open", "access", "no such file", "a directory", "exists"),
         "make the folder writable, or set REBRACKET_HOME or REBRACKET_DB to one that is"),
        (("full", "no space"), "free disk space, then run it again"),
        (("not a database", "malformed"), "run: rebracket doctor, and put back the latest backup"),
        (("connect", "refused", "timeout", "authentication", "host"),
         "check that the database server runs and that REBRACKET_DB names it"),
    )
    hints = (advice for words, advice in cases if any(word in said.lower() for word in words))
    return StoreError("The labels' database refused.", found=said.rstrip("."), expected="a database that answers",
                      hint=next(hints, "see the message and try again"), where=where)
