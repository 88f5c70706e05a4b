"""A real server and raw requests: spelling, lost keys, foreign hosts and forged headers open nothing."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import open_home

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
from fastapi.routing import APIRoute
from starlette.routing import Route

from rebracket_core.serving import server as server_module
from rebracket_core.serving.api import create_app
from rebracket_core.serving.guard.api_keys import ApiKeyStore, Scope
from rebracket_core.serving.options import ServeOptions

GUARDED = (
    "/v1/validate",
    "/v1/validate/batch",
    "/v1/predict",
    "/v1/transmigration",
    "/v1/runs",
    "/v1/thresholds",
    "/v1/rules",
    "/metrics",
)
OPEN = ("/health", "/docs", "/openapi.json")
BODIES = {
    "/v1/validate": b'{"text": "A bell that was cast in 1911."}',
    "/v1/validate/batch": b'{"items": ["A bell."]}',
    "/v1/predict": b'{"items": ["A bell."]}',
    "/v1/transmigration": b'{"from": "Red", "to": "Blue"}',
}
SEPARATORS = (
    "%0A",
    "%0D",
    "%0D%0A",
    "%00",
    "%09",
    "%0B",
    "%0C",
    "%1C",
    "%1F",
    "%7F",
    "%C2%80",
    "%C2%85",
    "%C2%9F",
    "%E2%80%A8",
    "%E2%80%A9",
)
ELSEWHERE = "127.0.0.2"  # of this machine too, and not one of the names that a server without keys may listen on


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def raw(
    address: tuple[str, int],
    target: str,
    *,
    method: str = "GET",
    host: str | None = "localhost",
    key: str = "",
    body: bytes = b"",
    more: tuple[str, ...] = (),
) -> Answer:
    """What the server says to exactly these bytes; nothing between changes the target."""
    lines = [f"{method} {target} HTTP/1.1", *([] if host is None else [f"Host: {host}"]), *more, "Connection: close"]
    lines += [f"Authorization: Bearer {key}"] if key else []
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
    with socket.create_connection(address, timeout=30) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode("utf-8") + body)
        got = b""
        while part := line.recv(65536):
            got += part
    head, _, rest = got.partition(b"\r\n\r\n")
    first, *named = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in named)}
    return Answer(int(first.split()[1]), headers, rest)


def at(address: tuple[str, int], path: str, *, target: str = "", **more: object) -> Answer:
    """The answer at a path with the method and the body that its endpoint takes, spelled as `target`."""
    method = "POST" if path in BODIES else "GET"
    return raw(address, target or path, method=method, body=BODIES.get(path, b""), **more)  # type: ignore[arg-type]


Serve = Callable[..., tuple[str, int]]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts what `rebracket serve` starts, in a thread, on a free port; gives its address."""
    with contextlib.ExitStack() as stack:
        made: list[server_module.Server] = []

        class Remembered(server_module.Server):
            def __init__(self, *arguments: object) -> None:
                super().__init__(*arguments)  # type: ignore[arg-type]
                made.append(self)

        def start(home: Path, **options: object) -> tuple[str, int]:
            wanted = ServeOptions(port=0, **options)  # type: ignore[arg-type]
            n, failed = len(made), []

            def run() -> None:
                try:
                    server_module.serve(open_home(home), wanted, quiet=True)
                except BaseException as error:  # told to the test
                    failed.append(error)

            thread = threading.Thread(target=run)
            thread.start()
            until = time.monotonic() + 60
            while not failed and (len(made) == n or not made[n].started):
                assert time.monotonic() < until, "the server did not start"
                time.sleep(0.01)
            if failed:
                raise failed[0]

            def stop() -> None:
                made[n].should_exit = True
                thread.join(30)

            stack.callback(stop)
            found = made[n].servers[0].sockets[0].getsockname()
            return str(found[0]), int(found[1])

        monkeypatch.setattr(server_module, "Server", Remembered)
        monkeypatch.setattr(server_module, "_log_to_stderr", lambda quiet: None)
        yield start


def key_store_of(home: Path) -> ApiKeyStore:
    return ApiKeyStore(home / "api_keys.json")


