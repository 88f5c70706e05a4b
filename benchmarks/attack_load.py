"""Attacks that last, end a server or send it files: the soak, signals under load, uploads; each within a time of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.attack_scene import LOCAL, TEXT, WAIT_S, Attack, Scene, copied, exchange, of, posted, settings_of
from benchmarks.soak import soak
from rebracket_core.workbench import Workbench
from tests.support.http_load import Caller, free_port, running

SOAK_CLIENTS = 64
STEADY_S = 600.0  # a shorter soak fills caches and says nothing of growth
DRAIN_S, SPARE_S = 5.0, 6.0
UPLOAD_CLIENTS, UPLOAD_BYTES = 30, 7_500_000

# ---- the soak ----------------------------------------------------------------------------------------------------------


def soaked(scene: Scene) -> str:
    """Mixed load of many clients with bad requests among it, and SIGTERM under load at its end."""
    home = copied(scene.home, scene.room / "soaked")
    found = soak(settings_of(home), seconds=scene.soak_s, clients=SOAK_CLIENTS, log=scene.room / "soak.log")
    problems = found.problems() if scene.soak_s >= STEADY_S else found.problems(growth=float("inf"))
    if b"Traceback" in (scene.room / "soak.log").read_bytes():
        problems.append("a traceback in the log")
    return "; ".join(problems)[:200] or "nothing lost or mixed up"


# ---- the end of a server -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def to_be_ended(scene: Scene) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """A server over a home of its own that keeps verdicts, its port and its home."""
    home, port = copied(scene.home, scene.room / f"ended-{time.monotonic_ns()}"), free_port()
    line = ["-m", "rebracket_core.cli", "serve", "--quiet", "--history", "--drain", str(DRAIN_S), "--per-minute", "1000000"]
    with running([*line, "--home", str(home), "--port", str(port)], port=port) as process:
        yield process, port, home


def ended_in_time(process: subprocess.Popen[bytes]) -> str:
    """How a process that was told to stop ended."""
    try:
        return f"ended with {process.wait(DRAIN_S + SPARE_S)} in time"
    except subprocess.TimeoutExpired:
        return "did not end"


def ended_under_load(scene: Scene) -> str:
    """SIGTERM while 32 callers ask: what was answered is whole and kept, and the server ends."""
    answered: list[str] = []
    broken: list[str] = []
    with to_be_ended(scene) as (process, port, home):

        def ask(which: int) -> None:
            with contextlib.suppress(OSError, http.client.HTTPException), Caller(port, timeout_s=WAIT_S) as caller:
                for number in range(10_000):
                    text = TEXT.format(f"ended {which}-{number}")
                    status, body = caller.post("/v1/validate", of(text))
                    if status != 200:
                        broken.extend([] if status == 503 else [str(status)])
                        return
                    answered.append(json.loads(body)["text"])

        threads = [threading.Thread(target=ask, args=(which,)) for which in range(32)]
        for thread in threads:
            thread.start()
        until = time.monotonic() + WAIT_S
        while len(answered) < 60 and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        end = ended_in_time(process)
        for thread in threads:
            thread.join(WAIT_S)
    kept = {entry.verdict["text"] for entry in Workbench(settings_of(home)).history.search(limit=100_000)}
    lost = len(set(answered) - kept)
    return f"{end}, {lost} lost" + (f", also {', '.join(sorted(set(broken)))}" if broken else "") if answered else "no answer"


def ended_beside(sent: bytes, trickle: bytes = b"") -> Callable[[Scene], str]:
    """SIGTERM while a caller has sent only so much, and perhaps sends a byte now and then."""

    def run(scene: Scene) -> str:
        with to_be_ended(scene) as (process, port, _):
            thread = threading.Thread(target=exchange, args=(port, sent), kwargs={"trickle": trickle})
            thread.start()
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            end = ended_in_time(process)
            thread.join(2 * WAIT_S)
        return end

    return run


# ---- uploads -----------------------------------------------------------------------------------------------------------


def many_bodies(scene: Scene) -> str:
    """Thirty bodies below the limit of one, held back before their ends: beyond their common limit they are refused."""
    head = f"POST /v1/validate/batch HTTP/1.1\r\nHost: localhost\r\n{LOCAL[0]}\r\nContent-Length: {UPLOAD_BYTES + 1}\r\n\r\n"
    refused = 0
    with contextlib.ExitStack() as stack:
        for _ in range(UPLOAD_CLIENTS):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", scene.open_port), timeout=WAIT_S))
            with contextlib.suppress(OSError):
                line.sendall(head.encode() + b" " * UPLOAD_BYTES)
            line.settimeout(0.05)
            with contextlib.suppress(OSError):
                refused += line.recv(4096).startswith(b"HTTP/1.1 503")
        beside = posted(scene, of(TEXT.format("beside the bodies")))
    after = posted(scene, of(TEXT.format("after the bodies")))
    return f"{'some' if 0 < refused < UPLOAD_CLIENTS else refused} refused with 503, {beside} beside them, {after} after them"


def app_upload(size: int = 8, session: str = "", **headers: str) -> Callable[[Scene], str]:
    """A file to the app: the status that it gets."""

    def run(scene: Scene) -> str:
        from tests.support.app_visits import upload_status

        assert scene.app is not None
        return str(upload_status(scene.app, content=b"text\nabc" + b"a" * (size - 8), session=session, **headers))

    return run


_HALF = b"POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{"
_GOES = "ended with 0 in time"
ENDS: tuple[Attack, ...] = (
    Attack("SIGTERM under 32 callers", f"{_GOES}, 0 lost", ended_under_load),
    Attack("SIGTERM, a body that never comes", _GOES, ended_beside(_HALF)),
    Attack("SIGTERM, a body that trickles", _GOES, ended_beside(_HALF, b" ")),
    Attack("SIGTERM, a head that trickles", _GOES, ended_beside(b"GET /health HTTP/1.1\r\nX: ", b"y")),
    Attack(f"soak: mixed load of {SOAK_CLIENTS} clients, SIGTERM at its end", "nothing lost or mixed up", soaked, long=True),
)
UPLOADS: tuple[Attack, ...] = (
    Attack("30 bodies of 7.5 MB held back", "some refused with 503, 200 beside them, 200 after them", many_bodies),
)
APP_UPLOADS: tuple[Attack, ...] = (
    Attack("app: a file of a visitor who was let in", "204", app_upload(), long=True),
    Attack("app: a file, forged X-Forwarded-For", "403", app_upload(X_Forwarded_For="203.0.113.9"), long=True),
    Attack("app: a file for a session that is not there", "403", app_upload(session="00000000"), long=True),
    Attack("app: a file from a foreign page", "403", app_upload(Origin="https://evil.example"), long=True),
    Attack("app: a file above the limit of one", "413", app_upload(size=70_000_000), long=True),
)
