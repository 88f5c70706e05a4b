"""Whether an attempt's worker lives, from its first moment: a lock that it inherits, which the system frees when it ends.

A process number would have to be guessed at: another process may have it by now, or it is of another machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rebracket_core.files import PRIVATE_FILE

try:
    import fcntl
except ImportError:  # a system without it; its workers show as lost when they were too long in starting
    fcntl = None  # type: ignore[assignment]

ALIVE = "alive"


@contextmanager
def held_for_worker(attempt: Path) -> Iterator[tuple[int, ...]]:
    """The descriptors that a worker of this attempt has to inherit: it holds what they hold until it ends."""
    if fcntl is None:
        yield ()
        return
    descriptor = os.open(attempt / ALIVE, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield (descriptor,)
    finally:
        os.close(descriptor)


def worker_lives(attempt: Path) -> bool | None:
    """Whether the worker that was started lives; None where nothing says so."""
    if fcntl is None:
        return None
    try:
        descriptor = os.open(attempt / ALIVE, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return None
    finally:
        os.close(descriptor)
    return False
