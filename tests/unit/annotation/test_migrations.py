"""The schema goes up and down, also on a database of the first revision that holds labels; what is unknown is refused."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from rebracket_core.annotation import LabelSession
from rebracket_core.annotation.database.schema import LABELS, labels_store
from rebracket_core.annotation.database.tables import PREFIX, metadata
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.projects import list_projects
from rebracket_core.annotation.queries import list_labels
from rebracket_core.annotation.queue.leases import claim_items
from rebracket_core.annotation.snapshots import list_snapshots, resolve_labels
from rebracket_core.database.store import Store
from rebracket_core.errors import StoreError
from tests.unit.annotation.conftest import answer

OLD = Path(__file__).parent / "old" / "revision_0001.sql"


def _names(store: Store) -> set[str]:
    return set(store.write(lambda c: sa.inspect(c).get_table_names()))


def test_the_migrations_lead_to_the_tables_of_the_code(database_url: str) -> None:
    store = labels_store(database_url)
    store.write(lambda c: None)
    options = {"version_table": LABELS.versions}
    assert store.write(lambda c: compare_metadata(MigrationContext.configure(c, opts=options), metadata())) == []
    store.close()


def test_down_to_nothing_and_up_again(database_url: str) -> None:
    store = labels_store(database_url)
    wanted = {name for name in metadata().tables}
    store.write(lambda c: None)
    assert wanted <= _names(store)
    for step in ("0001", "base"):
        store.write(partial(LABELS.downgrade, to=step))
    assert not {name for name in _names(store) if name.startswith(PREFIX)} - {LABELS.versions}
    store.write(lambda c: LABELS.upgrade(c))
    assert wanted <= _names(store)
    store.close()


@pytest.fixture
def old_database(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(OLD.read_text(encoding="utf-8"))
    connection.close()
    return path


def _content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(path) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            n: sorted(connection.execute(f"SELECT * FROM {n}").fetchall(), key=repr)
            for n in names
            if n.startswith(PREFIX) and n != LABELS.versions
        }
    connection.close()
    return found


def test_a_stored_old_database_is_brought_up_and_works_on(old_database: Path) -> None:
    session = LabelSession.open(f"sqlite:///{old_database}")
    assert check_consistency(session) == []
    (project,) = list_projects(session)
    assert sorted(label.annotator for label in list_labels(session, project.project_id)) == ["ann", "ann", "bo", "bo"]
    (snap,) = list_snapshots(session)
    assert len(resolve_labels(session, project.project_id, snapshot_id=snap.snapshot_id)) == snap.n_items == 3
    given = claim_items(session, project.project_id, n=5, by="ann").items
    assert {a.status for a in submit_labels(session, project.project_id, submissions=[answer(c) for c in given], by="ann")} == {
        "saved"
    }
    assert check_consistency(session) == []
    session.close()


def test_down_again_nothing_is_lost(old_database: Path) -> None:
    before = _content(old_database)
    store = labels_store(f"sqlite:///{old_database}")
    store.write(lambda c: None)
    store.write(lambda c: LABELS.downgrade(c, "0001"))
    store.close()
    assert _content(old_database) == before


def test_a_database_of_a_newer_program_is_left_alone(old_database: Path) -> None:
    with sqlite3.connect(old_database) as connection:
        connection.execute(f"UPDATE {LABELS.versions} SET version_num = '9999'")
    connection.close()
    before = _content(old_database)
    with pytest.raises(StoreError, match="newer"):
        list_projects(LabelSession.open(f"sqlite:///{old_database}"))
    assert _content(old_database) == before


def test_the_verdict_history_beside_it_is_left_alone(old_database: Path) -> None:
    with sqlite3.connect(old_database) as connection:
        connection.execute("CREATE TABLE validations (entry_id INTEGER PRIMARY KEY, text TEXT)")
        connection.execute("INSERT INTO validations (text) VALUES ('kept')")
    connection.close()
    store = labels_store(f"sqlite:///{old_database}")
    store.write(lambda c: None)
    store.write(lambda c: LABELS.downgrade(c, "base"))
    assert store.write(lambda c: c.execute(sa.text("SELECT text FROM validations")).scalar()) == "kept"
    store.close()
