"""The API over a trained home: the same verdicts as the command line, clear errors, keys and limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import copy_home, open_home

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
from starlette.testclient import TestClient

from rebracket_core.serving.api import create_app
from rebracket_core.serving.guard.api_keys import ApiKeyStore
from rebracket_core.serving.options import ServeOptions
from rebracket_core.validation import Concept

TEXT = "The town weighed its bread against an iron pound that had been stamped in 1804 and lay in the museum now."


@pytest.fixture(scope="module")
def client(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One server for all requests of this file: none of them may change what the next one is answered."""
    home = copy_home(trained_home, tmp_path_factory.mktemp("served") / "home")
    with TestClient(create_app(open_home(home), ServeOptions(max_body_bytes=200_000, max_items=50))) as client:
        yield client


def test_a_verdict_is_the_same_as_the_engines(client: TestClient, home: Path) -> None:
    answer = client.post("/v1/validate", json={"text": TEXT, "id": "x", "expected_album": "R"})
    verdict = open_home(home).verdicts.validate([Concept(id="x", text=TEXT, expected_album="Red")], keep=False)[0]
    assert answer.status_code == 200 and _same(answer.json(), json.loads(json.dumps(verdict.to_dict())))
    assert list(answer.json()) == list(verdict.to_dict()) and answer.headers["x-request-id"]


def test_the_vectors_of_strangers_texts_are_not_remembered(client: TestClient, home: Path) -> None:
    bench, texts = open_home(home), [f"{TEXT} It was asked {n} times by a stranger." for n in range(3)]
    encoder = bench.resources.encoder(bench.resources.runs.encoder_of(bench.resources.model()))
    for text in texts:
        assert client.post("/v1/validate", json={"text": text}).status_code == 200
    assert not encoder.lookup(texts)[0].any()  # type: ignore[attr-defined]
    own = f"{TEXT} It was asked on a page."
    bench.verdicts.validate([Concept(id="x", text=own)], keep=False)
    assert encoder.lookup([*texts, own])[0].tolist() == [False, False, False, True]  # type: ignore[attr-defined]


def test_a_batch_keeps_its_order_and_a_bad_item_its_error(client: TestClient) -> None:
    items = [
        {"id": "a", "text": TEXT},
        "A lighthouse that will be built.",
        {"text": ""},
        {"txt": 1},
        7,
        {"text": TEXT, "expected_album": "no such album"},
        {"text": "x\0y a bell"},
    ]
    told = client.post("/v1/validate/batch", json={"items": items}).json()
    assert told["n"] == 7 and told["n_failed"] == 4
    assert [v["id"] for v in told["verdicts"]] == ["a", "1", "2", "3", "4", "5", "6"]
    assert [bool(v["error"]) for v in told["verdicts"]] == [False, False, True, True, True, True, False]
    assert client.post("/v1/validate/batch", json={"items": []}).json() == {"n": 0, "n_failed": 0, "verdicts": []}


