"""Every verdict that was given, kept in a database and found again.

SQLite by default, any SQLAlchemy URL for a team. SQLAlchemy is imported on first use: importing this module is light.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from rebracket_core.database import FOLD, Schema, Store, finite, fold, log_bytes, storable_text
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Select, Table

MAX_SEARCH_CHARS = 10_000


class HistoryFilters(TypedDict, total=False):
    """What `History.search` and `History.count` filter by: a part of the text, and words that a field may have."""

    text: str
    verdict: str | Collection[str] | None
    album: str | Collection[str] | None
    run_id: str | Collection[str] | None


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
        self._store = Store(database_url, HISTORY, functions={FOLD: fold})

    def add(self, verdicts: Iterable[Mapping[str, Any]], *, source: str = "", durable: bool = False) -> int:
        """The number of verdicts that were kept, all in one transaction: all of them or none.

        `verdicts` are dicts of `Verdict.to_dict()`. Those with an `error` are no verdicts and are left out. `source`
        stands in for verdicts that name none. With `durable` they are on the disk when this returns; without, a loss of power
        (not the end of this process) may take them back. Raises StoreError when the database refuses.
        """
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        rows = [_row(verdict, at=at, source=source) for verdict in verdicts if not verdict.get("error")]
        if rows:
            self._store.write(lambda connection: connection.execute(_table().insert(), rows), durable=durable)
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
            raise InputError(
                "A page of the history needs a place.",
                expected="limit and offset of 0 or more",
                found=f"limit {limit}, offset {offset}",
                hint="start at 0",
            )
        table = _table()
        query = self._filtered(sa.select(table), text=text, verdict=verdict, album=album, run_id=run_id)
        query = query.order_by(table.c.entry_id.desc()).limit(limit).offset(offset)
        rows = self._store.read(lambda connection: connection.execute(query).mappings().all(), empty=None)
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
        return int(self._store.read(lambda connection: connection.execute(query).scalar_one(), empty=None) or 0)

    def get(self, entry_id: str | int) -> HistoryEntry:
        """The entry of this id; an id that does not exist is an InputError."""
        import sqlalchemy as sa

        row = None
        if str(entry_id).isdecimal() and len(str(entry_id)) < 18:
            query = sa.select(_table()).where(_table().c.entry_id == int(entry_id))
            row = self._store.read(lambda connection: connection.execute(query).mappings().first(), empty=None)
        if row is None:
            raise InputError(
                "There is no such entry in the history.",
                expected="the id of a kept verdict",
                found=repr(entry_id),
                hint="search the history for its id",
            )
        return _entry(dict(row))

    def check(self) -> str:
        """The database in words ("SQLite, 12 verdicts"), after a write lock was taken and given back.

        Raises StoreError where it cannot be opened or written.
        """
        import sqlalchemy as sa

        every = sa.select(sa.func.count()).select_from(_table())
        kept = self._store.write(lambda connection: connection.execute(every).scalar_one(), durable=False)
        url = self._store.url
        name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(url.get_backend_name(), url.get_backend_name())
        return f"{name}, {kept} verdict{'' if kept == 1 else 's'} kept"

    @property
    def log_bytes(self) -> int:
        """How much of the database stands in SQLite's log alone, in bytes; 0 for other databases."""
        return log_bytes(self._store.file) if self._store.file is not None else 0

    def close(self) -> None:
        """Close every connection. The history opens them again on next use."""
        self._store.close()

    def _filtered(self, query: Select[Any], *, text: str, **filters: str | Collection[str] | None) -> Select[Any]:
        import sqlalchemy as sa

        table = _table()
        needle = storable_text(text).strip()
        if len(needle) > MAX_SEARCH_CHARS:
            raise InputError(
                "The search text is too long.",
                expected=f"at most {MAX_SEARCH_CHARS} characters",
                found=f"{len(needle)} characters",
                hint="search for a part of it",
            )
        if needle:
            sqlite = self._store.url.get_backend_name() == "sqlite"
            folded = getattr(sa.func, FOLD)(table.c.text) if sqlite else sa.func.lower(table.c.text)
            query = query.where(folded.contains(needle.casefold() if sqlite else needle.lower(), autoescape=True))
        for name, wanted in filters.items():
            if wanted is not None:
                query = query.where(table.c[name].in_([wanted] if isinstance(wanted, str) else list(wanted)))
        return query


def _metadata() -> MetaData:
    return _table().metadata


HISTORY = Schema(
    what="verdicts of the history",
    versions="history_alembic",
    revisions=("0001",),
    folder=Path(__file__).parent / "migrations" / "versions",
    metadata=_metadata,
    adopts="validations",
    cannot_read="The history cannot be read.",
    cannot_write="The history cannot be written.",
)
"""The stored verdicts: `validations`."""


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


def _row(verdict: Mapping[str, Any], *, at: str, source: str) -> dict[str, Any]:
    document = finite(verdict)
    words = {name: storable_text(document.get(name)) for name in ("run_id", "text", "verdict", "reason", "album")}
    return {
        **words,
        "at": at,
        "source": storable_text(document.get("source") or source),
        "album_probability": document.get("album_probability"),
        "expected_album": document.get("expected_album"),
        "document": document,
    }


def _entry(row: Mapping[str, Any]) -> HistoryEntry:
    return HistoryEntry(str(row["entry_id"]), row["at"], row["source"], row["run_id"], row["document"])
