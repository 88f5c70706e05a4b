"""Signals that stop a command: what each raises, and which one has come.

A signal can arrive while an extension module is being imported, and some of them answer with an ImportError instead of what the
signal raised; so the signal that came is remembered, and decides the exit code whatever came of it.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

INTERRUPTED, TERMINATED = 130, 143


class Stop:
    """The signal that has come to this process, as the exit code that it asks for; None before."""

    def __init__(self) -> None:
        self.code: int | None = None

    def listen(self) -> None:
        """Let SIGINT and SIGTERM raise on the main thread from now on, so that half-written files are removed.

        A signal that the process was started to ignore stays ignored.
        """
        self.code = None
        if threading.current_thread() is not threading.main_thread():
            return
        signal.signal(signal.SIGTERM, self._terminated)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._interrupted)

    def _terminated(self, _number: int, _frame: FrameType | None) -> None:
        self.code = TERMINATED
        raise SystemExit(TERMINATED)

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        self.code = INTERRUPTED
        raise KeyboardInterrupt


stop = Stop()