def _same(one: Any, other: Any) -> bool:
    """Whether two documents are equal but for the last digit of their numbers, which depends on what is encoded together."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(_same, one, other))
    return bool(one == pytest.approx(other, abs=2e-6)) if isinstance(one, float) else bool(one == other)


def test_a_transmigration_is_planned_between_places_and_from_a_text(client: TestClient, home: Path) -> None:
    answer = client.post("/v1/transmigration", json={"from": "Red", "to": "past_thing_imagined"})
    assert answer.status_code == 200 and answer.json()["to"]["album"] == "Orange"
    assert (answer.json()["order"], answer.json()["distance"]) == (["ontological"], pytest.approx(1.414214, abs=1e-5))
    scored = client.post("/v1/transmigration", json={"text": TEXT, "to": "Blue"})
    own = open_home(home).transmigrations.from_text(TEXT, "Blue").to_dict()
    assert scored.status_code == 200 and _same(scored.json(), json.loads(json.dumps(own)))
    for wrong in (
        {"to": "Blue"},
        {"from": "Red", "text": TEXT, "to": "Blue"},
        {"from": "Red", "to": "teal"},
        {"text": " ", "to": "Blue"},
    ):
        refused = client.post("/v1/transmigration", json=wrong)
        assert refused.status_code == 422 and refused.json()["error"]["hint"], wrong


def test_thresholds_of_a_request_stand_in_its_verdict(client: TestClient) -> None:
    verdict = client.post("/v1/validate", json={"text": TEXT, "thresholds": {"dominant": 0.65}}).json()
    assert verdict["thresholds"]["dominant"] == 0.65
    for wrong in ({"domnant": 0.5}, {"dominant": 2.0}):
        answer = client.post("/v1/validate", json={"text": TEXT, "thresholds": wrong})
        assert answer.status_code == 422 and answer.json()["error"]["hint"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"text": 5}',
        b'{"text": "  "}',
        b'{"text": "a bell", "colour": 1}',
        b'{"text": "\\ud800"}',
        b"\xff\xfe",
        b'{"text": "a bell", "run": "../../etc"}',
        b'{"text": "!!! ???"}',
    ],
)
def test_what_cannot_be_used_is_told_with_what_to_do(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/validate", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    told = answer.json()
    assert told["error"]["message"] and told["request_id"] == answer.headers["x-request-id"]


def test_too_much_is_refused_before_it_is_read(client: TestClient) -> None:
    assert client.post("/v1/validate", json={"text": "a bell " * 100_000}).status_code == 413
    chunks = (b"x" * 50_000 for _ in range(10))
    assert client.post("/v1/validate", content=chunks).status_code == 413
    assert client.post("/v1/validate/batch", json={"items": ["a bell"] * 51}).status_code == 422


def _answered(client: TestClient) -> float:
    found = re.search(r'rebracket_requests_total\{path="/v1/validate",status="200"\} (\S+)', client.get("/metrics").text)
    return float(found[1]) if found else 0.0


def test_health_runs_thresholds_metrics_and_docs(client: TestClient) -> None:
    health = client.get("/health").json()
    assert health["live"] and health["ready"] and health["run_id"]
    runs = client.get("/v1/runs").json()
    assert [run["promoted"] for run in runs] == [True] and 0 < runs[0]["album_accuracy"] <= 1
    assert client.get("/v1/thresholds").json()["thresholds"]["dominant"] == 0.6
    before = _answered(client)
    client.post("/v1/validate", json={"text": TEXT})
    assert _answered(client) == before + 1 and "rebracket_verdicts_total{" in client.get("/metrics").text
    shapes = client.get("/openapi.json").json()["components"]["schemas"]
    assert list(shapes["VerdictOut"]["properties"])[:3] == ["id", "source", "text"]
    assert client.get("/nowhere").status_code == 404 and client.put("/v1/validate").status_code == 405


def test_keys_scopes_and_limits(home: Path) -> None:
    ring = ApiKeyStore(home / "api_keys.json")
    _, reader = ring.add("reader", scopes=["runs"])
    key, writer = ring.add("writer", scopes=["validate"])
    with TestClient(create_app(open_home(home), ServeOptions(per_minute=20))) as client:
        body = {"text": TEXT}
        assert client.post("/v1/validate", json=body).status_code == 401
        assert client.post("/v1/validate", json=body, headers={"Authorization": f"Bearer {reader}"}).status_code == 403
        ours = {"Authorization": f"Bearer {writer}"}
        statuses = [client.post("/v1/validate", json=body, headers=ours).status_code for _ in range(5)]
        assert statuses == [200] * 5  # what may come at once; one more every three seconds, which a busy machine may take
        assert 429 in {client.post("/v1/validate", json=body, headers=ours).status_code for _ in range(20)}
        assert int(client.post("/v1/validate", json=body, headers=ours).headers["retry-after"]) >= 1
        ring.revoke(key.key_id)
        assert client.post("/v1/validate", json=body, headers=ours).status_code == 401
        assert client.get("/health").status_code == 200


def test_without_a_run_the_server_lives_and_is_not_ready(empty_home: Path) -> None:
    with TestClient(create_app(open_home(empty_home))) as client:
        health = client.get("/health")
        assert health.status_code == 503 and health.json()["live"] and "promoted" in health.json()["trouble"]
        answer = client.post("/v1/validate", json={"text": TEXT})
        assert answer.status_code == 503 and answer.headers["retry-after"] and "promote" in answer.json()["error"]["hint"]


@pytest.mark.slow
def test_a_share_of_the_texts_always_asks_the_second_run(home: Path) -> None:
    from rebracket_core.training import TrainingConfig

    bench = open_home(home)
    first = bench.runs.production()
    second = bench.training.train("starter", config=TrainingConfig.of(ensemble_size=1, folds=2, max_steps=5)).run_id
    assert first is not None
    options = ServeOptions(second_run=second, second_share=0.4)
    with TestClient(create_app(bench, options)) as client:
        items = [f"A bell that was cast in {year}." for year in range(1800, 1850)]
        ids = [[v["run_id"] for v in client.post("/v1/validate/batch", json={"items": items}).json()["verdicts"]] for _ in "ab"]
    assert ids[0] == ids[1] and set(ids[0]) == {first.run_id, second} and 8 <= ids[0].count(second) <= 32
