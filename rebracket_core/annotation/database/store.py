"""The database behind annotation: one engine, short transactions, and a schema that is brought up to date on first write.

PostgreSQL uses row locks (SKIP LOCKED) and advisory locks. Through SQLAlchemy Core alone.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rebracket_core.database.engine import new_engine, parsed_url, put_on_disk, refused, shown, sqlite_file, transaction
from rebracket_core.files import make_folder

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL, Connection

_EVENTS_LOCK, _SCHEMA_LOCK = 7_220_001, 7_220_002
_MESSAGE = "The labels' database refused."
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
        if not self.is_sqlite or self.file is None:
            return
        try:
            put_on_disk(self.file, new_log=self._new_log)
            self._new_log = False
        except OSError as problem:
            raise refused(problem, message=_MESSAGE, where=self.shown()) from problem

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
                    raise refused(problem, message=_MESSAGE, where=self.shown()) from problem
                time.sleep(random.uniform(0.005, 0.02) * (attempt + 1))
        raise AssertionError("unreachable")

    def _opened(self, *, write: bool) -> bool:
        """Whether the schema is there and new enough; a write brings it there."""
        from sqlalchemy.exc import SQLAlchemyError

        from rebracket_core.annotation.database import schema, statements

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
                        make_folder(file.parent)
                    self._engine = new_engine(self.url)
                if not write and not schema.exists(self._engine):
                    return False
                if schema.is_old(self._engine):
                    with transaction(self._engine, write=True) as connection:
                        lock(connection, _SCHEMA_LOCK)
                        schema.upgrade(connection)
                statements.prepare(self._engine.dialect)
                self._ready = True
                return True
        except (SQLAlchemyError, OSError) as problem:
            raise refused(problem, message=_MESSAGE, where=self.shown()) from problem

    def shown(self) -> str:
        """The database in words that hold no password."""
        return shown(self.url)


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


def _worth_another_try(problem: Exception) -> bool:
    """Whether the same transaction may pass next time: a deadlock, a lost race for a row, or a busy SQLite file."""
    from sqlalchemy.exc import DBAPIError, IntegrityError

    if not isinstance(problem, DBAPIError) or str(problem.statement).startswith("BEGIN"):
        return False  # the turn itself was waited for long enough
    said = problem.orig.args[0] if problem.orig is not None and problem.orig.args else ""
    code = said.get("C", "") if isinstance(said, dict) else ""
    if isinstance(problem, IntegrityError):
        return code == "23505"
    return code in ("40P01", "40001") or (isinstance(said, str) and "locked" in said)
