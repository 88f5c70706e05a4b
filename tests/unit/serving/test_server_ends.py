"""After its drain time a server ends, whatever its threads do, and says what got no answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import open_home
from tests.support.http_load import ROOT, Caller, free_port

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")]

DRAIN_S, SPARE_S = 1.0, 3.0
# The words of a text say what becomes of the thread that scores it, or of the one that writes its verdict.
PROGRAM = """
import ctypes, sys, time
from rebracket_core.cli import main
from rebracket_core.services.concepts.verdicts import Verdicts
from rebracket_core.scoring.history import History

validate, keep = Verdicts.validate, History.add

def slow_validate(self, concepts, **more):
    for concept in concepts:
        if "sleeps" in concept.text:
            time.sleep(600)
        if "holds" in concept.text:
            time.sleep(0.0 if "at once" in concept.text else 1.0)
            ctypes.PyDLL(None).sleep(600)  # a call of C that keeps Python's lock
    return validate(self, concepts, **more)

def slow_keep(self, verdicts, **more):
    verdicts = list(verdicts)
    if any("hangs" in verdict["text"] for verdict in verdicts):
        time.sleep(600)
    return keep(self, verdicts, **more)

Verdicts.validate, History.add = slow_validate, slow_keep
main()
"""


@contextmanager
def server(port: int, log: Path, *, drain_s: float = DRAIN_S) -> Iterator[subprocess.Popen[bytes]]:
    line = ["serve", "--port", str(port), "--history", "--quiet", "--drain", str(drain_s)]
    with log.open("wb") as sink:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, *line], cwd=ROOT, stdout=sink, stderr=sink)
    try:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            assert process.poll() is None, log.read_text()
            try:
                with Caller(port) as caller:
                    if caller.get("/health")[0] == 200:
                        break
            except OSError:
                time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


def ask(port: int, text: str, answers: list[tuple[int, str]]) -> threading.Thread:
    def run() -> None:
        try:
            with Caller(port) as caller:
                status, body = caller.post("/v1/validate", json.dumps({"text": text}).encode())
                answers.append((status, body.decode()))
        except OSError as error:
            answers.append((0, str(error)))

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def ended_after(process: subprocess.Popen[bytes], *, signals: int = 1, pause_s: float = 0.0) -> float:
    start = time.monotonic()
    for number in range(signals):
        process.send_signal(signal.SIGTERM)
        if number < signals - 1:
            time.sleep(pause_s)
    process.wait(timeout=60)
    return time.monotonic() - start


@pytest.mark.parametrize("texts", [["A bell that sleeps."], [f"A {thing} that sleeps." for thing in ("bell", "clock", "drum")]])
def test_workers_that_sleep_do_not_keep_the_server(home: Path, tmp_path: Path, texts: list[str]) -> None:
    port, log = free_port(), tmp_path / "log"
    answers: list[tuple[int, str]] = []
    with server(port, log) as process:
        threads = [ask(port, text, answers) for text in texts]
        time.sleep(0.5)
        assert ended_after(process) < DRAIN_S + SPARE_S
        assert process.returncode == 1
        for thread in threads:
            thread.join(10)
    assert f"{len(texts)} request{'s' if len(texts) > 1 else ''} got no verdict" in log.read_text()
    assert [status for status, _ in answers] == [503] * len(texts) and "being stopped" in answers[0][1]


def test_a_history_that_hangs_does_not_keep_the_server_and_the_others_verdicts_are_written(home: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    with server(port, log) as process:
        with Caller(port) as caller:
            caller.ask("A bell that was cast in 1911.")
            caller.ask("A bell that hangs.")
            caller.ask("A bell that comes behind it.")
        assert ended_after(process) < DRAIN_S + SPARE_S
    assert process.returncode == 1
    assert "0 requests got no verdict, 2 verdicts could not be written" in log.read_text()
    assert [entry.verdict["text"] for entry in open_home(home).history.search()] == ["A bell that was cast in 1911."]


def test_a_call_that_keeps_pythons_lock_does_not_keep_the_server(home: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    answers: list[tuple[int, str]] = []
    with server(port, log) as process:
        thread = ask(port, "A bell that holds.", answers)
        time.sleep(0.5)
        assert ended_after(process) < DRAIN_S + SPARE_S
        thread.join(10)
    assert process.returncode == 1


@pytest.mark.parametrize(("drain_s", "signals"), [(DRAIN_S, 1), (60.0, 2)])
def test_a_call_that_keeps_it_since_before_the_signal_does_not_either(
    home: Path, tmp_path: Path, drain_s: float, signals: int
) -> None:
    port, log = free_port(), tmp_path / "log"
    answers: list[tuple[int, str]] = []
    with server(port, log, drain_s=drain_s) as process:
        thread = ask(port, "A bell that holds at once.", answers)
        time.sleep(0.5)
        assert ended_after(process, signals=signals, pause_s=0.3) < min(drain_s, DRAIN_S) + SPARE_S
        thread.join(10)
    assert process.returncode == -signal.SIGKILL and "did not end in time" in log.read_text()


def test_a_second_signal_ends_the_drain_time(home: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    answers: list[tuple[int, str]] = []
    with server(port, log, drain_s=60.0) as process:
        thread = ask(port, "A bell that sleeps.", answers)
        time.sleep(0.5)
        assert ended_after(process, signals=2, pause_s=0.2) < 0.2 + SPARE_S
        thread.join(10)
    assert process.returncode == 1 and "1 request got no verdict" in log.read_text()


def test_a_server_without_work_ends_at_once_with_0(home: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    with server(port, log) as process:
        with Caller(port) as caller:
            caller.ask("A bell that was cast in 1911.")
        ended_after(process)
    assert process.returncode == 0 and "got no verdict" not in log.read_text()
    assert len(open_home(home).history.search()) == 1
