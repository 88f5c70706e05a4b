"""The warm worker: it imports what jobs run, waits for an attempt, and is then its worker (`warm_pool` starts it)."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Sequence

from rebracket_core.files import keep_private
from rebracket_core.jobs.workers.warm_pool import IDLE_S, MESSAGE_BYTES, MOST_DESCRIPTORS, NICE


def main(arguments: Sequence[str]) -> int:
    """Import what jobs run, wait for an attempt, and be its worker; 0 where none came."""
    keep_private()
    connection = socket.socket(fileno=int(arguments[0]))
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    from rebracket_core.jobs.kinds import JOB_KINDS
    from rebracket_core.jobs.workers import worker

    for kind in JOB_KINDS:
        kind.warm_up()
    with connection:
        message, descriptors = _received(connection)
    if not message:
        return 0
    log, *_held = descriptors  # the lock is held as long as its descriptor is open
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    return worker.main(json.loads(message))


def _received(connection: socket.socket) -> tuple[bytes, list[int]]:
    """What the server sends; nothing where it ends or the time is over."""
    connection.settimeout(IDLE_S)
    try:
        message, descriptors, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, MOST_DESCRIPTORS)
    except TimeoutError:
        connection.shutdown(socket.SHUT_RDWR)  # nothing can be sent from here on; what was sent just before is still read
        message, descriptors, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, MOST_DESCRIPTORS)
    return message, list(descriptors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