def spellings(path: str) -> list[str]:
    """Ways to write a path that a guard and a router may read differently."""
    first, rest = path[1], path[2:]
    coded = "".join(f"%{ord(letter):02x}" for letter in path[1:])
    tail = path.rpartition("/")[2]
    return [
        path,
        *(f"{path}{end}" for end in SEPARATORS),
        *(f"/{end}{path[1:]}" for end in SEPARATORS[:4]),
        f"/{coded}",
        f"/%{ord(first):02X}{rest}",
        f"/%25{ord(first):02X}{rest}",
        f"{path}%250A",
        f"{path}%20",
        f"{path}%2520",
        path.upper(),
        path.title(),
        path.replace("/", "//"),
        f"/{path}",
        f"//{path}",
        f"{path}/",
        f"{path}//",
        f"{path}/.",
        f"{path}/..",
        f"{path}/../{tail}",
        f"/.{path}",
        f"/..{path}",
        f"/%2e%2e{path}",
        f"/%2e{path}",
        f"/x/..{path}",
        f"/health/..{path}",
        f"/health/%2e%2e{path}",
        f"/docs/..%2f{path[1:]}",
        f"/health%2f..{path}",
        f"/health;{path}",
        f"{path};x=1",
        f"{path};/health",
        f"{path}?x=/health",
        f"{path}?%0A",
        f"{path}#/health",
        f"{path}%23",
        f"{path}%3F",
        path.replace("/", "\\"),
        path.replace("/", "%5c"),
        path.replace("/", "%2F"),
        f"/{path[1:].replace('/', '%2f')}",
        path.replace("/", "%c0%af"),
        path.replace("/", "%e0%80%af"),
        path.replace("/", "%ef%bc%8f"),
        path.replace("/", "%E2%88%95"),
        f"{path}%c0%8a",
        f"{path}%",
        f"{path}%zz",
        f"{path}%u000a",
        f"{path}.json",
        f"{path}*",
        f"http://localhost{path}",
        f"http://localhost/health{path}",
        f"http://evil.example{path}",
        f"http://{path}",
        path[1:],
        f"{path}%EF%BB%BF",
        f"{path}%E2%80%8B",
        f"{path}\t",
        f"{path}\n",
        f"{path}\x00",
        f"{path}\u2028",
        f"{path}\x85",
    ]


# ---- paths -------------------------------------------------------------------------------------------------------------------


def test_every_route_of_the_api_stands_in_one_of_the_two_tables_of_paths(home: Path) -> None:
    from rebracket_core.serving.guard.access import OPEN_PATHS, SCOPES, SERVED_PATHS

    app = create_app(open_home(home))
    paths = {route.path for route in app.routes if isinstance(route, Route | APIRoute)}
    assert len(paths) >= 9 and paths == SERVED_PATHS and len(app.routes) == len(paths)
    assert not OPEN_PATHS & SCOPES.keys() and set(SCOPES) == set(GUARDED) and set(OPEN) < OPEN_PATHS


@pytest.mark.slow
@pytest.mark.parametrize("local", [True, False])
def test_no_spelling_of_a_guarded_path_is_answered_without_a_key(home: Path, serve: Serve, local: bool) -> None:
    keys = key_store_of(home)
    _, right = keys.add("right", scopes=list(Scope))
    revoked, taken_back = keys.add("revoked", scopes=list(Scope))
    keys.revoke(revoked.key_id)
    address = serve(home, host="127.0.0.1" if local else ELSEWHERE)
    opened, tried = [], 0
    for path in GUARDED:
        assert len(set(spellings(path))) >= 60
        for target in spellings(path):
            for key in ("", right[:-1] + "_", taken_back):
                status = at(address, path, target=target, key=key).status
                tried += 1
                if status not in (307, 400, 401, 404):
                    opened.append((target, status))
        plain = at(address, path, key=right)
        assert plain.status == 200, plain
        assert at(address, path).status == at(address, path, key=taken_back).status == 401
    assert not opened and tried >= 900
    assert [raw(address, path).status for path in OPEN] == [200, 200, 200]


