"""The history of verdicts: kept in one transaction, found by any part, and honest when the database refuses."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.errors import InputError, StoreError
from rebracket_core.scoring.history import MAX_SEARCH_CHARS, History

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(f"sqlite:///{tmp_path / 'home' / 'workbench.db'}")


def test_reading_before_the_first_write_finds_nothing_and_makes_nothing(history: History, tmp_path: Path) -> None:
    assert history.search() == []
    assert history.count() == 0
    assert not (tmp_path / "home").exists()


def test_a_verdict_comes_back_whole_and_newest_first(history: History, verdict: Make) -> None:
    first, second = verdict(id="a"), verdict(id="b", text="Another")
    assert history.add([first]) == 1
    assert history.add([second], source="page") == 1
    newest, oldest = history.search()
    assert (newest.verdict, oldest.verdict) == (second, first)
    assert (newest.run_id, newest.source) == ("run-1", "concepts.txt")
    assert newest.at.endswith("+00:00")
    assert history.get(newest.entry_id) == newest


def test_the_given_source_stands_in_for_a_missing_one(history: History, verdict: Make) -> None:
    history.add([verdict(source="")], source="page")
    assert history.search()[0].source == "page"


def test_what_could_not_be_judged_is_not_kept(history: History, verdict: Make) -> None:
    assert history.add([verdict(error="no text", verdict=None), verdict()]) == 1
    assert history.add([]) == 0
    assert history.count() == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("strasse", 1),
        ("STRASSE", 1),
        ("100%", 1),
        ("%", 1),
        ("0_", 0),
        ("_", 1),
        ("\\", 1),
        ("", 2),
        ("  ", 2),
        ("' OR 1=1 --", 0),
        ("Ленин", 0),
        ("линь", 1),
        ("\x00", 1),
    ],
)
def test_search_takes_every_sign_literally_and_any_case(history: History, verdict: Make, text: str, found: int) -> None:
    history.add([verdict(text="Straße 100% of_it \\ \x00"), verdict(text="ЛИНЬ")])
    assert history.count(text) == found
    assert len(history.search(text)) == found


def test_filters_combine_and_pages_follow_each_other(history: History, verdict: Make) -> None:
    history.add(
        verdict(id=str(k), album="Red" if k % 2 else "Blue", verdict="REJECT" if k < 4 else "ACCEPT") for k in range(10)
    )
    assert history.count(album="Red") == 5
    assert history.count(album=["Red", "Blue"], verdict="REJECT") == 4
    assert history.count(run_id="other") == 0
    pages = [history.search(limit=3, offset=at) for at in (0, 3, 6, 9)]
    assert [e.verdict["id"] for page in pages for e in page] == [str(k) for k in reversed(range(10))]
    assert history.search(limit=0) == []


@pytest.mark.parametrize("asked", [{"limit": -1}, {"offset": -1}, {"text": "x" * (MAX_SEARCH_CHARS + 1)}])
def test_an_impossible_search_is_an_input_error(history: History, asked: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        history.search(**asked)


@pytest.mark.parametrize("entry_id", ["", "x", "-1", "9" * 40, "1; DROP TABLE validations", 77])
def test_an_unknown_entry_is_an_input_error(history: History, verdict: Make, entry_id: str | int) -> None:
    history.add([verdict()])
    with pytest.raises(InputError, match="no such entry"):
        history.get(entry_id)


def test_numbers_that_json_cannot_hold_become_none(history: History, verdict: Make) -> None:
    history.add([verdict(album_probability=math.nan, ood_p_value=math.inf, text="half \ud800")])
    kept = history.search()[0].verdict
    assert kept["album_probability"] is None
    assert kept["ood_p_value"] is None


def test_a_batch_is_kept_whole_or_not_at_all(history: History, verdict: Make) -> None:
    with pytest.raises(StoreError):
        history.add([verdict(), verdict(album_probability="no number", run_id="x"), verdict(expected_album=object())])
    assert history.count() == 0


def test_many_threads_write_and_read_without_a_lock_error(history: History, verdict: Make) -> None:
    problems: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(15):
                history.add([verdict()])
                history.count("ledger")
        except StoreError as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert history.count() == 90


def test_it_is_in_wal_mode(history: History, verdict: Make, tmp_path: Path) -> None:
    history.add([verdict()])
    with sqlite3.connect(tmp_path / "home" / "workbench.db") as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    history.close()
    assert history.count() == 1


def test_a_locked_database_says_what_to_do(
    history: History, verdict: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rebracket_core.database.engine.BUSY_TIMEOUT_S", 0.05)
    history.add([verdict()])
    with sqlite3.connect(tmp_path / "home" / "workbench.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            history.add([verdict()])
        assert history.count() == 1  # readers go on
    assert "locked" in caught.value.found
    assert "another program" in caught.value.hint
    assert str(tmp_path) in caught.value.where


def test_a_file_that_is_no_database_is_named(tmp_path: Path, verdict: Make) -> None:
    (tmp_path / "bad.db").write_text("hello " * 1000)
    history = History(f"sqlite:///{tmp_path / 'bad.db'}")
    for work in (lambda: history.add([verdict()]), history.search, history.check):
        with pytest.raises(StoreError, match=r"bad\.db"):
            work()


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path, verdict: Make) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="REBRACKET_HOME"):
        History(f"sqlite:///{tmp_path / 'file' / 'workbench.db'}").add([verdict()])


def test_a_full_disk_says_what_to_do(history: History, verdict: Make, tmp_path: Path) -> None:
    history.add([verdict()])
    engine = history._store._engine
    assert engine is not None
    engine.dispose()
    import sqlalchemy as sa

    @sa.event.listens_for(engine, "connect")
    def _small(connection: Any, _record: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    with pytest.raises(StoreError) as caught:
        history.add([verdict(text="x" * 100_000)])
    assert "free disk space" in caught.value.hint


def test_an_address_that_is_none_and_a_missing_driver_are_named(verdict: Make) -> None:
    with pytest.raises(StoreError, match="REBRACKET_DB"):
        History("nonsense").add([verdict()])
    with pytest.raises(StoreError) as caught:
        History("oracle+nodriver://u:hidden@localhost/x").add([verdict()])
    assert "hidden" not in str(caught.value)


def test_a_memory_database_is_shared_by_threads(verdict: Make) -> None:
    history = History("sqlite://")
    thread = threading.Thread(target=lambda: history.add([verdict()]))
    thread.start()
    thread.join()
    assert history.count() == 1


def test_check_counts_and_leaves_nothing_locked(history: History, verdict: Make) -> None:
    assert history.check() == "SQLite, 0 verdicts kept"
    history.add([verdict()])
    assert history.check() == "SQLite, 1 verdict kept"


def test_importing_it_loads_no_sqlalchemy() -> None:
    code = "import sys, rebracket_core.scoring.history as h; h.History('sqlite://'); print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
