"""The client: the server's answers in order, its refusals as errors, and patience where it asks for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from rebracket_core.errors import InputError
from rebracket_core.serving import client as module
from rebracket_core.serving.client import ApiError, Client

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def _client(answers: Sequence[Answer], asked: list[Any] | None = None) -> Client:
    left = iter(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(json.loads(request.content) if request.content else request.url.path)
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    return Client("http://here", tries=3, transport=httpx.MockTransport(handle))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    return slept


def test_it_waits_as_long_as_the_server_asks_and_then_gives_the_verdict(_no_waiting: list[float]) -> None:
    busy = httpx.Response(429, headers={"retry-after": "7"}, json={})
    with _client([busy, httpx.ConnectError("no"), httpx.Response(200, json={"verdict": "ACCEPT"})]) as client:
        assert client.validate("a bell") == {"verdict": "ACCEPT"}
    assert _no_waiting[0] == 7.0 and len(_no_waiting) == 2


def test_it_gives_up_with_the_servers_own_words() -> None:
    said = {"error": {"message": "No run answers.", "expected": "a promoted run", "found": "none", "hint": "promote one"}}
    with _client([httpx.Response(503, json=said)] * 3) as client, pytest.raises(ApiError, match="promote one") as caught:
        client.validate("a bell")
    assert caught.value.status == 503
    with _client([httpx.Response(422, json=said)]) as client, pytest.raises(InputError):
        client.validate("")
    with _client([httpx.ConnectError("refused")] * 3) as client, pytest.raises(ApiError, match="cannot be reached"):
        client.runs()
    with _client([httpx.Response(502, text="<html>")]) as client, pytest.raises(ApiError, match="502"):
        client.runs()


def test_many_texts_go_in_parts_and_come_back_in_order() -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        items = json.loads(request.content)["items"]
        ids = [item["id"] if isinstance(item, dict) else str(at) for at, item in enumerate(items)]
        return httpx.Response(200, json={"verdicts": [{"id": i} for i in ids]})

    asked: list[Any] = []
    items = [f"text {i}" for i in range(449)] + [{"id": "last", "text": "x"}]
    with _client([echo] * 3, asked) as client:
        ids = [verdict["id"] for verdict in client.validate_many(items, run="r", thresholds={"dominant": 0.7})]
    assert ids == [str(i) for i in range(449)] + ["last"]
    assert [len(body["items"]) for body in asked] == [200, 200, 50]
    assert all(body["run"] == "r" and body["thresholds"] == {"dominant": 0.7} for body in asked)


@pytest.mark.slow
def test_it_needs_httpx_and_nothing_heavy() -> None:
    code = (
        "import sys, rebracket_core.serving.client;"
        "print([m for m in ('numpy', 'torch', 'fastapi', 'pandas', 'onnxruntime', 'sqlalchemy') if m in sys.modules])"
    )
    root = Path(__file__).parents[3]
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert out.stdout.strip() == "[]"


def test_what_json_cannot_carry_is_refused_before_it_is_sent_and_half_surrogates_are_sent() -> None:
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200, json={"verdict": "REJECT"})

    with Client(transport=httpx.MockTransport(answer)) as client:
        for value in (float("nan"), float("inf")):
            with pytest.raises(InputError, match="cannot be sent"):
                client.validate("a bell", thresholds={"accept": value})
        assert sent == []
        client.validate("\ud83d a bell", id="\udfff", thresholds={"\ud800": 0.5})
    assert json.loads(sent[0])["text"] == "\ud83d a bell" and sent[0].isascii()