def test_a_key_opens_only_what_its_scope_says_however_the_path_is_spelled(home: Path, serve: Serve) -> None:
    _, validates = key_store_of(home).add("validates", scopes=["validate"])
    _, reads = key_store_of(home).add("reads", scopes=["runs"])
    address = serve(home)
    wrong = {
        "/v1/validate": reads,
        "/v1/validate/batch": reads,
        "/v1/predict": reads,
        "/v1/transmigration": reads,
        "/v1/runs": validates,
        "/v1/thresholds": validates,
        "/metrics": reads,
    }
    opened = [
        (target, status)
        for path, key in wrong.items()
        for target in spellings(path)
        if (status := at(address, path, target=target, key=key).status) not in (307, 400, 403, 404)
    ]
    assert not opened


@pytest.mark.parametrize("keyed", [True, False])
def test_a_control_character_in_a_path_is_refused(home: Path, serve: Serve, keyed: bool) -> None:
    key = key_store_of(home).add("right", scopes=list(Scope))[1] if keyed else ""
    address = serve(home)
    for path in (*GUARDED, *OPEN, "/nowhere"):
        for end in SEPARATORS:
            for target in (f"{path}{end}", f"/{end}{path[1:]}", f"{path}{end}/x"):
                answer = at(address, path, target=target, key=key)
                assert answer.status == 400, (target, answer)
                assert json.loads(answer.body)["error"]["message"] == "The path holds a control character."
    for end in ("\x00", "\n", "\x7f", "\x85", "\u2028"):  # as they are, they are no HTTP, which uvicorn says itself
        assert at(address, "/v1/runs", target=f"/v1/runs{end}", key=key).status == 400


@pytest.mark.slow
@pytest.mark.parametrize("keyed", [True, False])
def test_the_rate_holds_whatever_the_spelling(home: Path, serve: Serve, keyed: bool) -> None:
    key = key_store_of(home).add("right", scopes=list(Scope))[1] if keyed else ""
    address = serve(home, per_minute=4)
    start = time.monotonic()
    found = [raw(address, target, key=key).status for path in GUARDED[4:] for target in spellings(path)]
    taken = found.count(200) + found.count(307)
    assert 1 <= taken <= 1 + (time.monotonic() - start) / 15 and found.count(429) > 15
    assert raw(address, "/health").status == 200


def test_without_keys_the_plain_paths_are_answered_and_unknown_ones_are_404(home: Path, serve: Serve) -> None:
    address = serve(home)
    assert [at(address, path).status for path in (*GUARDED, *OPEN)] == [200] * len((*GUARDED, *OPEN))
    assert raw(address, "/nowhere").status == raw(address, "/V1/runs").status == 404
    assert raw(address, "/v1/runs", method="PUT").status == 405


def test_a_slash_too_many_leads_to_the_path_and_names_no_host(home: Path, serve: Serve) -> None:
    address = serve(home, allowed_hosts=("evil.example",))
    for path in (*GUARDED, *OPEN):
        answer = at(address, path, target=f"{path}/?a=b", host="evil.example")
        assert (answer.status, answer.headers["location"]) == (307, f"{path}?a=b")
        assert "evil" not in str(answer)
    assert raw(address, "//evil.example/").status == raw(address, "//evil.example/v1/runs/").status == 404


# ---- keys that are lost ------------------------------------------------------------------------------------------------------


