"""The schema of the labels' tables."""

from __future__ import annotations

from pathlib import Path

from rebracket_core.annotation.database.tables import metadata
from rebracket_core.database import Schema, Store, prepare

_REFUSED = "The labels' database refused."

LABELS = Schema(
    what="labels",
    versions="annotation_alembic",
    revisions=("0001", "0002"),
    folder=Path(__file__).parent / "migrations" / "versions",
    metadata=metadata,
    cannot_read=_REFUSED,
    cannot_write=_REFUSED,
    prepare=prepare,
)
"""People's labels: `annotation_*`."""


def labels_store(database_url: str) -> Store:
    """The store of the labels of a database."""
    return Store(database_url, LABELS)
