"""Every verdict that was given, kept in a database and found again.

SQLite by default, any SQLAlchemy URL for a team. SQLAlchemy is imported on first use: importing this module is light.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rebracket_core.errors import InputError, StoreError

if TYPE_CHECKING:
    from sqlalchemy import Engine, Select, Table
    from sqlalchemy.engine import URL, Connection

BUSY_TIMEOUT_S = 10.0
MAX_SEARCH_CHARS = 10_000
_WRITES = "rebracket_writes"
_FOLD = "rebracket_fold"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One kept verdict: its id, when it was given (UTC, ISO 8601), from where, by which run, and the whole verdict."""

    entry_id: str
    at: str
    source: str
    run_id: str
    verdict: dict[str, Any]


class History:
    """The kept verdicts of one database; safe to share between threads. Nothing is created before the first write."""

    def __init__(self, database_url: str) -> None:
        self._url_text = database_url
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._has_table = False

    def keep(self, verdicts: Iterable[Mapping[str, Any]], *, source: str = "") -> int:
        """The number of verdicts that were kept, all in one transaction: all of them or none.

        `verdicts` are dicts of `Verdict.to_dict()`. Those with an `error` are no verdicts and are left out. `source`
        stands in for verdicts that name none. Raises StoreError when the database refuses.
        """
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        rows = [_row(verdict, at=at, source=source) for verdict in verdicts if not verdict.get("error")]
        if rows:
            self._run(lambda connection: connection.execute(_table().insert(), rows), write=True)
        return len(rows)

    def search(
        self,
        text: str = "",
        *,
        verdict: str | Collection[str] | None = None,
        album: str | Collection[str] | None = None,
        run_id: str | Collection[str] | None = None,
        limit: int = 200,
        offset: int = 0,
    ) -> list[HistoryEntry]:
        """The entries that hold `text` (any case, taken literally) and pass every filter, newest first.

        A filter is one word or several; None lets everything pass. Raises InputError for a search text that is too long
        or a negative limit or offset, StoreError when the database refuses.
        """
        import sqlalchemy as sa

        if limit < 0 or offset < 0:
            raise InputError("A page of the history needs a place.", expected="limit and offset of 0 or more",
                             found=f"limit {limit}, offset {offset}", hint="start at 0")
        table = _table()
        query = self._filtered(sa.select(table), text=text, verdict=verdict, album=album, run_id=run_id)
        query = query.order_by(table.c.entry_id.desc()).limit(limit).offset(offset)
        rows = self._run(lambda connection: connection.execute(query).mappings().all(), write=False)
        return [_entry(dict(row)) for row in rows or ()]

    def count(
        self,
        text: str = "",
        *,
        verdict: str | Collection[str] | None = None,
        album: str | Collection[str] | None = None,
        run_id: str | Collection[str] | None = None,
    ) -> int:
        """The number of entries that `search` would find with the same filters and no limit."""
        import sqlalchemy as sa

        every = sa.select(sa.func.count()).select_from(_table())
        query = self._filtered(every, text=text, verdict=verdict, album=album, run_id=run_id)
        return int(self._run(lambda connection: connection.execute(query).scalar_one(), write=False) or 0)

    def get(self, entry_id: str | int) -> HistoryEntry:
        """The entry of this id; an id that does not exist is an InputError."""
        import sqlalchemy as sa

        row = None
        if str(entry_id).isdecimal() and len(str(entry_id)) < 18:
            query = sa.select(_table()).where(_table().c.entry_id == int(entry_id))
            row = self._run(lambda connection: connection.execute(query).mappings().first(), write=False)
        if row is None:
            raise InputError("There is no such entry in the history.", expected="the id of a kept verdict",
                             found=repr(entry_id), hint="search the history for its id")
        return _entry(dict(row))

    def check(self) -> str:
        """The database in words ("SQLite, 12 verdicts"), after a write lock was taken and given back.

        Raises StoreError where it cannot be opened or written.
        """
        import sqlalchemy as sa

        every = sa.select(sa.func.count()).select_from(_table())
        kept = self._run(lambda connection: connection.execute(every).scalar_one(), write=True)
        url = self._url()
        name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(url.get_backend_name(), url.get_backend_name())
        return f"{name}, {kept} verdict{'' if kept == 1 else 's'} kept"

    def close(self) -> None:
        """Nothing; every connection is closed. The history opens again on next use."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine, self._has_table = None, False

    def _filtered(self, query: Select[Any], *, text: str, **filters: str | Collection[str] | None) -> Select[Any]:
        import sqlalchemy as sa

        table = _table()
        needle = _storable(text).strip()
        if len(needle) > MAX_SEARCH_CHARS:
            raise InputError("The search text is too long.", expected=f"at most {MAX_SEARCH_CHARS} characters",
                             found=f"{len(needle)} characters", hint="search for a part of it")
        if needle:
            sqlite = self._url().get_backend_name() == "sqlite"
            folded = getattr(sa.func, _FOLD)(table.c.text) if sqlite else sa.func.lower(table.c.text)
            query = query.where(folded.contains(needle.casefold() if sqlite else needle.lower(), autoescape=True))
        for name, wanted in filters.items():
            if wanted is not None:
                query = query.where(table.c[name].in_([wanted] if isinstance(wanted, str) else list(wanted)))
        return query

    def _run(self, work: Callable[[Connection], T], *, write: bool) -> T | None:
        """What `work` returns inside one transaction; None for a read where nothing was ever kept."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            engine = self._opened(write=write)
            if engine is None:
                return None
            options: dict[str, Any] = {_WRITES: write}
            with engine.connect().execution_options(**options) as connection, connection.begin():
                return work(connection)
        except (SQLAlchemyError, OSError) as problem:
            raise _store_error(problem, where=self._shown(), write=write) from problem

    def _opened(self, *, write: bool) -> Engine | None:
        import sqlalchemy as sa

        url = self._url()
        with self._lock:
            file = _sqlite_file(url)
            if self._engine is None:
                if file is not None:
                    if not file.exists() and not write:
                        return None
                    file.parent.mkdir(parents=True, exist_ok=True)
                self._engine = _new_engine(url)
            if not self._has_table:
                if not write and not sa.inspect(self._engine).has_table(_table().name):
                    return None
                if write:
                    options: dict[str, Any] = {_WRITES: True}
                    with self._engine.connect().execution_options(**options) as connection, connection.begin():
                        _table().metadata.create_all(connection)
                self._has_table = True
            return self._engine

    def _url(self) -> URL:
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
        url = self._url()
        return str(_sqlite_file(url) or url.render_as_string(hide_password=True))


