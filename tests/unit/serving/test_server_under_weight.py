"""A real server beside batches of 7.9 MB: small requests get their turn, /health answers, what nobody waits for is dropped."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.http_load import Caller, free_port, running

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.alone]

SENTENCE = "The bell that was cast in {year} hung in the wheelhouse, and its number is still stamped on the rim. "
ITEMS, BYTES = 1000, 7_900_000
# One worker is left to small requests, which share the processor with a large one. A server whose workers all have a large one
# keeps a small request waiting until one of them is done, which takes minutes.
SMALL_P95_S = 2.0
HEALTH_P95_S = 0.25


def batch(first: int) -> bytes:
    """A batch of 7.9 MB, 1000 texts of the same length, no two the same."""
    texts = ["".join(SENTENCE.format(year=first + n + k) for k in range(80))[: BYTES // ITEMS - 4] for n in range(ITEMS)]
    return json.dumps({"items": texts}).encode()


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


class Pending:
    """A batch that was sent, its answer not yet read; closing the connection is what a client that goes away does."""

    def __init__(self, port: int, body: bytes) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.http.request("POST", "/v1/validate/batch", body, {"Content-Type": "application/json"})

    def leave(self) -> None:
        assert self.http.sock is not None
        self.http.sock.shutdown(socket.SHUT_RDWR)
        self.http.close()


def health(port: int) -> dict[str, object]:
    with Caller(port) as caller:
        found: dict[str, object] = json.loads(caller.get("/health")[1])
        return found


def until(condition: Callable[[], bool], *, timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def port(home: Path, tmp_path: Path) -> Iterator[int]:
    """A server that takes two batches of 7.9 MB at once."""
    found = free_port()
    serve = ["-m", "rebracket_core.cli", "serve", "--port", str(found), "--quiet", "--per-minute", "1000000", "--drain", "1"]
    with running([*serve, "--max-chars", "8000000", "--max-queued-chars", "20000000"], port=found, log=tmp_path / "log"):
        yield found
    assert b"Traceback" not in (tmp_path / "log").read_bytes()


def test_small_requests_get_their_turn_beside_two_batches_which_are_dropped_with_their_callers(port: int) -> None:
    with Caller(port) as caller:
        alone = [caller.ask(SENTENCE.format(year=n)) for n in range(10)]
        pending = [Pending(port, batch(1000 + 5000 * which)) for which in range(2)]
        until(lambda: health(port)["queued"] == 2 * ITEMS, timeout_s=20)
        small = [caller.ask(SENTENCE.format(year=3000 + n)) for n in range(30)]
    print(
        f"\nsmall requests: median alone {statistics.median(alone):.3f} s; beside two batches median "
        f"{statistics.median(small):.3f} s, p95 {p95(small):.3f} s"
    )
    assert int(str(health(port)["queued"])) > ITEMS  # they were there all the time
    assert p95(small) < SMALL_P95_S
    for one in pending:
        one.leave()
    until(lambda: health(port)["queued"] == 0, timeout_s=20)  # to score them would take minutes
    with Caller(port) as caller:
        assert b'rebracket_dropped_requests_total{why="gone"} 2.0' in caller.get("/metrics")[1]


def test_health_answers_while_large_and_hostile_bodies_come_in(port: int) -> None:
    hostile = [
        b'{"items":[' + b"{}," * (BYTES // 3) + b"{}]}",
        b'{"text":"' + b"\\u0001" * (BYTES // 6) + b'"}',
        b'{"text": "a", "fields":{' + b",".join(b'"%d":""' % n for n in range(BYTES // 12)) + b"}}",
        b'{"items":[' + b"1.5," * (BYTES // 4) + b"0]}",
        batch(1),
        json.dumps({"text": SENTENCE * 70_000}).encode(),
    ]
    stop, statuses = threading.Event(), []

    def send() -> None:
        with Caller(port, timeout_s=120) as caller:
            while not stop.is_set():
                for body in hostile:
                    path = "/v1/validate" if b'"text"' in body[:10] else "/v1/validate/batch"
                    if body is hostile[4]:
                        sent = Pending(port, body)
                        time.sleep(0.5)
                        sent.leave()
                    else:
                        statuses.append(caller.post(path, body)[0])

    thread = threading.Thread(target=send)
    thread.start()
    waits = []
    try:
        with Caller(port) as caller:
            end = time.monotonic() + 10
            while time.monotonic() < end:
                start = time.perf_counter()
                assert caller.get("/health")[0] == 200
                waits.append(time.perf_counter() - start)
                time.sleep(0.01)
    finally:
        stop.set()
        thread.join(120)
    print(f"\n/health: median {statistics.median(waits):.3f} s, p95 {p95(waits):.3f} s, longest {max(waits):.3f} s")
    assert set(statuses) <= {413, 422} and len(statuses) >= 5
    assert p95(waits) < HEALTH_P95_S
