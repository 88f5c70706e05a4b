"""A worker that is ready before it is asked for: it has imported what jobs run, and waits for one of any kind.

Interpreter and libraries take most of the time from the press of a button to the first point of a curve. A server of pages
therefore keeps one process ready while somebody chooses what to train. What the process is given travels over a socket, the
descriptors of log and lock too; until it has read them the system holds the lock for it, so a job never shows as lost.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from rebracket_core.settings import Settings

IDLE_S = 900.0
LEAST_FREE_BYTES = 2 * 2**30
NICE = 10  # pages are drawn before a job goes on: where cores are few, people would wait for it
MESSAGE_BYTES = 64 * 1024
MOST_DESCRIPTORS = 8
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _WarmWorker:
    process: subprocess.Popen[bytes]
    connection: socket.socket
    env: Mapping[str, str]

    @property
    def waits(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        """Close the connection: the process ends by itself once nobody holds the other end of it."""
        self.connection.close()


_guard = threading.Lock()
_allowed = False
_warm: _WarmWorker | None = None


def allow() -> None:
    """Let this process keep a warm worker: it is a server that stays, with people in front of it."""
    global _allowed
    _allowed = hasattr(socket, "send_fds")


def keep_one(settings: Settings) -> None:
    """Start a warm worker unless one waits already, or memory is short; nothing where none is allowed.

    It ends after `IDLE_S` seconds in which nobody wanted it, and with the process that started it.
    """
    global _warm
    env = worker_env(settings)
    with _guard:
        if not _allowed or (_warm is not None and _warm.waits and _warm.env == env) or _free_bytes() < LEAST_FREE_BYTES:
            return
        if _warm is not None:
            _warm.end()
        _warm = _started(env)


def send(arguments: Sequence[str], *, env: Mapping[str, str], log: IO[bytes], descriptors: Sequence[int]) -> bool:
    """Give an attempt to the warm worker, with the descriptors and the log, and return whether it took it.

    False where there is none, or where it was started in another environment than a fresh worker would have now.
    """
    global _warm
    with _guard:
        warm, _warm = _warm, None
    if warm is None:
        return False
    try:
        if not warm.waits or warm.env != env:
            return False
        socket.send_fds(warm.connection, [json.dumps(list(arguments)).encode()], [log.fileno(), *descriptors])
    except OSError as error:
        logger.info("The warm worker is gone: %s", error)
        return False
    finally:
        warm.end()
    return True


def worker_env(settings: Settings) -> dict[str, str]:
    """The environment of a worker."""
    return {**os.environ, **settings.to_env()}


def _started(env: Mapping[str, str]) -> _WarmWorker:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "rebracket_core.jobs.workers.warm_worker", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(theirs.fileno(),),
            env=dict(env),
        )
    return _WarmWorker(process, ours, dict(env))


def _free_bytes() -> int:
    import psutil

    return int(psutil.virtual_memory().available)
