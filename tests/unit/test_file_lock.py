"""Whoever waits at a file is woken at once, those who ask soon before the others, and nobody waits for ever."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rebracket_core.file_lock import queued_lock

pytest.importorskip("fcntl", reason="this system has no such locks")
_HOLDS = (
    "import sys, time; from pathlib import Path; from rebracket_core.file_lock import queued_lock\n"
    "with queued_lock(Path(sys.argv[1]), soon=True) as got:\n    print(got, flush=True); time.sleep(60)"
)


def _holder(file: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen([sys.executable, "-c", _HOLDS, str(file)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "True\n"
    return holder


@pytest.mark.alone
@pytest.mark.slow
def test_whoever_asks_soon_goes_before_those_that_asked_earlier(tmp_path: Path) -> None:
    order: list[str] = []

    def take(name: str, *, soon: bool) -> None:
        with queued_lock(tmp_path / "w.db", soon=soon) as got:
            assert got
            order.append(name)
            time.sleep(0.02)

    names = [("first", False), ("later 1", False), ("later 2", False), ("later 3", False), ("soon", True)]
    threads = [threading.Thread(target=take, args=(name,), kwargs={"soon": soon}) for name, soon in names]
    with queued_lock(tmp_path / "w.db", soon=True):
        for thread in threads:
            thread.start()
            time.sleep(0.03)
        time.sleep(0.5)  # the last one stands in the queue by now, on a busy machine too
        assert order == []
    for thread in threads:
        thread.join()
    assert sorted(order) == sorted(name for name, _ in names) and order.index("soon") <= 1


def test_a_killed_process_gives_its_turn_back_at_once(tmp_path: Path) -> None:
    holder = _holder(tmp_path / "w.db")
    threading.Timer(0.2, holder.kill).start()
    began = time.monotonic()
    with queued_lock(tmp_path / "w.db", soon=False, patience_s=30.0) as got:
        assert got and time.monotonic() - began < 10.0
    holder.wait()


def test_nobody_waits_for_ever_and_what_comes_late_is_let_go(tmp_path: Path) -> None:
    holder = _holder(tmp_path / "w.db")
    with queued_lock(tmp_path / "w.db", soon=True, patience_s=0.2) as got:
        assert not got
    holder.kill()
    holder.wait()
    with queued_lock(tmp_path / "w.db", soon=True, patience_s=30.0) as got:
        assert got


def test_where_no_file_can_be_made_there_is_no_turn_and_no_error(tmp_path: Path) -> None:
    with queued_lock(tmp_path / "nowhere" / "w.db", soon=False) as got:
        assert not got


def test_an_error_inside_gives_the_turn_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), queued_lock(tmp_path / "w.db", soon=False):
        _ = 1 / 0
    with queued_lock(tmp_path / "w.db", soon=False, patience_s=0.2) as got:
        assert got
