"""A real server process under load: a run swapped in, a drain at SIGTERM, faults, and arbitrary requests."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import open_home

httpx = pytest.importorskip("httpx")
pytest.importorskip("fastapi")
pytestmark = [pytest.mark.slow, pytest.mark.alone]
ROOT = Path(__file__).parents[3]
TEXT = "The bell that was cast in 1911 hung in the wheelhouse, number {}."


@pytest.fixture
def server(home: Path, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "rebracket_core.cli", "serve", "--port", str(port), "--history", "--per-minute", "100000"],
            cwd=ROOT,
            env={**os.environ, "REBRACKET_HOME": str(home)},
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                break
        except httpx.HTTPError:
            time.sleep(0.1)
    yield url, process
    process.kill()
    process.wait()
    assert b"Traceback" not in (tmp_path / "log").read_bytes()


class Load:
    """Clients that ask without pause and remember every status and run."""

    def __init__(self, url: str, *, n: int = 4) -> None:
        self.seen: list[tuple[int, str | None]] = []
        self.stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(url, i)) for i in range(n)]
        for thread in self._threads:
            thread.start()

    def _ask(self, url: str, which: int) -> None:
        with httpx.Client(timeout=30) as http:
            number = 0
            while not self.stop.is_set():
                number += 1
                try:
                    answer = http.post(f"{url}/v1/validate", json={"text": TEXT.format(f"{which}-{number}")})
                except httpx.ConnectError:
                    return  # the server has gone; whatever it had taken was answered
                self.seen.append((answer.status_code, answer.json().get("run_id")))

    def end(self) -> list[tuple[int, str | None]]:
        self.stop.set()
        for thread in self._threads:
            thread.join(30)
        return self.seen


def _until(condition: Any, *, timeout_s: float = 30.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_a_newly_promoted_run_takes_over_without_a_failed_request(server: tuple[str, Any], home: Path) -> None:
    from rebracket_core.training import TrainingConfig

    url, _ = server
    bench = open_home(home)
    second = bench.training.train("starter", config=TrainingConfig.of(ensemble_size=1, folds=2, max_steps=5)).run_id
    load = Load(url)
    _until(lambda: len(load.seen) > 20)
    bench.runs.promote(second)
    _until(lambda: any(run == second for _, run in load.seen))
    time.sleep(0.3)
    seen = load.end()
    assert {status for status, _ in seen} == {200}
    assert {run for _, run in seen[-5:]} == {second}


def test_a_server_that_is_stopped_answers_what_it_took(server: tuple[str, Any], home: Path) -> None:
    url, process = server
    load = Load(url)
    _until(lambda: len(load.seen) > 20)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    seen = load.end()
    answered = sum(status == 200 for status, _ in seen)
    assert {status for status, _ in seen} <= {200, 503} and answered > 20
    assert len(open_home(home).history.search(limit=10_000)) == answered  # and every verdict was kept


def test_a_model_that_vanishes_does_not_stop_the_one_in_memory(server: tuple[str, Any], home: Path) -> None:
    url, _ = server
    run_id = httpx.get(f"{url}/health").json()["run_id"]
    shutil.move(home / "runs" / run_id / "model", home / "model-away")
    assert httpx.post(f"{url}/v1/validate", json={"text": TEXT.format(1)}).status_code == 200
    gone = httpx.post(f"{url}/v1/validate", json={"text": TEXT.format(1), "run": "nowhere"})
    assert gone.status_code == 422
    shutil.move(home / "model-away", home / "runs" / run_id / "model")
    assert httpx.get(f"{url}/health").json()["ready"]


def test_a_locked_database_costs_the_history_and_no_verdict(server: tuple[str, Any], home: Path) -> None:
    import sqlite3

    url, _ = server
    httpx.post(f"{url}/v1/validate", json={"text": TEXT.format(0)})
    locker = sqlite3.connect(home / "workbench.db", timeout=5)
    locker.execute("BEGIN EXCLUSIVE")
    assert httpx.post(f"{url}/v1/validate", json={"text": TEXT.format(1)}).status_code == 200

    def failures() -> float:
        found = re.search(r"^rebracket_history_failures_total (\S+)", httpx.get(f"{url}/metrics").text, re.M)
        return float(found.group(1)) if found else 0.0

    _until(lambda: failures() >= 1, timeout_s=60)
    locker.rollback()
    before = failures()
    assert httpx.post(f"{url}/v1/validate", json={"text": TEXT.format(2)}).status_code == 200
    time.sleep(0.5)
    assert failures() == before


def test_any_request_gets_an_answer_of_the_documented_shape(home: Path) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, given, settings
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    from rebracket_core.serving.api import create_app
    from rebracket_core.serving.guard.access import SCOPES
    from rebracket_core.serving.options import ServeOptions

    app = create_app(open_home(home), ServeOptions(per_minute=10**8))
    tried = []
    for found in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations():
        operation = found.ok()

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            # A schema cannot say that a text holds a letter or that a run exists, so such a body may be refused with 422.
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        ask()
        tried.append(operation.path)
    assert set(tried) == {*SCOPES, "/health"} and len(tried) == len(set(tried)) >= 9
