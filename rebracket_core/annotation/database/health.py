"""Whether a database of labels is sound."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rebracket_core.annotation.database.schema import labels_store
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.session import LabelSession

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class LabelsHealth:
    """What was found: counts, leases held by people who are not active any more, differences of tables and events."""

    n_projects: int = 0
    n_labels: int = 0
    n_leases: int = 0
    n_orphans: int = 0
    differences: tuple[str, ...] = ()


def examine_labels(database_url: str) -> LabelsHealth:
    """The state of the labels of a database; nothing is created where there are none."""
    import sqlalchemy as sa

    store = labels_store(database_url)
    session = LabelSession(store, time.time)

    def read(connection: Connection) -> LabelsHealth:
        t = tables()

        def count(*where: sa.ColumnElement[bool], table: sa.FromClause) -> int:
            return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())

        leased = [~t.slots.c.done, t.slots.c.until_ms >= session.now_ms()]
        active = sa.select(t.people.c.person_id).where(t.people.c.active)
        return LabelsHealth(
            n_projects=count(table=t.projects),
            n_labels=count(table=t.labels),
            n_leases=count(*leased, table=t.slots),
            n_orphans=count(*leased, t.slots.c.person.not_in(active), table=t.slots),
        )

    try:
        found = store.read(read, empty=LabelsHealth())
        return LabelsHealth(
            found.n_projects, found.n_labels, found.n_leases, found.n_orphans, tuple(check_consistency(session))
        )
    finally:
        store.close()
