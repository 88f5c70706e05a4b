"""A worker that is ready before it is asked for: it has imported what trains, and waits for a run.

Interpreter and libraries take most of the time from the press of a button to the first point of a curve. A server of pages
therefore keeps one process ready while somebody chooses what to train. What the process is given travels over a socket, the
descriptors of log and lock too; until it has read them the system holds the lock for it, so a run is never thought lost.
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
NICE = 10  # pages are drawn before a training goes on: where cores are few, people would wait for it
_MESSAGE_BYTES = 64 * 1024
_MOST_DESCRIPTORS = 8
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Spare:
    process: subprocess.Popen[bytes]
    line: socket.socket
    env: Mapping[str, str]

    @property
    def waits(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        """Nothing; it ends by itself once nobody holds the other end of its line."""
        self.line.close()


_guard = threading.Lock()
_allowed = False
_spare: _Spare | None = None


def allow() -> None:
    """Let this process keep a spare worker: it is a server that stays, with people in front of it."""
    global _allowed
    _allowed = hasattr(socket, "send_fds")


def keep_one(settings: Settings) -> None:
    """Start a spare worker unless one waits already, or memory is short; nothing where none is allowed.

    It ends after `IDLE_S` seconds in which nobody wanted it, and with the process that started it.
    """
    global _spare
    env = worker_env(settings)
    with _guard:
        if not _allowed or (_spare is not None and _spare.waits and _spare.env == env) or _free_bytes() < LEAST_FREE_BYTES:
            return
        if _spare is not None:
            _spare.end()
        _spare = _started(env)


def hand_over(arguments: Sequence[str], *, env: Mapping[str, str], log: IO[bytes], descriptors: Sequence[int]) -> bool:
    """Whether the spare worker takes an attempt over: it holds the descriptors, and writes into the log.

    No where there is none, or where it was started in another environment than a fresh worker would have now.
    """
    global _spare
    with _guard:
        spare, _spare = _spare, None
    if spare is None:
        return False
    try:
        if not spare.waits or spare.env != env:
            return False
        socket.send_fds(spare.line, [json.dumps(list(arguments)).encode()], [log.fileno(), *descriptors])
    except OSError as error:
        logger.info("The spare worker is gone: %s", error)
        return False
    finally:
        spare.end()
    return True


def worker_env(settings: Settings) -> dict[str, str]:
    """The environment of a worker."""
    return {**os.environ, **settings.to_env()}


def _started(env: Mapping[str, str]) -> _Spare:
    ours, its = socket.socketpair()
    with its:
        process = subprocess.Popen(
            [sys.executable, "-m", "rebracket_core.jobs.workers.warm_worker", str(its.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(its.fileno(),),
            env=dict(env),
        )
    return _Spare(process, ours, dict(env))


def _free_bytes() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


def main(arguments: Sequence[str]) -> int:
    """Import what trains, wait for an attempt, and be its worker; 0 where none came."""
    line = socket.socket(fileno=int(arguments[0]))
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    import torch  # noqa: F401

    from rebracket_core.jobs.workers import worker

    with line:
        said, descriptors = _received(line)
    if not said:
        return 0
    log, *_held = descriptors  # the lock is held as long as its descriptor is open
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    return worker.main(json.loads(said))


def _received(line: socket.socket) -> tuple[bytes, list[int]]:
    """What the server sends, and nothing where it ends or the time is over."""
    line.settimeout(IDLE_S)
    try:
        said, descriptors, _, _ = socket.recv_fds(line, _MESSAGE_BYTES, _MOST_DESCRIPTORS)
    except TimeoutError:
        line.shutdown(socket.SHUT_RDWR)  # from here on nothing can be sent; what was sent just before is still read
        said, descriptors, _, _ = socket.recv_fds(line, _MESSAGE_BYTES, _MOST_DESCRIPTORS)
    return said, list(descriptors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
