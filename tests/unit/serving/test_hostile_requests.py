"""Requests that never end, in other encodings, or aimed at what a message is made of: each gets an answer."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import shutil
import socket
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import copy_home, open_home
from tests.unit.serving.test_access import Serve, raw, serve  # noqa: F401

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
from starlette.testclient import TestClient

from rebracket_core.errors import ConfigError
from rebracket_core.serving.api import create_app
from rebracket_core.serving.guard.api_keys import ApiKeyStore
from rebracket_core.serving.options import ServeOptions
from rebracket_core.texts import without_paths

TEXT = "A bell cast in 1911 hung in the drowned tower."
JSON = {"Content-Type": "application/json"}
HALF = "\\ud83d"  # as JSON writes half a surrogate pair


@pytest.fixture(scope="module")
def client(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One server for all requests of this file: none of them may change what the next one is answered."""
    home = copy_home(trained_home, tmp_path_factory.mktemp("served") / "home")
    with TestClient(create_app(open_home(home)), raise_server_exceptions=False) as client:
        yield client


def document(**more: Any) -> bytes:
    return json.dumps({"text": TEXT, **more}).encode()


def test_bodies_that_are_all_sent_at_once_are_bounded_together(home: Path, serve: Serve) -> None:  # noqa: F811
    """Those beyond the bound are refused at once, small ones are answered beside them, and large ones again when they go."""
    large = b" " * 2**20 + document()
    address = serve(home, max_arriving_bytes=16 * 2**20)
    with contextlib.ExitStack() as stack:
        sizes = ["Content-Length: 7900000", "Transfer-Encoding: chunked"] * 3
        lines = [stack.enter_context(begun(address, size)) for size in sizes]
        assert sum(refused(line) for line in lines) == 4  # two fit
        assert raw(address, "/v1/validate", method="POST", body=document()).status == 200
        assert refused(stack.enter_context(begun(address, f"Content-Length: {len(large)}")))
    until = time.monotonic() + 10
    while True:  # until the server has seen that they are gone
        with begun(address, f"Content-Length: {len(large)}") as line:
            if not refused(line):
                break
        assert time.monotonic() < until
    assert raw(address, "/v1/validate", method="POST", body=large).status == 200


def begun(address: tuple[str, int], size: str) -> socket.socket:
    """A request of which the head alone was sent, with this header on the size of its body."""
    line = socket.create_connection(address, timeout=30)
    head = f"POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{size}\r\n\r\n"
    line.sendall(head.encode())
    return line


def refused(line: socket.socket) -> bool:
    """Whether the request is answered with 503 before its body is there."""
    line.settimeout(0.5)
    try:
        return line.recv(200).startswith(b"HTTP/1.1 503")
    except TimeoutError:
        return False


# ---- bodies that name their cause -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/validate", "/v1/validate/batch"])
@pytest.mark.parametrize(
    ("body", "headers", "status", "cause"),
    [
        (document(), {}, 415, "Content-Type"),
        (document(), {"Content-Type": "text/plain"}, 415, "text/plain"),
        (document(), {"Content-Type": "application/x-www-form-urlencoded"}, 415, "x-www-form-urlencoded"),
        (gzip.compress(document(), mtime=0), {**JSON, "Content-Encoding": "gzip"}, 415, "gzip"),
        (gzip.compress(document(), mtime=0), {"Content-Encoding": "gzip"}, 415, "gzip"),
        (b"x", {**JSON, "Content-Encoding": "br"}, 415, "br"),
        ('{"text": "Glocke für 1911"}'.encode("latin-1"), JSON, 422, "UTF-8"),
        (document()[:-1], JSON, 422, "line 1, column"),
        (b'{"text": ' + b"[" * 50_000, JSON, 422, "nested too deep"),
        (b'{"text": ' + b"9" * 5_000 + b"}", JSON, 422, "digits"),
    ],
)
def test_a_body_that_cannot_be_read_is_answered_with_the_cause(
    client: TestClient, path: str, body: bytes, headers: dict[str, str], status: int, cause: str
) -> None:
    answer = client.post(path, content=body, headers=headers)
    error = answer.json()["error"]
    assert answer.status_code == status and error["expected"] and error["hint"]
    assert cause in f"{error['message']} {error['found']}"


def test_json_of_every_spelling_is_read(client: TestClient) -> None:
    for kind in ("application/json", "Application/JSON; charset=utf-8", "application/ld+json"):
        assert client.post("/v1/validate", content=document(), headers={"Content-Type": kind}).status_code == 200
    identity = {**JSON, "Content-Encoding": "identity"}
    assert client.post("/v1/validate", content=document(), headers=identity).status_code == 200


