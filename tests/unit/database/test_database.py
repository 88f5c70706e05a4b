"""Databases: addresses without passwords, one writer at a time, and refusals that say what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from rebracket_core.annotation.database.schema import labels_store
from rebracket_core.database.engine import new_engine, parsed_url, refused, shown, sqlite_file, transaction
from rebracket_core.errors import MissingExtraError, StoreError


def test_an_address_is_shown_without_its_password(tmp_path: Path) -> None:
    assert shown(parsed_url("postgresql+pg8000://me:hidden@host/labels")) == "postgresql+pg8000://me:***@host/labels"
    assert sqlite_file(parsed_url("sqlite://")) is None
    assert sqlite_file(parsed_url(f"sqlite:///{tmp_path / 'a.db'}")) == tmp_path / "a.db"
    with pytest.raises(StoreError, match="REBRACKET_DB"):
        parsed_url("nonsense")


def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(MissingExtraError, match="postgres"):
        new_engine(parsed_url("postgresql+psycopg2://me@host/labels"))
    with pytest.raises(StoreError, match="mysqldb"):
        new_engine(parsed_url("mysql+mysqldb://me@host/labels"))


def test_a_transaction_is_whole_or_not_there(tmp_path: Path) -> None:
    engine = new_engine(parsed_url(f"sqlite:///{tmp_path / 'a.db'}"), functions={"twice": lambda x: 2 * x})
    with transaction(engine, write=True) as connection:
        connection.execute(sa.text("CREATE TABLE t (x INTEGER)"))
        connection.execute(sa.text("INSERT INTO t VALUES (1)"))
    with pytest.raises(ZeroDivisionError), transaction(engine, write=True) as connection:
        connection.execute(sa.text("INSERT INTO t VALUES (2)"))
        raise ZeroDivisionError
    with transaction(engine, write=False) as connection:
        assert connection.execute(sa.text("SELECT twice(x) FROM t")).scalars().all() == [2]
    engine.dispose()


def test_labels_that_another_program_locks_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "labels.db"
    store = labels_store(f"sqlite:///{file}")
    store.write(lambda _: None)
    monkeypatch.setattr("rebracket_core.database.engine.BUSY_TIMEOUT_S", 0.05)
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program holds it"):
            store.write(lambda _: None)
        assert store.read(lambda _: "read", empty="empty") == "read"
    store.write(lambda _: None)
    store.close()


def test_what_a_database_says_becomes_a_hint() -> None:
    found = refused(OSError("No space left on device"), message="It cannot be written.", where="here")
    assert "free disk space" in found.hint and found.where == "here" and found.message == "It cannot be written."
