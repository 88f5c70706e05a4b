"""The database behind annotation: one engine, short transactions, and a schema that is brought up to date on first write.

SQLite waits for its turn without an error: writers begin with BEGIN IMMEDIATE, in WAL mode. PostgreSQL uses row locks
(SKIP LOCKED) and advisory locks. Through SQLAlchemy Core alone.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rebracket_core.errors import MissingExtraError, StoreError

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL, Connection

BUSY_TIMEOUT_S = 20.0
_TURN_S = 0.0015  # SQLite's own busy handler sleeps up to 100 ms at a time; a write here takes about a millisecond
_EVENTS_LOCK, _SCHEMA_LOCK = 7_220_001, 7_220_002
_WRITES, _DURABLE = "rebracket_writes", "rebracket_durable"
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

    @property
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

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite one."""
        return self.url.get_backend_name() == "sqlite"

    @property
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
        return self._run(work, write=False, durable=False)

    def write(self, work: Callable[[Connection], T], *, durable: bool = True) -> T:
        """What `work` returns, in one transaction that is on disk when this returns (`durable`), whole or not at all.

        `work` may be called again where the database asks for another try.
        """
        self._opened(write=True)
        return self._run(work, write=True, durable=durable)

    def close(self) -> None:
        """Nothing; every connection is closed. The store opens again on next use."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine, self._ready = None, False

    def _run(self, work: Callable[[Connection], T], *, write: bool, durable: bool) -> T:
        from sqlalchemy.exc import SQLAlchemyError

        assert self._engine is not None
        options: dict[str, Any] = {_WRITES: write, _DURABLE: durable}
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

        from rebracket_core.annotation import schema

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
                    options: dict[str, Any] = {_WRITES: True, _DURABLE: True}
                    with self._engine.connect().execution_options(**options) as connection, connection.begin():
                        lock(connection, _SCHEMA_LOCK)
                        schema.upgrade(connection)
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
        for pragma in (f"busy_timeout={int(BUSY_TIMEOUT_S * 1000)}", "journal_mode=WAL", "foreign_keys=ON",
                       "busy_timeout=0"):
            dbapi_connection.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        driver = connection.connection.dbapi_connection
        assert driver is not None
        durable = "FULL" if options.get(_DURABLE, True) else "NORMAL"
        driver.execute(f"PRAGMA synchronous={durable}").close()  # type: ignore[attr-defined]
        _wait_for_turn(driver, "BEGIN IMMEDIATE" if options.get(_WRITES, False) else "BEGIN")

    return engine


def _wait_for_turn(driver: Any, words: str) -> None:
    """Nothing; the transaction has begun. Waiters ask again every millisecond or so, which is fairer than SQLite's way."""
    import sqlite3

    end = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            driver.execute(words).close()
            return
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem) or time.monotonic() > end:
                raise
        time.sleep(random.uniform(0.2, 1.0) * _TURN_S)


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
