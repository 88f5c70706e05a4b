"""Databases behind the workbench: addresses, engines, transactions, and what to do where one refuses.

SQLite waits for its turn without an error: writers begin with BEGIN IMMEDIATE, in WAL mode. Any SQLAlchemy URL for a team.
SQLAlchemy is imported on first use: importing this module is light.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import MissingExtraError, StoreError

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL, Connection

BUSY_TIMEOUT_S = 20.0
_TURN_S = 0.0015  # SQLite's own busy handler sleeps up to 100 ms at a time; a write here takes about a millisecond
_WRITES, _DURABLE = "rebracket_writes", "rebracket_durable"


def parsed_url(text: str) -> URL:
    """The address, parsed; a StoreError where it is none."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError(
            "The address of the database cannot be read.", found="no SQLAlchemy URL",
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
def transaction(engine: Engine, *, write: bool, durable: bool = True, **options: Any) -> Iterator[Connection]:
    """A connection in one transaction, on disk at the end (`durable`), whole or not at all; `options` are SQLAlchemy's."""
    marks: dict[str, Any] = {_WRITES: write, _DURABLE: durable, **options}
    with engine.connect().execution_options(**marks) as connection, connection.begin():
        yield connection


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
                "The driver of the database is not installed.", expected=f"the package for {url.drivername}",
                found=str(problem), hint="install it, or unset REBRACKET_DB",
            ) from problem
    options: dict[str, Any] = {}
    if sqlite_file(url) is None:
        options = {"poolclass": sa.StaticPool, "connect_args": {"check_same_thread": False}}
    engine = sa.create_engine(url, json_serializer=_dumps, **options)

    @sa.event.listens_for(engine, "connect")
    def _prepare(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None  # the driver must not begin transactions by itself
        for pragma in (f"busy_timeout={int(BUSY_TIMEOUT_S * 1000)}", "journal_mode=WAL", "foreign_keys=ON",
                       "busy_timeout=0"):
            dbapi_connection.execute(f"PRAGMA {pragma}").close()
        for name, function in (functions or {}).items():
            dbapi_connection.create_function(name, 1, function, deterministic=True)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        driver = connection.connection.dbapi_connection
        assert driver is not None
        durable = "FULL" if options.get(_DURABLE, True) else "NORMAL"
        driver.execute(f"PRAGMA synchronous={durable}").close()  # type: ignore[attr-defined]
        words = "BEGIN IMMEDIATE" if options.get(_WRITES, False) else "BEGIN"
        if not _had_turn(driver, words):
            connection.exec_driver_sql(words)  # once more, so that the refusal comes as SQLAlchemy's

    return engine


def _had_turn(driver: Any, words: str) -> bool:
    """Whether the transaction has begun in time. Waiters ask again every millisecond or so, fairer than SQLite's own way."""
    import sqlite3

    end = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            driver.execute(words).close()
            return True
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem) or time.monotonic() > end:
                return False
        time.sleep(random.uniform(0.2, 1.0) * _TURN_S)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, sort_keys=True)


def refused(problem: Exception, *, message: str, where: str) -> StoreError:
    """The StoreError that says what to do about what the database or the disk answered."""
    orig = getattr(problem, "orig", None) or problem
    told = orig.args[0].get("M") if orig.args and isinstance(orig.args[0], dict) else orig
    said = (str(told).strip().splitlines() or [type(problem).__name__])[0]
    cases = (
        (("locked", "busy"), "another program holds it; close that program or try again"),
        (("readonly", "read-only", "permission", "unable to open", "access", "no such file", "a directory", "exists"),
         "make the folder writable, or set REBRACKET_HOME or REBRACKET_DB to one that is"),
        (("full", "no space"), "free disk space, then run it again"),
        (("not a database", "malformed", "no such column", "has no column"),
         "run: rebracket doctor, and put back the latest backup, or move this file away (keep a copy) to begin anew"),
        (("connect", "refused", "timeout", "authentication", "host"),
         "check that the database server runs and that REBRACKET_DB names it"),
    )
    hints = (advice for words, advice in cases if any(word in said.lower() for word in words))
    return StoreError(message, found=said.rstrip("."), expected="a database that answers",
                      hint=next(hints, "see the message and try again"), where=where)
