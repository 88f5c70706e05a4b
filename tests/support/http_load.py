"""Servers in processes of their own and clients that keep them busy, for measurements and for the soak."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READY_S = 120.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def running(arguments: Sequence[str], *, port: int, log: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process that listens on the port, once it answers at /health; stopped at the end."""
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(log.open("wb")) if log else subprocess.DEVNULL
        process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=dict(os.environ), stdout=sink, stderr=sink)
        try:
            _wait_until_ready(process, port)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(OSError, http.client.HTTPException), Caller(port) as caller:
            if caller.get("/health")[0] == 200:
                return
        time.sleep(0.1)
    raise RuntimeError("the server was not ready in time")


class Caller:
    """One client with one connection that stays open."""

    def __init__(self, port: int, *, timeout_s: float = 60.0) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        self._http.request("GET", path)
        answer = self._http.getresponse()
        return answer.status, answer.read()

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        self._http.request("POST", path, body, {"Content-Type": "application/json"})
        answer = self._http.getresponse()
        return answer.status, answer.read()

    def ask(self, text: str) -> float:
        """The seconds to the verdict on a text. Raises RuntimeError where none came."""
        start = time.perf_counter()
        status, body = self.post("/v1/validate", json.dumps({"text": text}).encode())
        if status != 200:
            raise RuntimeError(f"status {status}: {body[:200]!r}")
        return time.perf_counter() - start


def timed_requests(port: int, texts: Sequence[str], *, clients: int) -> list[float]:
    """The seconds to each verdict, the texts dealt out to clients that ask at once, each one after the other."""
    found: list[list[float]] = [[] for _ in range(clients)]
    failed: list[BaseException] = []

    def client(which: int) -> None:
        try:
            with Caller(port) as caller:
                found[which] = [caller.ask(text) for text in texts[which::clients]]
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            failed.append(error)

    threads = [threading.Thread(target=client, args=(which,)) for which in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return [seconds for part in found for seconds in part]
