"""A process that does not end itself after a signal is ended, also where a library keeps Python's lock; any other is let be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rebracket_core.process.watchdog import Watchdog

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

ROOT = Path(__file__).parents[2]
PROGRAM = """
import ctypes, signal, threading, time
from rebracket_core.process.watchdog import Watchdog
signal.signal(signal.SIGTERM, lambda *_: print("handled", flush=True))
with Watchdog({first}, second_s={second}):
    print("ready", flush=True)
    {work}
print("done", flush=True)
"""
HOLDS = "thread = threading.Thread(target=ctypes.PyDLL(None).sleep, args=(60,)); thread.start(); thread.join()"


def _start(work: str, *, first: float = 0.4, second: float | None = None) -> subprocess.Popen[str]:
    program = PROGRAM.format(first=first, second=second, work=work)
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.3)  # into the call
    return process


def test_a_process_that_cannot_run_its_handler_is_killed_in_time() -> None:
    process = _start(HOLDS)
    begin = time.monotonic()
    process.terminate()
    heard, told = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL and 0.4 <= time.monotonic() - begin < 2.5
    assert heard == "" and "did not end in time" in told


def test_without_a_signal_nothing_is_killed_and_the_watchdog_goes_with_its_process() -> None:
    process = _start("time.sleep(1.5)", first=0.1)
    heard, told = process.communicate(timeout=20)  # ends only when the watchdog has closed its standard error
    assert (process.returncode, heard, told) == (0, "done\n", "")


def test_one_that_ends_in_time_is_let_be() -> None:
    process = _start("time.sleep(60) if False else [time.sleep(0.01) for _ in range(30)]", first=5.0)
    process.terminate()
    assert process.communicate(timeout=20)[0] == "handled\ndone\n" and process.returncode == 0


def test_a_second_signal_shortens_the_time() -> None:
    process = _start(HOLDS, first=30.0, second=0.3)
    begin = time.monotonic()
    process.terminate()
    time.sleep(0.3)
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL and time.monotonic() - begin < 3.0


def test_it_outlives_a_kill_of_its_process_by_a_second_at_most() -> None:
    process = _start("time.sleep(60)", first=30.0)
    process.kill()
    begin = time.monotonic()
    process.communicate(timeout=20)  # the watchdog shares its standard error
    assert time.monotonic() - begin < 2.5


def test_the_pipe_of_signals_is_given_back() -> None:
    with Watchdog(60.0):
        inside = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(inside)
    assert inside >= 0 and signal.set_wakeup_fd(-1) == -1


def test_off_the_main_thread_it_is_refused_and_leaves_no_descriptor() -> None:
    refused: list[str] = []

    def start() -> None:
        before = len(os.listdir("/dev/fd"))
        try:
            Watchdog(1.0).start()
        except RuntimeError as error:
            refused.append(str(error))
        assert len(os.listdir("/dev/fd")) == before

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert refused == ["a watchdog is started on the main thread"]
