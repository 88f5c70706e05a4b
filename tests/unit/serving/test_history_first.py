"""With `--history-first` an answer means that its verdict is kept, whatever becomes of the server."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from rebracket_core.scoring.history import History
from rebracket_core.serving.api import create_app
from rebracket_core.serving.options import ServeOptions
from tests.conftest import open_home
from tests.support.http_load import Caller, free_port, running

TEXT = "A bell cast in 1911 hung in the drowned tower, number {}."


@pytest.mark.alone
@pytest.mark.slow
def test_every_acknowledged_verdict_outlives_a_kill(home: Path) -> None:
    port, answered = free_port(), list[str]()
    line = ["-m", "rebracket_core.cli", "serve", "--port", str(port), "--history-first", "--quiet"]

    def ask(which: int) -> None:
        try:
            with Caller(port) as caller:
                for number in range(10_000):
                    text = TEXT.format(f"{which}-{number}")
                    if caller.post("/v1/validate", json.dumps({"text": text}).encode())[0] == 200:
                        answered.append(text)
        except (OSError, http.client.HTTPException):
            return

    with running(line, port=port) as process:
        threads = [threading.Thread(target=ask, args=(which,)) for which in range(4)]
        for thread in threads:
            thread.start()
        until = time.monotonic() + 30
        while len(answered) < 20 and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(process.pid, 9)
        for thread in threads:
            thread.join()
    kept = {entry.verdict["text"] for entry in History(f"sqlite:///{home / 'workbench.db'}").search(limit=100_000)}
    assert len(answered) >= 20 and set(answered) <= kept


@pytest.mark.slow
@pytest.mark.parametrize(("first", "status"), [(True, 503), (False, 200)])
def test_a_history_that_refuses_costs_the_answer_only_where_it_comes_first(home: Path, first: bool, status: int) -> None:
    (home / "workbench.db").mkdir()
    options = ServeOptions(keep=not first, keep_first=first)
    with TestClient(create_app(open_home(home), options)) as client:
        answer = client.post("/v1/validate", json={"text": TEXT.format(1)})
        assert answer.status_code == status and str(home) not in answer.text
        if first:
            assert answer.headers["retry-after"] and "cannot be written" in answer.json()["error"]["message"]
        (home / "workbench.db").rmdir()
        assert client.post("/v1/validate", json={"text": TEXT.format(2)}).status_code == 200
        if first:
            assert open_home(home).history.count(TEXT.format(2)) == 1


def test_a_history_that_does_not_answer_is_not_waited_for_without_end(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(History, "add", lambda *_, **__: release.wait(20))
    with TestClient(create_app(open_home(home), ServeOptions(keep_first=True, deadline_s=1.5))) as client:
        began = time.monotonic()
        answer = client.post("/v1/validate", json={"text": TEXT.format(1)})
        release.set()
        assert answer.status_code == 503 and time.monotonic() - began < 10
        assert "in time" in answer.json()["error"]["message"]
