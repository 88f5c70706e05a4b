"""Turns at a shared file: processes wait for each other in the kernel, which wakes the next one at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rebracket_core.files import PRIVATE_FILE

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PATIENCE_S = 5.0


@contextmanager
def queued_lock(file: Path, *, soon: bool, patience_s: float = PATIENCE_S) -> Iterator[bool]:
    """Hold the turn at `file` while inside; gives whether it was got.

    Of those that are not `soon`, one at a time stands in the queue: whoever asks soon waits for one of them at the most. It
    is a courtesy, not a lock to build on: where the system has no such locks, the folder cannot be written or nobody let go
    in time, the block runs without a turn. A process that ends, however it ends, gives its turn back.
    """
    with ExitStack() as held:
        got = (soon or _enter(held, Path(f"{file}-later"), patience_s)) and _enter(held, Path(f"{file}-turn"), patience_s)
        yield got


def _enter(held: ExitStack, path: Path, patience_s: float) -> bool:
    if fcntl is None:
        return False
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if not _waited(descriptor, patience_s):
            return False
    except OSError:
        os.close(descriptor)
        return False
    held.callback(os.close, descriptor)
    return True


def _waited(descriptor: int, patience_s: float) -> bool:
    """Whether the lock came in time. The system's own wait knows no end: a thread waits, and lets go of what comes late."""
    guard, came, gone = threading.Lock(), threading.Event(), threading.Event()

    def wait() -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            gone.set()
        with guard:
            if gone.is_set():
                os.close(descriptor)
            came.set()

    threading.Thread(target=wait, name="turn", daemon=True).start()
    came.wait(patience_s)
    with guard:
        if came.is_set() and not gone.is_set():
            return True
        gone.set()
        return False
