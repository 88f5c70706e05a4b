"""What one request may hold and how long it may wait, as a caller sees it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.errors import ConfigError
from tests.conftest import open_home

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
from starlette.testclient import TestClient

from rebracket_core.serving.api import create_app
from rebracket_core.serving.options import ServeOptions
from rebracket_core.serving.requests import bodies

TEXT = "The bell that was cast in 1911 hung in the wheelhouse, number {}."
JSON = {"content-type": "application/json"}


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(open_home(home), ServeOptions(max_chars=50_000))) as client:
        yield client


def test_characters_of_a_request_are_bounded_wherever_they_stand(client: TestClient) -> None:
    for path, body in (
        ("/v1/validate", {"text": "a bell " * 8000}),
        ("/v1/validate", {"text": "a bell", "fields": {"lyrics": "x" * 50_000}}),
        ("/v1/validate/batch", {"items": ["a bell " * 4000] * 2}),
        ("/v1/validate/batch", {"items": [{"text": "a bell", "fields": {"title": "x" * 50_001}}]}),
    ):
        answer = client.post(path, json=body)
        assert answer.status_code == 413, body
        said = answer.json()["error"]
        assert "50,000" in said["expected"] and said["found"] and "parts" in said["hint"]
    assert client.get("/health").json()["queued"] == 0


def test_values_of_a_body_are_counted_outside_of_strings(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SMALL_BYTES", 100)
    monkeypatch.setattr(bodies, "MAX_VALUES", 1000)
    commas = client.post("/v1/validate", json={"text": 'A bell, "cast" in [1911], {hung}, \\, ' * 300})
    assert commas.status_code == 200
    for body in (
        b'{"items":[' + b"0," * 1000 + b"0]}",
        b'{"items":[' + b"{}," * 1000 + b"{}]}",
        b'{"text": "a", "fields":{' + b",".join(b'"%d":""' % n for n in range(3000)) + b"}}",
        b"[" * 2000,
    ):
        answer = client.post("/v1/validate/batch", content=body, headers=JSON)
        assert answer.status_code == 413 and "1,000 JSON values" in answer.json()["error"]["message"]
    assert client.post("/v1/validate/batch", content=b'{"items": [' + b" " * 200, headers=JSON).status_code == 422


@pytest.mark.parametrize("padding", [0, 200_000])
def test_a_key_that_stands_twice_in_a_body_is_named(client: TestClient, padding: int) -> None:
    body = f'{{"text": "One bell.", "text": "Another bell."{" " * padding}}}'
    answer = client.post("/v1/validate", content=body, headers=JSON)
    assert answer.status_code == 400 and "'text' stands twice" in json.dumps(answer.json())
    same = '{"text": "One bell of bronze.", "text": "One bell of bronze."}'
    assert client.post("/v1/validate", content=same, headers=JSON).status_code == 200


def test_a_text_far_too_long_is_refused_before_it_is_cleaned(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rebracket_core.serving.requests import reading

    cleaned: list[int] = []
    monkeypatch.setattr(reading, "clean_text", lambda text: (cleaned.append(len(text)), text)[1])
    with TestClient(create_app(open_home(home))) as client:
        found = client.post("/v1/validate/batch", json={"items": ["x" * 300_000, TEXT]}).json()
    assert found["n_failed"] == 1 and "300,000" in found["verdicts"][0]["error"] and cleaned == [len(TEXT)]


def test_a_request_that_waits_too_long_is_told_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = open_home(home)
    real = bench.verdicts.validate

    def slow(*given: Any, **more: Any) -> Any:
        time.sleep(0.3)
        return real(*given, **more)

    monkeypatch.setattr(bench.verdicts, "validate", slow)
    with TestClient(create_app(bench, ServeOptions(deadline_s=0.4))) as client:
        start = time.monotonic()
        answer = client.post("/v1/validate/batch", json={"items": [TEXT.format(n) for n in range(640)]})
        assert answer.status_code == 504 and int(answer.headers["retry-after"]) >= 1
        said = answer.json()["error"]
        assert "waited longer" in said["message"] and "0.4 s" in said["expected"] and said["hint"]
        while client.get("/health").json()["queued"]:  # the slice at hand ends, the other nine are dropped
            assert time.monotonic() - start < 2.9  # ten slices take three seconds at least
            time.sleep(0.02)
        assert 'rebracket_dropped_requests_total{why="deadline"} 1.0' in client.get("/metrics").text


def test_whether_there_is_such_a_run_is_asked_once_a_request(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = client.app.state.service.router.bench  # type: ignore[attr-defined]
    asked, real = [], bench.runs.all
    monkeypatch.setattr(bench.runs, "all", lambda: (asked.append(1), real())[1])
    run_id = client.get("/health").json()["run_id"]
    body = {"items": [TEXT.format(n) for n in range(20)], "run": run_id}
    assert client.post("/v1/validate/batch", json=body).json()["n"] == 20 and len(asked) == 1


@pytest.mark.parametrize("changes", [{"max_chars": 0}, {"max_queued_chars": 0}, {"deadline_s": 0.0}, {"deadline_s": 1e9}])
def test_limits_out_of_range_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(changes))):
        ServeOptions(**changes)


def test_characters_are_counted_in_every_string() -> None:
    assert bodies.chars_in(json.loads('{"ab": ["cde", {"f": "gh"}, 7, null], "i": "j"}')) == 10
