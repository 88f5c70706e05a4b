"""One table of a database: opened when it is first needed, one transaction a piece of work, errors that say what to do.

SQLite by default, any SQLAlchemy URL for a team. SQLAlchemy is imported on first use: importing this module is light.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rebracket_core.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Engine, Table
    from sqlalchemy.engine import URL, Connection

BUSY_TIMEOUT_S = 10.0
FOLD = "rebracket_fold"
_WRITES = "rebracket_writes"
T = TypeVar("T")


class KeptTable:
    """A table of one database; safe to share between threads. Nothing is created before the first write.

    `table` gives the table and is asked late; `what` is what it holds, for errors: "history".
    """

    def __init__(self, database_url: str, *, table: Callable[[], Table], what: str) -> None:
        self._url_text = database_url
        self._table, self._what = table, what
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._has_table = False

    def run(self, work: Callable[[Connection], T], *, write: bool) -> T | None:
        """What `work` returns inside one transaction; None for a read where nothing was ever kept."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            engine = self.opened(write=write)
            if engine is None:
                return None
            options: dict[str, Any] = {_WRITES: write}
            with engine.connect().execution_options(**options) as connection, connection.begin():
                return work(connection)
        except (SQLAlchemyError, OSError) as problem:
            raise _store_error(problem, where=self._shown(), write=write, what=self._what) from problem

    def opened(self, *, write: bool) -> Engine | None:
        """The engine with the table in place; None for a read where nothing was ever kept."""
        import sqlalchemy as sa

        url = self.url()
        with self._lock:
            file = _sqlite_file(url)
            if self._engine is None:
                if file is not None:
                    if not file.exists() and not write:
                        return None
                    file.parent.mkdir(parents=True, exist_ok=True)
                self._engine = _new_engine(url)
            if not self._has_table:
                if not write and not sa.inspect(self._engine).has_table(self._table().name):
                    return None
                if write:
                    options: dict[str, Any] = {_WRITES: True}
                    with self._engine.connect().execution_options(**options) as connection, connection.begin():
                        self._table().metadata.create_all(connection)
                self._has_table = True
            return self._engine

    def url(self) -> URL:
        """The address of the database. Raises StoreError for one that cannot be read."""
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

    def _shown(self) -> str:
        url = self.url()
        return str(_sqlite_file(url) or url.render_as_string(hide_password=True))

    def close(self) -> None:
        """Nothing; every connection is closed. The table opens again on next use."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine, self._has_table = None, False


def _new_engine(url: URL) -> Engine:
    """An engine for `url`: for SQLite with WAL, a busy timeout and BEGIN IMMEDIATE for writers."""
    import sqlalchemy as sa

    if url.get_backend_name() != "sqlite":
        try:
            return sa.create_engine(url, json_serializer=_dumps, pool_pre_ping=True)
        except ImportError as problem:
            raise StoreError(
                "The driver of the database is not installed.", expected=f"the package for {url.drivername}",
                found=str(problem),
                hint="install it (for PostgreSQL: pip install 'rebracket[postgres]') or unset REBRACKET_DB",
            ) from problem
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_TIMEOUT_S}}
    if _sqlite_file(url) is None:
        options = {"poolclass": sa.StaticPool, "connect_args": {"check_same_thread": False}}
    engine = sa.create_engine(url, json_serializer=_dumps, **options)

    @sa.event.listens_for(engine, "connect")
    def _prepare(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None  # the driver must not begin transactions by itself
        dbapi_connection.create_function(FOLD, 1, _fold, deterministic=True)
        dbapi_connection.execute("PRAGMA journal_mode=WAL").close()
        dbapi_connection.execute("PRAGMA synchronous=NORMAL").close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _sqlite_file(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or not url.database or ":memory:" in url.database:
        return None
    return Path(url.database)


def _fold(text: str | None) -> str | None:
    return text.casefold() if isinstance(text, str) else text


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def storable(text: object) -> str:
    """The text without what databases refuse: NUL and half surrogate pairs."""
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", str(text or ""))


def finite(value: Any) -> Any:
    """The value with plain Python numbers, None in the place of NaN and infinity, at any depth."""
    if isinstance(value, Mapping):
        return {str(name): finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(part) for part in value]
    if isinstance(value, float):
        return float(value) if value - value == 0.0 else None
    return value.item() if hasattr(value, "item") else value


def _store_error(problem: Exception, *, where: str, write: bool, what: str) -> StoreError:
    """The StoreError that says what to do about what the database or the disk answered."""
    said = str(getattr(problem, "orig", None) or problem).strip().splitlines() or [type(problem).__name__]
    low = said[0].lower()
    cases = (
        (("locked", "busy"), "another program holds it; close that program or try again"),
        (("readonly", "read-only", "permission", "unable to open", "access", "no such file", "a directory", "exists"),
         "make the folder writable, or set REBRACKET_HOME or REBRACKET_DB to one that is"),
        (("full", "no space"), "free disk space, then run it again"),
        (("not a database", "malformed", "no such column", "has no column"),
         "move this file away (keep a copy); a new one is made on the next run"),
        (("connect", "refused", "timeout", "authentication", "host"),
         "check that the database server runs and that REBRACKET_DB names it"),
    )
    hints = (advice for words, advice in cases if any(word in low for word in words))
    hint = next(hints, "see the message and try again")
    return StoreError(f"The {what} cannot be {'written' if write else 'read'}.", found=said[0].rstrip("."), hint=hint,
                      expected="a database that answers", where=where)
