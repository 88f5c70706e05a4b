"""Files that nobody but their owner may read: the helpers, homes of earlier versions, and a host program's umask."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rebracket_core import files
from rebracket_core.database.engine import new_engine, parsed_url, transaction
from rebracket_core.file_lock import queued_lock
from rebracket_core.files import (
    append_binary,
    atomic_file,
    export_bytes,
    lock_file,
    make_folder,
    new_folder,
    open_to_others,
    private_touch,
    tighten_home,
)
from rebracket_core.records import append_records

pytestmark = pytest.mark.skipif(os.name != "posix", reason="this system has no such modes")


@pytest.fixture(autouse=True)
def open_umask(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An umask that takes nothing away, as no entry point has narrowed it: what is private was made so."""
    monkeypatch.setattr(files, "_persons_umask", None)
    mask = os.umask(0)
    yield
    os.umask(mask)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_each_helper_makes_private_files_and_folders(tmp_path: Path) -> None:
    home = tmp_path / "home"
    make_folder(home / "a" / "b")
    with atomic_file(home / "c" / "d" / "file") as file:
        file.write(b"x")
    append_records(home / "e" / "records.jsonl", [{"a": 1}], lasting=True)
    append_binary(home / "log").close()
    private_touch(home / "sign")
    with lock_file(home / "lock"), queued_lock(home / "db", soon=False), new_folder(home / "f" / "g") as room:
        make_folder(room / "h")
    assert open_to_others(home, most=10) == []
    assert {p.name for p in home.iterdir()} >= {"db-turn", "db-later", "lock", "log", "sign"}


def test_a_database_and_its_log_are_private(tmp_path: Path) -> None:
    engine = new_engine(parsed_url(f"sqlite:///{tmp_path / 'w.db'}"))
    with transaction(engine, write=True) as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
        made = {p.name: _mode(p) for p in tmp_path.glob("w.db*")}
    engine.dispose()
    assert {"w.db", "w.db-wal", "w.db-shm"} <= set(made) and set(made.values()) == {0o600}


def test_an_export_keeps_the_persons_umask_and_the_mode_of_what_it_replaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.umask(0o027)
    export_bytes(tmp_path / "new" / "out.csv", b"x")
    assert (_mode(tmp_path / "new"), _mode(tmp_path / "new" / "out.csv")) == (0o750, 0o640)
    (tmp_path / "new" / "out.csv").chmod(0o664)
    export_bytes(tmp_path / "new" / "out.csv", b"y")
    assert _mode(tmp_path / "new" / "out.csv") == 0o664
    monkeypatch.setattr(files, "_homes", {tmp_path / "home"})
    export_bytes(tmp_path / "home" / "out.csv", b"x")
    assert (_mode(tmp_path / "home"), _mode(tmp_path / "home" / "out.csv")) == (0o700, 0o600)


def test_an_entry_point_narrows_the_umask_and_remembers_the_persons(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from rebracket_core.files import export_bytes, keep_private\n"
        "os.umask(0o002); keep_private(); keep_private()\n"
        "Path(sys.argv[1], 'library').write_bytes(b''); export_bytes(Path(sys.argv[1], 'out'), b'')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=60)
    assert (_mode(tmp_path / "library"), _mode(tmp_path / "out")) == (0o600, 0o664)


def test_using_the_library_leaves_the_umask_of_its_host(tmp_path: Path) -> None:
    from rebracket_core.settings import Settings
    from rebracket_core.workbench import Workbench

    os.umask(0o022)
    bench = Workbench(Settings.from_env({"REBRACKET_HOME": str(tmp_path / "home")}))
    bench.history.check()
    assert os.umask(0o022) == 0o022
    assert open_to_others(tmp_path / "home", most=10) == []


def _earlier_home(home: Path) -> None:
    """A home as an earlier version made it under an ordinary umask."""
    (home / "library" / "songs").mkdir(parents=True)
    (home / "library" / "songs" / "meta.json").write_text("{}")
    (home / "api_keys.json").write_text('{"keys": []}')
    sqlite3.connect(home / "workbench.db").close()
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_home_of_an_earlier_version_is_tightened_when_it_is_opened(tmp_path: Path) -> None:
    home = tmp_path / "home"
    _earlier_home(home)
    tighten_home(home)
    modes = {p.name: _mode(p) for p in (home, *home.iterdir())}
    assert modes == {"home": 0o700, "library": 0o700, "api_keys.json": 0o600, "workbench.db": 0o600}
    assert open_to_others(home, most=9) == [home / "library" / "songs", home / "library" / "songs" / "meta.json"]


def test_a_folder_that_holds_a_persons_own_things_is_not_shut(tmp_path: Path) -> None:
    _earlier_home(tmp_path)
    (tmp_path / "thesis.tex").write_text("x")
    (tmp_path / "thesis.tex").chmod(0o644)
    tmp_path.chmod(0o755)
    tighten_home(tmp_path)
    assert (_mode(tmp_path), _mode(tmp_path / "thesis.tex"), _mode(tmp_path / "workbench.db")) == (0o755, 0o644, 0o600)


def test_no_symbolic_link_is_followed(tmp_path: Path) -> None:
    home, mine = tmp_path / "home", tmp_path / "mine"
    _earlier_home(home)
    mine.mkdir(mode=0o755)
    (home / "cache").symlink_to(mine)
    tighten_home(home)
    assert _mode(mine) == 0o755


def test_the_doctor_says_what_is_open_to_others(tmp_path: Path) -> None:
    from rebracket_core.services.health import Outcome, _home
    from rebracket_core.settings import Settings

    home = tmp_path / "home"
    settings = Settings.from_env({"REBRACKET_HOME": str(home)})
    assert _home(settings).outcome is Outcome.OK
    (home / "library").mkdir(mode=0o755)
    found = _home(settings)
    assert found.outcome is Outcome.WARN and str(home / "library") in found.detail and "chmod -R go-rwx" in found.hint
