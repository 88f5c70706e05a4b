"""The store of one room's tables: one engine, short transactions, and a schema that is brought up to date on first write.

Through SQLAlchemy Core alone.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rebracket_core.database.checkpoint import written
from rebracket_core.database.engine import new_engine, parsed_url, put_on_disk, refused, shown, sqlite_file, transaction
from rebracket_core.database.migrations import Schema
from rebracket_core.database.read_only import cannot_open, read_only_engine
from rebracket_core.errors import StoreError
from rebracket_core.files import make_folder

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL, Connection

_SCHEMA_LOCK = 7_220_002
_TRIES = 4
T = TypeVar("T")
E = TypeVar("E")


class Store:
    """Transactions on one database. Safe to share between threads. Nothing is created before the first write.

    Args:
        database_url: any SQLAlchemy URL.
        schema: the tables that it opens.
        functions: SQL functions of one value for SQLite, by name.
    """

    def __init__(self, database_url: str, schema: Schema, *, functions: Mapping[str, Callable[..., Any]] | None = None) -> None:
        self._url_text = database_url
        self._schema = schema
        self._functions = functions
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._readable = self._writable = False
        self._new_log = True

    @cached_property
    def url(self) -> URL:
        """The address, parsed; a StoreError where it is none."""
        return parsed_url(self._url_text)

    @cached_property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite one."""
        return self.url.get_backend_name() == "sqlite"

    @cached_property
    def file(self) -> Path | None:
        """The file of a SQLite database; None for others and for one in memory."""
        return sqlite_file(self.url)

    def read(self, work: Callable[[Connection], T], *, empty: E) -> T | E:
        """What `work` returns over one consistent view; `empty` where nothing was ever written.

        On a disk that takes nothing it is read as it stands; see `read_only`.
        """
        try:
            if not self._opened(write=False):
                return empty
            return self._run(work, write=False, soon=True)
        except StoreError as refusal:
            if self.file is None or not self.file.exists() or not cannot_open(refusal.__cause__ or refusal):
                raise
            self.close()
            return self._read_as_it_stands(work, empty=empty, refusal=refusal)

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
        if self.file is not None:
            written(self.file)
        return done

    def close(self) -> None:
        """Close every connection. The store opens them again on next use."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine, self._new_log = None, True
            self._readable = self._writable = False

    def _read_as_it_stands(self, work: Callable[[Connection], T], *, empty: E, refusal: StoreError) -> T | E:
        """The same where the disk takes nothing. Raises `refusal` for tables that would have to be brought up to date first."""
        from sqlalchemy.exc import SQLAlchemyError

        assert self.file is not None
        try:
            with read_only_engine(self.file, functions=self._functions or {}) as engine:
                if not self._schema.exists(engine):
                    return empty
                if self._schema.is_old(engine):
                    raise refusal
                if self._schema.prepare is not None:
                    self._schema.prepare(engine.dialect)
                with engine.connect() as connection, connection.begin():
                    return work(connection)
        except (SQLAlchemyError, sqlite3.Error, OSError) as problem:
            raise self._refused(problem, write=False) from problem

    def _put_on_disk(self) -> None:
        if not self.is_sqlite or self.file is None:
            return
        try:
            put_on_disk(self.file, new_log=self._new_log)
            self._new_log = False
        except OSError as problem:
            raise self._refused(problem, write=True) from problem

    def _run(self, work: Callable[[Connection], T], *, write: bool, soon: bool) -> T:
        from sqlalchemy.exc import SQLAlchemyError

        assert self._engine is not None
        options: dict[str, Any] = {}
        if not write and not self.is_sqlite:
            options["isolation_level"] = "REPEATABLE READ"
        for attempt in range(_TRIES):
            try:
                with transaction(self._engine, write=write, soon=soon, **options) as connection:
                    return work(connection)
            except (SQLAlchemyError, OSError) as problem:
                if attempt == _TRIES - 1 or not _worth_another_try(problem):
                    raise self._refused(problem, write=write) from problem
                time.sleep(random.uniform(0.005, 0.02) * (attempt + 1))
        raise AssertionError("unreachable")

    def _refused(self, problem: Exception, *, write: bool) -> StoreError:
        message = self._schema.cannot_write if write else self._schema.cannot_read
        return refused(problem, message=message, where=self.shown())

    def _opened(self, *, write: bool) -> bool:
        """Whether the schema is there and new enough; a write brings it there."""
        from sqlalchemy.exc import SQLAlchemyError

        if self._writable or (self._readable and not write):
            return True
        try:
            with self._lock:
                if not self._connected(write=write):
                    return False
                assert self._engine is not None
                if not write and not self._schema.exists(self._engine):
                    return False
                # Tables without a revision are readable as they are: a home may be read-only.
                if self._schema.is_old(self._engine) or (write and self._schema.is_unstamped(self._engine)):
                    with transaction(self._engine, write=True) as connection:
                        lock(connection, _SCHEMA_LOCK)
                        self._schema.upgrade(connection)
                if self._schema.prepare is not None and not self._readable:
                    self._schema.prepare(self._engine.dialect)
                self._readable, self._writable = True, self._writable or write
                return True
        except (SQLAlchemyError, OSError) as problem:
            raise self._refused(problem, write=write) from problem

    def _connected(self, *, write: bool) -> bool:
        """Whether there is an engine; for a read none is made where the file is not there."""
        if self._engine is None:
            file = self.file
            if file is not None and not file.exists():
                if not write:
                    return False
                make_folder(file.parent)
            self._engine = new_engine(self.url, functions=self._functions)
        return True

    def shown(self) -> str:
        """The database in words that hold no password."""
        return shown(self.url)


def lock(connection: Connection, *keys: int | str) -> None:
    """Hold, on PostgreSQL, the advisory locks of these keys until the transaction ends, taken in the order given."""
    import zlib

    import sqlalchemy as sa

    if connection.dialect.name == "postgresql":
        for key in keys:
            number = key if isinstance(key, int) else zlib.crc32(key.encode()) + 8_000_000_000
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.cast(number, sa.BigInteger))))


def _worth_another_try(problem: Exception) -> bool:
    """Whether the same transaction may pass next time: a deadlock, a lost race for a row, or a busy SQLite file."""
    from sqlalchemy.exc import DBAPIError, IntegrityError

    if not isinstance(problem, DBAPIError) or str(problem.statement).startswith("BEGIN"):
        return False  # the turn itself was waited for long enough
    answer = problem.orig.args[0] if problem.orig is not None and problem.orig.args else ""
    code = answer.get("C", "") if isinstance(answer, dict) else ""
    if isinstance(problem, IntegrityError):
        return code == "23505"
    return code in ("40P01", "40001") or (isinstance(answer, str) and "locked" in answer)
