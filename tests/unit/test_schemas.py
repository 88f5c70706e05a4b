"""Schemas of the rooms that own tables: revisions lead to the code's tables, and earlier databases open as they were."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from rebracket_core.annotation.database.schema import LABELS
from rebracket_core.database.migrations import Schema
from rebracket_core.database.store import Store
from rebracket_core.errors import StoreError
from rebracket_core.scoring.history import HISTORY, History
from rebracket_core.services.explain.counterfactual_store import COUNTERFACTUALS, CounterfactualStore

SCHEMAS = {"labels": LABELS, "history": HISTORY, "counterfactuals": COUNTERFACTUALS}
FLIP = {"run_id": "r", "goal": "album=Blue", "text": "one lantern", "edited": "one table", "edits": ["x"], "fluency": -0.5}
VERDICT = {"run_id": "r", "text": "A bell.", "verdict": "ACCEPT", "reason": "", "album": "Red"}


@pytest.fixture(params=SCHEMAS)
def schema(request: pytest.FixtureRequest) -> Schema:
    return SCHEMAS[request.param]


def _tables(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    with sqlite3.connect(file) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    connection.close()
    return found


def _earlier(file: Path, schema: Schema, **row: Any) -> None:
    """A database as earlier versions made it: the table without a revision, and one row."""
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        schema.metadata().create_all(connection)
        connection.execute(schema.metadata().tables[schema.adopts].insert(), row)
    engine.dispose()


def test_the_revisions_lead_to_the_tables_of_the_code(schema: Schema, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a.db'}", schema)
    store.write(lambda c: None)
    wanted = set(schema.metadata().tables)
    options = {"version_table": schema.versions, "include_name": lambda name, kind, _: kind != "table" or name in wanted}
    assert store.write(lambda c: compare_metadata(MigrationContext.configure(c, opts=options), schema.metadata())) == []
    store.write(lambda c: schema.downgrade(c, "base"))
    assert not wanted & set(store.write(lambda c: sa.inspect(c).get_table_names()))
    store.close()


def test_all_of_them_live_in_one_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    stores = [Store(url, schema) for schema in SCHEMAS.values()]
    for store in stores:
        assert store.read(lambda c: "read", empty="nothing yet") == "nothing yet"
    for store in stores:
        store.write(lambda c: None)
    names = set(_tables(tmp_path / "a.db"))
    assert {schema.versions for schema in SCHEMAS.values()} | {"validations", "counterfactuals", "annotation_events"} <= names
    for store in stores:
        store.close()


def test_a_table_of_an_earlier_version_is_read_unchanged_and_stamped_at_the_first_write(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    _earlier(file, HISTORY, at="2026-01-01", source="s", document=VERDICT, **VERDICT)
    before, history = _tables(file), History(f"sqlite:///{file}")
    assert [entry.verdict for entry in history.search()] == [VERDICT] and _tables(file) == before
    history.add([{**VERDICT, "text": "Another."}])
    history.close()
    after = _tables(file)
    assert after[HISTORY.versions] == [("0001",)] and after["validations"][0] == before["validations"][0]
    assert len(after["validations"]) == 2


def test_counterfactuals_of_an_earlier_version_are_read_unchanged_and_go_on(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    _earlier(file, COUNTERFACTUALS, at="2026-01-01", entry_id="e", **FLIP)
    before, store = _tables(file), CounterfactualStore(f"sqlite:///{file}")
    assert [one.goal for one in store.all()] == ["album=Blue"] and _tables(file) == before
    assert store.add([{**FLIP, "goal": "album=Green"}]) == 1 and len(store.all()) == 2
    assert _tables(file)[COUNTERFACTUALS.versions] == [("0001",)]
    store.close()


def test_tables_of_a_newer_program_are_left_alone(schema: Schema, tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    store = Store(f"sqlite:///{file}", schema)
    store.write(lambda c: None)
    store.close()
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE {schema.versions} SET version_num = '9999'")
    connection.close()
    for again in (lambda s: s.read(lambda c: None, empty=None), lambda s: s.write(lambda c: None)):
        with pytest.raises(StoreError, match="newer"):
            again(Store(f"sqlite:///{file}", schema))
    assert _tables(file)[schema.versions] == [("9999",)]
