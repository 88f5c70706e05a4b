"""What breaks under a server: the right status and message while it is broken, and no restart once it is whole again."""

from __future__ import annotations

import re
import resource
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.errors import EncoderError
from rebracket_core.reports.onnx_bundle import Precision
from rebracket_core.reports.onnx_bundle.layout import GRAPH, finish, write_folder
from rebracket_core.settings import Settings
from tests.conftest import open_home
from tests.support.http_load import Caller, free_port, running

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
from starlette.testclient import TestClient

from rebracket_core.serving import api
from rebracket_core.serving.api import create_app
from rebracket_core.serving.options import ServeOptions

TEXT = "The bell that was cast in 1911 hung in the wheelhouse, number {}."


def until(condition: Callable[[], Any], *, timeout_s: float = 60.0) -> Any:
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(open_home(home))) as client:
        yield client


def ask(client: TestClient, number: int) -> Any:
    return client.post("/v1/validate", json={"text": TEXT.format(number)})


@pytest.mark.slow
def test_a_worker_that_dies_is_a_503_and_the_next_request_is_answered(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise SystemExit(3)

    with monkeypatch.context() as broken:
        broken.setattr(client.app.state.service.router.bench.verdicts, "validate", die)  # type: ignore[attr-defined]
        answer = ask(client, 1)
    assert answer.status_code == 503 and answer.headers["retry-after"]
    assert "worker" in answer.json()["error"]["message"] and "ask again" in answer.json()["error"]["hint"]
    assert ask(client, 1).status_code == 200 and client.get("/health").json()["queued"] == 0


@pytest.mark.slow
def test_a_database_that_hangs_fills_no_memory_and_costs_no_verdict(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, freed, written = open_home(home), threading.Event(), []

    def add(verdicts: Iterator[dict[str, Any]], **_: object) -> None:
        freed.wait(30)
        written.append(len(list(verdicts)))

    monkeypatch.setattr(api, "MAX_UNWRITTEN", 2)
    monkeypatch.setattr(type(bench.history), "add", lambda self, verdicts, **more: add(verdicts, **more))
    with TestClient(create_app(bench, ServeOptions(keep=True))) as client:
        assert all(ask(client, number).status_code == 200 for number in range(5))
        assert b"rebracket_history_failures_total 3.0" in client.get("/metrics").content
        freed.set()
        until(lambda: len(written) == 2)
        assert ask(client, 5).status_code == 200
        until(lambda: len(written) == 3)
        assert b"rebracket_history_failures_total 3.0" in client.get("/metrics").content


@pytest.mark.slow
def test_a_promoted_run_whose_model_is_gone_takes_over_when_it_is_back(client: TestClient, home: Path) -> None:
    bench = open_home(home)
    first = bench.resources.runs.chosen(None)
    second = home / "runs" / "second"
    shutil.copytree(home / "runs" / first, second)
    for path in (second / "spec.json", second / "evaluation.json", second / "model" / "manifest.json"):
        path.write_text(path.read_text().replace(f'"run_id": "{first}"', '"run_id": "second"'))
    bench.runs.promote("second")
    shutil.move(second / "model" / "model.safetensors", home / "away")
    service = client.app.state.service  # type: ignore[attr-defined]
    if service.router.run_id == first:
        trouble = until(lambda: client.get("/health").json()["trouble"])
        assert "model.safetensors" in trouble and client.get("/health").status_code == 200
    answer = ask(client, 2)
    assert answer.status_code == 200 and answer.json()["run_id"] == service.router.run_id
    shutil.move(home / "away", second / "model" / "model.safetensors")
    until(lambda: client.get("/health").json()["run_id"] == "second")
    assert client.get("/health").json()["trouble"] == "" and ask(client, 3).json()["run_id"] == "second"


@pytest.mark.slow
def test_a_graph_that_vanishes_is_named_and_may_come_back(home: Path, tmp_path: Path) -> None:
    from rebracket_core.encoders.onnx.export import encoder_parts
    from rebracket_core.workbench import bundle_workbench

    bench = open_home(home)
    run_id = bench.resources.runs.chosen(None)
    parts = encoder_parts("minilm", trained_as=bench.resources.model().encoder_id, settings=bench.settings)
    room = write_folder(
        tmp_path / "run",
        graph=parts.graph,
        tokenizer=parts.tokenizer,
        model=home / "runs" / run_id / "model",
        run_id=run_id,
        precision=Precision.FLOAT32,
        encoder=parts.facts,
    )
    folder = finish(room, to=tmp_path / "run")
    answering = bundle_workbench(Settings.from_env({"REBRACKET_HOME": str(tmp_path / "new")}), folder)
    shutil.move(folder / GRAPH, tmp_path / "away")
    with pytest.raises(EncoderError, match="cannot be opened"):
        answering.resources.encoder("").encode(["a bell"])
    with TestClient(create_app(answering)) as client:
        assert client.get("/health").status_code == 503 and GRAPH in client.get("/health").json()["trouble"]
        refused = ask(client, 1)
        assert refused.status_code == 503 and refused.headers["retry-after"]
        shutil.move(tmp_path / "away", folder / GRAPH)
        until(lambda: client.get("/health").status_code == 200)
        assert ask(client, 1).status_code == 200


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process are set on Linux alone")
def test_a_full_disk_costs_the_history_and_no_verdict(home: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    serve = ["-m", "rebracket_core.cli", "serve", "--port", str(port), "--history", "--quiet", "--per-minute", "1000000"]
    with running(serve, port=port, log=log) as process:
        told(port, 0)
        until(lambda: kept(home) == 1)
        room = max(path.stat().st_size for path in home.glob("workbench.db*")) + 4096
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        for number in range(1, 60):
            told(port, number)  # every verdict is given all the same
        until(lambda: failures(port) >= 1)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until(lambda: settled(port))
        before, lost = kept(home), failures(port)
        told(port, "after")
        until(lambda: kept(home) == before + 1)
        assert failures(port) == lost
    assert b"could not be kept" in log.read_bytes() and b"Traceback" not in log.read_bytes()


def kept(home: Path) -> int:
    return len(open_home(home).history.search(limit=10_000))


def told(port: int, number: object) -> None:
    """A verdict on a connection of its own: one that rests while a test waits is closed by the server."""
    with Caller(port) as caller:
        caller.ask(TEXT.format(number))


def failures(port: int) -> float:
    with Caller(port) as caller:
        found = re.search(rb"^rebracket_history_failures_total (\S+)", caller.get("/metrics")[1], re.M)
    return float(found.group(1)) if found else 0.0


def settled(port: int) -> bool:
    first = failures(port)
    time.sleep(1.0)
    return failures(port) == first