@lru_cache(maxsize=1)
def _table() -> Table:
    import sqlalchemy as sa

    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Table(
        "validations",
        sa.MetaData(),
        sa.Column("entry_id", number, primary_key=True, autoincrement=True),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("run_id", sa.String(200), nullable=False, index=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(40), nullable=False, index=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("album", sa.String(40), nullable=False, index=True),
        sa.Column("album_probability", sa.Float),
        sa.Column("expected_album", sa.String(40)),
        sa.Column("document", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )


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
        dbapi_connection.create_function(_FOLD, 1, _fold, deterministic=True)
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


def _storable(text: object) -> str:
    """The text without what databases refuse: NUL and half surrogate pairs."""
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", str(text or ""))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    if isinstance(value, float):
        return float(value) if value - value == 0.0 else None
    return value.item() if hasattr(value, "item") else value


def _row(verdict: Mapping[str, Any], *, at: str, source: str) -> dict[str, Any]:
    document = _finite(verdict)
    words = {name: _storable(document.get(name)) for name in ("run_id", "text", "verdict", "reason", "album")}
    return {
        **words,
        "at": at,
        "source": _storable(document.get("source") or source),
        "album_probability": document.get("album_probability"),
        "expected_album": document.get("expected_album"),
        "document": document,
    }


def _entry(row: Mapping[str, Any]) -> HistoryEntry:
    return HistoryEntry(str(row["entry_id"]), row["at"], row["source"], row["run_id"], row["document"])


def _store_error(problem: Exception, *, where: str, write: bool) -> StoreError:
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
    return StoreError(f"The history cannot be {'written' if write else 'read'}.", found=said[0].rstrip("."), hint=hint,
                      expected="a database that answers", where=where)
