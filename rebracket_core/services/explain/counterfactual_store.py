"""The store of counterfactuals: edits that once flipped an answer, kept to be tried on other runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.database import Schema, Store, finite, storable_text

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table
    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class StoredCounterfactual:
    """One saved counterfactual: the goal that it reached ("album=Green"), both texts, the edits in words, and its run.

    `entry_id` is made from goal and texts, so that the same counterfactual is saved once. `n_edits` counts words;
    `fluency` is that of `insight.explain.Counterfactual`.
    """

    entry_id: str
    at: str
    run_id: str
    goal: str
    text: str
    edited: str
    edits: tuple[str, ...]
    n_edits: int
    fluency: float | None


class CounterfactualStore:
    """The saved counterfactuals of one database; safe to share between threads. Nothing is created before the first write."""

    def __init__(self, database_url: str) -> None:
        self._store = Store(database_url, COUNTERFACTUALS)

    def add(self, counterfactuals: Sequence[Mapping[str, Any]]) -> int:
        """Save counterfactuals in one transaction and return how many of them are new.

        A counterfactual names run_id, goal, text, edited, edits (words) and fluency. Raises StoreError when the
        database refuses.
        """
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        rows = {row["entry_id"]: row for row in (_row(counterfactual, at=at) for counterfactual in counterfactuals)}

        def write(connection: Connection) -> int:
            import sqlalchemy as sa

            entry = _table().c.entry_id
            there = set(connection.execute(sa.select(entry).where(entry.in_(list(rows)))).scalars())
            fresh = [row for entry_id, row in rows.items() if entry_id not in there]
            if fresh:
                connection.execute(_table().insert(), fresh)
            return len(fresh)

        return int(self._store.write(write, durable=False) or 0) if rows else 0

    def all(self) -> list[StoredCounterfactual]:
        """Every saved counterfactual, oldest first."""
        import sqlalchemy as sa

        query = sa.select(_table()).order_by(_table().c.at, _table().c.entry_id)
        rows = self._store.read(lambda connection: connection.execute(query).mappings().all(), empty=None)
        return [_counterfactual(dict(row)) for row in rows or ()]

    def forget(self, entry_id: str) -> bool:
        """Whether there was such a flip; it is no longer kept."""
        import sqlalchemy as sa

        gone = sa.delete(_table()).where(_table().c.entry_id == entry_id)
        return bool(self._store.write(lambda connection: connection.execute(gone).rowcount, durable=False))

    def close(self) -> None:
        """Close every connection. The store opens them again on next use."""
        self._store.close()


def _metadata() -> MetaData:
    return _table().metadata


COUNTERFACTUALS = Schema(
    what="counterfactuals",
    versions="counterfactuals_alembic",
    revisions=("0001",),
    folder=Path(__file__).parent / "migrations" / "versions",
    metadata=_metadata,
    adopts="counterfactuals",
    cannot_read="The store of counterfactuals cannot be read.",
    cannot_write="The store of counterfactuals cannot be written.",
)
"""The stored counterfactuals: `counterfactuals`."""


@lru_cache(maxsize=1)
def _table() -> Table:
    import sqlalchemy as sa

    return sa.Table(
        "counterfactuals",
        sa.MetaData(),
        sa.Column("entry_id", sa.String(40), primary_key=True),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("run_id", sa.String(200), nullable=False),
        sa.Column("goal", sa.String(80), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("edited", sa.Text, nullable=False),
        sa.Column("edits", sa.JSON, nullable=False),
        sa.Column("fluency", sa.Float),
    )


def _row(counterfactual: Mapping[str, Any], *, at: str) -> dict[str, Any]:
    words = {name: storable_text(counterfactual[name]) for name in ("run_id", "goal", "text", "edited")}
    key = "\0".join((words["goal"], words["text"], words["edited"]))
    return {
        **words,
        "entry_id": hashlib.sha256(key.encode()).hexdigest()[:16],
        "at": at,
        "edits": [storable_text(edit) for edit in counterfactual["edits"]],
        "fluency": finite(counterfactual.get("fluency")),
    }


def _counterfactual(row: Mapping[str, Any]) -> StoredCounterfactual:
    edits = tuple(str(edit) for edit in row["edits"])
    return StoredCounterfactual(**{**row, "edits": edits, "n_edits": len(edits)})