@pytest.mark.parametrize(
    "name", ["self", "/", "cls", "changes", "__init__", "kwargs", HALF, "\\udfff", "\\u0000", "x" * 10_000]
)
def test_a_threshold_of_any_name_is_refused_in_words(client: TestClient, name: str) -> None:
    body = f'{{"text": "{TEXT}", "thresholds": {{"{name}": 0.5}}}}'.encode()
    answer = client.post("/v1/validate", content=body, headers=JSON)
    assert answer.status_code == 422 and "no threshold named" in answer.json()["error"]["message"]
    assert len(answer.content) < 8_000


@pytest.mark.parametrize("field", ["id", "source", "expected_album", "run", HALF])
def test_half_a_surrogate_anywhere_is_no_error_of_the_server(client: TestClient, field: str) -> None:
    one = f'{{"text": "{TEXT}", "{field}": "{HALF}"}}'
    assert client.post("/v1/validate", content=one.encode(), headers=JSON).status_code == 422
    batch = client.post("/v1/validate/batch", content=f'{{"items": [{one}, "{TEXT}"]}}'.encode(), headers=JSON)
    assert batch.status_code == 200 and batch.json()["n_failed"] == 1


# ---- methods, prefix, docs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json", "/v1/runs", "/v1/thresholds", "/v1/rules"])
def test_head_is_answered_as_get_is_without_the_body(client: TestClient, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert head.status_code == get.status_code == 200 and head.content == b""
    assert head.headers["content-length"] == str(len(get.content))


def test_a_method_that_a_path_does_not_take_is_answered_with_those_that_it_does(client: TestClient) -> None:
    for method, path, allowed in (
        ("PUT", "/v1/validate", "POST"),
        ("DELETE", "/v1/runs", "GET"),
        ("OPTIONS", "/health", "GET"),
    ):
        answer = client.request(method, path)
        error = answer.json()["error"]
        assert answer.status_code == 405 and allowed in error["expected"] and error["found"] == method
    assert client.head("/v1/validate").status_code == 405


def test_the_api_answers_under_a_prefix_and_under_none(home: Path) -> None:
    options = ServeOptions(root_path="/rebracket/api", max_body_bytes=200_000)
    with TestClient(create_app(open_home(home), options)) as client:
        for prefix in ("/rebracket/api", ""):
            assert client.post(f"{prefix}/v1/validate", json={"text": TEXT}).status_code == 200
            assert client.get(f"{prefix}/docs").status_code == 200
        assert client.get("/openapi.json").json()["servers"] == [{"url": "/rebracket/api"}]
        away = client.get("/rebracket/api/v1/runs/?a=1", follow_redirects=False)
        assert (away.status_code, away.headers["location"]) == (307, "/rebracket/api/v1/runs?a=1")
        for wrong in (
            "/rebracket/v1/runs",
            "/rebracket/apiv1/runs",
            "/rebracket/api//v1/runs",
            "/rebracket/api/rebracket/api/v1/runs",
        ):
            assert client.get(wrong, follow_redirects=False).status_code == 404, wrong


def test_a_prefix_opens_nothing_without_a_key(home: Path) -> None:
    ApiKeyStore(home / "api_keys.json").add("somebody")
    for prefix in ("/x", "/v1", "/health", "/docs"):
        with TestClient(create_app(open_home(home), ServeOptions(root_path=prefix))) as client:
            for path in ("/v1/runs", "/metrics", f"{prefix}/v1/runs", f"{prefix}{prefix}/v1/runs"):
                assert client.get(path).status_code == 401, (prefix, path)
            assert client.get(f"{prefix}/health").status_code == 200


@pytest.mark.parametrize("prefix", ["rebracket", "/", "/x/", "//x", "/x//y", "/..", "/x?y", "/a b", "http://x", "/x\n"])
def test_a_prefix_that_is_none_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigError, match="prefix"):
        ServeOptions(root_path=prefix)


