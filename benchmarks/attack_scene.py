"""What attacks have in common: the scene, an attack, homes of the script's own, and requests that are sent as they stand."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rebracket_core.settings import Settings
from tests.support.app_server import AppServer

TEXT = "A bell cast in 1911 hung in the drowned tower, number {}."
WAIT_S = 15.0
LOCAL = ["Content-Type: application/json"]


@dataclass(slots=True)
class Scene:
    """What is attacked: the ports of two APIs and the app, their homes, a key that may read runs, and a folder for files.

    `soak_s` is how long the soak holds on.
    """

    room: Path
    home: Path
    open_port: int = 0
    keyed_port: int = 0
    key: str = ""
    app: AppServer | None = None
    server: subprocess.Popen[bytes] | None = None
    soak_s: float = 0.0
    answered: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Attack:
    """An attack: its name, what it is to meet, and how it is made; `run` gives what it met."""

    name: str
    expected: str
    run: Callable[[Scene], str]
    long: bool = False


def status(
    port: int, target: str, *, method: str = "GET", head: Sequence[str] = (), body: bytes = b"", host: str = "localhost"
) -> str:
    """The status of one request that is sent as it stands."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", f"Content-Length: {len(body)}", *head, "", ""]
    got = exchange(port, "\r\n".join(lines).encode() + body)[1]
    return got.split(b" ")[1].decode() if got.startswith(b"HTTP/") else "no answer"


def exchange(port: int, sent: bytes, *, trickle: bytes = b"") -> tuple[bool, bytes]:
    """Whether the server closed the connection in time, and what it said."""
    until, got = time.monotonic() + WAIT_S, b""
    with socket.create_connection(("127.0.0.1", port), timeout=0.2) as line:
        with contextlib.suppress(OSError):
            line.sendall(sent)
        while time.monotonic() < until:
            try:
                if trickle:
                    line.sendall(trickle)
                part = line.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return True, got
            if not part:
                return True, got
            got += part
    return False, got


def posted(
    scene: Scene, body: bytes, *, head: Sequence[str] = ("Content-Type: application/json",), path: str = "/v1/validate"
) -> str:
    """The status of a body at the API without keys."""
    return status(scene.open_port, path, method="POST", head=head, body=body)


def of(text: str, **more: object) -> bytes:
    """The body for one text."""
    return json.dumps({"text": text, **more}).encode()


def all_of(answers: Sequence[str]) -> str:
    """The different answers, each once."""
    return ", ".join(sorted(set(answers)))


def settings_of(home: Path) -> Settings:
    """The settings of a home of the script's own."""
    return Settings.from_env({"REBRACKET_HOME": str(home)})


def copied(home: Path, to: Path) -> Path:
    """A copy of a home without its database; the encoder's graph is linked."""
    shutil.copytree(home, to, ignore=shutil.ignore_patterns("workbench.db*", "cache", "api_keys*"))
    (to / "cache").mkdir()
    (to / "cache" / "encoders").symlink_to(home / "cache" / "encoders")
    return to