def _lose(path: Path, how: str) -> None:
    whole = path.read_bytes()
    path.unlink()
    if how == "a folder":
        path.mkdir()
    elif how == "a link to nothing":
        path.symlink_to(path.with_name("nowhere"))
    elif how != "gone":
        torn = {
            "empty": b"",
            "torn": whole[: len(whole) // 2],
            "no keys": b'{"keys": []}',
            "zeros": bytes(len(whole)),
            "deep": b"[" * 100_000,
            "null": b"null",
            "other types": whole.replace(b'"digest": "', b'"digest": "\xc3\xa9'),
        }
        path.write_bytes(torn[how])


@pytest.mark.parametrize("host", ["127.0.0.1", ELSEWHERE])
def test_lost_keys_close_the_server_until_they_are_back(
    home: Path, serve: Serve, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = home / "api_keys.json"
    _, key = key_store_of(home).add("right", scopes=list(Scope))
    whole = path.read_bytes()
    address = serve(home, host=host)
    for how in ("gone", "empty", "torn", "no keys", "zeros", "deep", "null", "other types", "a folder", "a link to nothing"):
        _lose(path, how)
        for secret in ("", key):
            for asked in (*GUARDED, "/docs", "/openapi.json", "/nowhere", "/v1/runs/"):
                answer = at(address, asked, key=secret)
                error = json.loads(answer.body)["error"]
                assert answer.status == 503 and "keys" in error["message"] and error["found"] and error["hint"], (how, asked)
                assert str(home).encode() not in answer.body and answer.headers["retry-after"]
            health = raw(address, "/health")
            told = json.loads(health.body)
            assert health.status == 503 and told["live"] and not told["ready"] and "keys" in told["trouble"], how
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        path.write_bytes(whole)
        assert at(address, "/v1/runs", key=key).status == 200 and at(address, "/v1/runs").status == 401, how
        assert raw(address, "/health").status == 200
    assert not [record for record in caplog.records if record.exc_info]
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) >= 10


def test_keys_that_came_while_the_server_ran_cannot_be_lost_either(home: Path, serve: Serve) -> None:
    address = serve(home)
    assert raw(address, "/v1/runs").status == 200  # this machine alone, and there were never keys
    key_store_of(home).add("right", scopes=list(Scope))
    assert raw(address, "/v1/runs").status == 401
    (home / "api_keys.json").unlink()
    assert [raw(address, "/v1/runs").status for _ in range(3)] == [503] * 3


def test_keys_that_vanish_before_the_first_request_cannot_be_lost_either(home: Path, serve: Serve) -> None:
    key_store_of(home).add("right", scopes=list(Scope))
    address = serve(home)
    (home / "api_keys.json").unlink()
    assert raw(address, "/v1/runs").status == 503


def test_keys_that_came_and_went_between_two_requests_cannot_be_lost_either(home: Path, serve: Serve) -> None:
    address = serve(home)
    assert raw(address, "/v1/runs").status == 200
    key_store_of(home).add("right", scopes=list(Scope))
    (home / "api_keys.json").unlink()
    assert [raw(address, "/v1/runs").status for _ in range(2)] == [503] * 2


def test_a_file_of_keys_without_end_is_not_read(home: Path, serve: Serve) -> None:
    _, key = key_store_of(home).add("right", scopes=list(Scope))
    address = serve(home)
    os.truncate(home / "api_keys.json", 3 * 2**30)  # sparse: it takes no room
    begin = time.monotonic()
    assert raw(address, "/v1/runs", key=key).status == 503 and time.monotonic() - begin < 5


def test_keys_that_vanish_before_the_server_starts_cannot_be_lost_either(home: Path, serve: Serve) -> None:
    key_store_of(home).add("right", scopes=list(Scope))
    (home / "api_keys.json").unlink()
    address = serve(home)
    answer = raw(address, "/v1/runs")
    assert answer.status == 503 and "api_keys.json.lock" in json.loads(answer.body)["error"]["hint"]
    (home / "api_keys.json.lock").unlink()
    assert raw(address, "/v1/runs").status == 503
    assert raw(serve(home), "/v1/runs").status == 200  # as a home that never had keys


def test_a_server_whose_keys_are_all_revoked_is_closed(home: Path, serve: Serve) -> None:
    keys = key_store_of(home)
    key, secret = keys.add("right", scopes=list(Scope))
    keys.revoke(key.key_id)
    for host in ("127.0.0.1", ELSEWHERE):
        address = serve(home, host=host)
        assert {at(address, path, key=one).status for path in GUARDED for one in ("", secret)} == {401}


# ---- hosts -------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_without_keys_a_foreign_host_is_refused_on_every_path(home: Path, serve: Serve) -> None:
    address = serve(home, allowed_hosts=("rebracket.internal", "[fd00::7]"))
    ours = (
        "localhost",
        "localhost:1",
        "LocalHost:8600",
        "127.0.0.1",
        f"127.0.0.1:{address[1]}",
        "[::1]",
        "[::1]:8600",
        "rebracket.internal:8600",
        "[FD00::7]:1",
    )
    foreign = (
        "evil.example",
        "evil.example:8600",
        "localhost.evil.example",
        "localhost@evil.example",
        "[::2]",
        "::1",
        "127.0.0.1.evil.example",
        "192.0.2.1",
        "evil.example#localhost",
        "localhost:x",
        "localhost/",
        "0",
        "",
        "x.rebracket.internal",
    )
    assert [raw(address, "/v1/runs", host=host).status for host in ours] == [200] * len(ours)
    for host in foreign:
        for path in (*GUARDED, *OPEN, "/nowhere", "/v1/runs/"):
            answer = at(address, path, host=host, more=("X-Forwarded-Host: localhost",))
            assert answer.status == 400 and "location" not in answer.headers, (host, path)
    told = json.loads(raw(address, "/v1/runs", host="evil.example").body)["error"]
    assert "evil.example" in told["found"] and "--allow-host" in told["hint"]
    assert raw(address, "http://evil.example/v1/runs", host="localhost").status == 404
    with socket.create_connection(address, timeout=30) as line:  # a probe of HTTP/1.0 has no Host, and a browser always has one
        line.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        assert b" 200 " in line.recv(65536)


def test_with_keys_the_key_decides_and_not_the_host(home: Path, serve: Serve) -> None:
    _, key = key_store_of(home).add("right", scopes=list(Scope))
    address = serve(home)
    assert raw(address, "/v1/runs", host="evil.example", key=key).status == 200
    assert raw(address, "/v1/runs", host="evil.example").status == 401


# ---- proxies -----------------------------------------------------------------------------------------------------------------


def _asked(address: tuple[str, int], *headers: str) -> list[int]:
    """The statuses of three requests, where {} in a header is another number each time."""
    return [raw(address, "/v1/runs", more=tuple(one.format(n) for one in headers)).status for n in range(1, 4)]


LIMITED = [200, 429, 429]


@pytest.mark.parametrize("header", ["X-Forwarded-For: 127.1.2.{}", "Forwarded: for=127.1.2.{}", "X-Real-IP: 127.1.2.{}"])
def test_a_stranger_cannot_say_who_he_is(home: Path, serve: Serve, header: str) -> None:
    assert _asked(serve(home, per_minute=4), header) == LIMITED
    assert _asked(serve(home, per_minute=4, trusted_proxies=("192.0.2.0/24",)), header) == LIMITED


def test_a_named_proxy_says_who_asks(home: Path, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="rebracket.access")
    for header in (
        "X-Forwarded-For: 127.1.2.{}",
        "Forwarded: for=127.1.2.{};proto=https",
        'Forwarded: for="[::ffff:127.1.2.{}]:4711"',
    ):
        address = serve(home, per_minute=4, trusted_proxies=("127.0.0.1", "10.0.0.0/8"))
        assert _asked(address, header) == [200] * 3
        assert _asked(address, header.replace("{}", "99")) == LIMITED
    callers = {json.loads(record.message)["caller"] for record in caplog.records if record.name == "rebracket.access"}
    assert {"127.1.2.3", "127.1.2.99"} <= callers and "127.0.0.1" not in callers


FOREIGN = (
    "X-Forwarded-For: 192.0.2.{}",
    "X-Forwarded-For: 127.0.0.1, 192.0.2.{}",
    "X-Forwarded-For: 192.0.2.{}, 127.0.0.1",
    "X-Forwarded-For: nonsense",
    "X-Forwarded-For: ",
    "X-Real-IP: 192.0.2.{}",
    "X-Cluster-Client-IP: 192.0.2.{}",
    "Fastly-Client-IP: 192.0.2.{}",
    "X-Envoy-External-Address: 192.0.2.{}",
    "X-Azure-ClientIP: 192.0.2.{}",
    "X-Original-Forwarded-For: 192.0.2.{}",
    "X-ProxyUser-Ip: 192.0.2.{}",
    "CF-Connecting-IPv6: 2001:db8::{}",
    "DO-Connecting-IP: 192.0.2.{}",
    "X-Appengine-User-IP: 192.0.2.{}",
    "X-Vercel-Forwarded-For: 192.0.2.{}",
    "X-Forwarded: for=192.0.2.{}",
    "Forwarded: for=127.0.0.1;for=192.0.2.{}",
    "X-Forwarded-Port: 443",
    "X-Forwarded-Prefix: /songs",
    "CDN-Loop: cloudflare",
    "CF-Connecting-IP: 2001:db8::{}",
    "Forwarded: for=192.0.2.{};proto=https",
    "Forwarded: for=unknown",
    "Forwarded: by=127.0.0.1",
    'Forwarded: for="[2001:db8::{}]:4711"',
    "Via: 1.1 proxy",
    "X-Forwarded-Proto: https",
)


@pytest.mark.parametrize("proxies", [(), ("127.0.0.1",), ("127.0.0.0/8", "::1")])
def test_a_server_without_keys_answers_nobody_for_whom_a_proxy_asks(home: Path, serve: Serve, proxies: tuple[str, ...]) -> None:
    address = serve(home, trusted_proxies=proxies)
    for header in FOREIGN:
        assert _asked(address, header) == [403] * 3, header
    for path in (*GUARDED, *OPEN, "/nowhere"):
        assert at(address, path, more=("X-Forwarded-For: 192.0.2.7",)).status == 403, path
    assert raw(address, "/v1/runs").status == 200
    _, key = key_store_of(home).add("right", scopes=list(Scope))
    for header in FOREIGN:
        assert raw(address, "/v1/runs", key=key, more=(header.format(7),)).status == 200, header


@pytest.mark.parametrize(
    "headers",
    [
        ("x-forwarded-for: 192.0.2.1, 198.51.100.7",),  # what stands before the last stranger is his own word
        ("x-forwarded-for: 192.0.2.1", "x-forwarded-for: 198.51.100.7"),
        ("x-forwarded-for: 192.0.2.1, 198.51.100.7, 10.1.2.3",),
        ("x-forwarded-for: 192.0.2.1, 198.51.100.7, 10.1.2.3, 127.0.0.1",),
        ("forwarded: for=192.0.2.1, for=198.51.100.7:80",),
    ],
)
def test_of_several_callers_the_last_that_is_no_trusted_proxy_counts(headers: tuple[str, ...]) -> None:
    assert _caller(headers) == "198.51.100.7"


@pytest.mark.parametrize(
    "headers",
    [
        ("x-forwarded-for: 192.0.2.1, nonsense",),
        ("x-forwarded-for: 192.0.2.1, ",),
        ("forwarded: for=192.0.2.1, for=unknown",),
        ("forwarded: for=192.0.2.1, by=10.0.0.1",),
        ("forwarded: for=192.0.2.1;for=198.51.100.7",),
        ("x-forwarded-for: 198.51.100.7", "forwarded: for=192.0.2.1"),  # a proxy that hands on the header it does not set
        ("x-forwarded-for: 192.0.2.1", "forwarded: for=198.51.100.7"),
    ],
)
def test_a_proxy_is_not_believed_what_its_caller_wrote(headers: tuple[str, ...]) -> None:
    assert _caller(headers) == "127.0.0.1"


def _caller(headers: tuple[str, ...]) -> str:
    """Who asks where this machine and 10.0.0.0/8 are trusted proxies, and the connection is this machine's."""
    from rebracket_core.serving.guard.access import TrustedProxies

    pairs = [(name.encode(), value.encode()) for name, _, value in (one.partition(": ") for one in headers)]
    scope: dict[str, object] = {"client": ("127.0.0.1", 1), "scheme": "http", "headers": pairs}
    TrustedProxies(("127.0.0.1", "10.0.0.0/8")).apply(scope)
    return scope["client"][0]  # type: ignore[index, no-any-return]


def test_the_scheme_is_believed_from_a_named_proxy_alone() -> None:
    from rebracket_core.serving.guard.access import TrustedProxies

    def scheme(peer: str, *said: bytes) -> object:
        scope = {"client": (peer, 1), "scheme": "http", "headers": [(b"x-forwarded-proto", one) for one in said]}
        TrustedProxies(("10.0.0.1",)).apply(scope)
        return scope["scheme"]

    assert scheme("10.0.0.1", b"https") == scheme("::ffff:10.0.0.1", b" HTTPS ") == "https"
    assert scheme("10.0.0.2", b"https") == scheme("testclient", b"https") == "http"
    assert scheme("10.0.0.1", b"gopher") == scheme("10.0.0.1", b"https", b"http") == scheme("10.0.0.1") == "http"