class Loads(HTMLParser):
    """What a page would load, and the ids and links within it."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.loaded += [str(named[name]) for name in ("src", "srcset", "action", "data", "style") if name in named]
        self.loaded += [str(named["href"])] if tag == "link" else []
        self.ids |= {str(named["id"])} if "id" in named else set()
        self.links |= {str(named["href"])} if tag == "a" else set()


def test_the_docs_load_nothing_and_describe_every_request(client: TestClient) -> None:
    answer = client.get("/docs")
    page = Loads()
    page.feed(answer.text)
    assert page.loaded == [] and "http" not in re.sub(r"<pre>.*?</pre>", "", answer.text)
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= page.ids
    for path in client.get("/openapi.json").json()["paths"]:
        assert f'data-path="{path[1:]}"' in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy


# ---- what /health tells -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keyed", [False, True])
def test_health_names_a_broken_file_and_no_folder(home: Path, keyed: bool) -> None:
    if keyed:
        ApiKeyStore(home / "api_keys.json").add("somebody")
    bench = open_home(home)
    model = home / "runs" / bench.resources.runs.chosen(None) / "model"
    shutil.move(model / "model.safetensors", home / "away")
    with TestClient(create_app(bench)) as client:
        health = client.get("/health")
        assert health.status_code == 503 and "model.safetensors" in health.json()["trouble"]
        assert str(home) not in health.text and "/tmp" not in health.text
        if not keyed:
            refused = client.post("/v1/validate", json={"text": TEXT})
            assert refused.status_code == 503 and str(home) not in refused.text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/home/me/x/model.bin: It is gone.", "model.bin: It is gone."),
        ("open 'C:\\Users\\Me\\x.json' failed", "open 'x.json' failed"),
        ("read/write and/or 3/4", "read/write and/or 3/4"),
        ("/srv/My Home/runs/a/model.bin is gone", "runs/a/model.bin is gone"),
    ],
)
def test_folders_are_taken_out_of_a_message(text: str, left: str) -> None:
    assert without_paths(text, home="/srv/My Home") == left


# ---- requests that do not end -----------------------------------------------------------------------------------------


def held(address: tuple[str, int], sent: bytes, *, trickle: bytes = b"", for_s: float = 8.0) -> tuple[float, bytes]:
    """Seconds until the server closed a connection on which `sent` was all, or bytes trickled after it; and its answer."""
    began, got = time.monotonic(), b""
    with socket.create_connection(address, timeout=0.1) as line:
        line.sendall(sent)
        while time.monotonic() - began < for_s:
            try:
                if trickle:
                    line.sendall(trickle)
                part = line.recv(65536)
                if not part:
                    return time.monotonic() - began, got
                got += part
            except TimeoutError:
                continue
            except OSError:
                return time.monotonic() - began, got
    return float("inf"), got


HEAD = b"POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 40\r\n"


@pytest.mark.parametrize(
    ("sent", "trickle", "status"),
    [
        (b"", b"", b""),
        (b"GET /hea", b"", b"408"),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\n", b"", b"408"),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ", b"y", b"408"),
        (HEAD + b"\r\n", b"", b"408"),
        (HEAD + b"\r\n" + b'{"te', b"", b"408"),
        (HEAD + b"\r\n", b" ", b"4"),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"GET /hea", b"", b"200"),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n", b"x", b"200"),
    ],
)
def test_what_is_sent_by_half_is_closed_in_time(serve: Serve, home: Path, sent: bytes, trickle: bytes, status: bytes) -> None:  # noqa: F811
    address = serve(home, head_timeout_s=0.7, deadline_s=1.0)
    took_s, answer = held(address, sent, trickle=trickle)
    assert took_s < 6.5 and answer.split(b" ")[1 if status else 0][:3].startswith(status)


def test_many_half_requests_leave_and_others_are_answered(serve: Serve, home: Path) -> None:  # noqa: F811
    address = serve(home, head_timeout_s=1.0)
    lines = [socket.create_connection(address, timeout=8) for _ in range(150)]
    try:
        for line in lines:
            line.sendall(b"GET /health HTTP/1.1\r\nHost: loc")
        assert raw(address, "/health").status == 200
        for line in lines:
            assert line.recv(4096).startswith(b"HTTP/1.1 408")
    finally:
        for line in lines:
            line.close()


def test_an_answer_that_nobody_takes_is_dropped(serve: Serve, home: Path) -> None:  # noqa: F811
    address = serve(home, deadline_s=1.0)
    request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(address)
    line.settimeout(0.2)
    try:
        until, sent = time.monotonic() + 15, 0
        while time.monotonic() < until:  # requests, and never a look at an answer
            try:
                sent += line.send(request * 20)
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            pytest.fail("the connection stayed open")
        assert sent
    finally:
        line.close()
    assert raw(address, "/health").status == 200
