"""One thread for numpy's products while an encoder's threads work beside them.

OpenBLAS keeps a thread a core, and each waits in a busy loop for the next product: it takes the core from the encoder, whose
next batch waits for that (of eight short concepts, scoring each took 2.1 times its encoding, and takes 1.25 times with one).
The products here are small and lose nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Limit:
    """The limit on the libraries of the process, held while anybody is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._libraries: Any = None
        self._held: Any = None

    def enter(self) -> None:
        with self._lock:
            if self._libraries is None:  # looked for once: it takes some milliseconds, and numpy's is there by then
                from threadpoolctl import ThreadpoolController

                self._libraries = ThreadpoolController()
            if not self._inside:
                with _whatever_thread():
                    self._held = self._libraries.limit(limits=1, user_api="blas")
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                with _whatever_thread():
                    self._held.restore_original_limits()


@contextmanager
def _whatever_thread() -> Iterator[None]:
    """Let this thread change a limit that another one set.

    By default threadpoolctl silently ignores all threads but that one; here one may have set it and another be the last to
    leave.
    """
    from threadpoolctl import OpenBLASController

    OpenBLASController.clear_controlling_thread(force=True)
    yield
    OpenBLASController.clear_controlling_thread(force=True)


_limit = _Limit()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let numpy's products run on one thread while inside, in the whole process; the last of several callers lets go."""
    import numpy  # noqa: F401 - so that its library is found

    _limit.enter()
    try:
        yield
    finally:
        _limit.leave()
