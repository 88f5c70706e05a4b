"""The warm worker: it imports what trains, waits for an attempt, and is then its worker (`warm_pool` starts it)."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Sequence

from rebracket_core.files import keep_private
from rebracket_core.jobs.workers.warm_pool import IDLE_S, MESSAGE_BYTES, MOST_DESCRIPTORS, NICE


def main(arguments: Sequence[str]) -> int:
    """Import what trains, wait for an attempt, and be its worker; 0 where none came."""
    keep_private()
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
        said, descriptors, _, _ = socket.recv_fds(line, MESSAGE_BYTES, MOST_DESCRIPTORS)
    except TimeoutError:
        line.shutdown(socket.SHUT_RDWR)  # from here on nothing can be sent; what was sent just before is still read
        said, descriptors, _, _ = socket.recv_fds(line, MESSAGE_BYTES, MOST_DESCRIPTORS)
    return said, list(descriptors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
