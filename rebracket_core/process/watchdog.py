"""A second process that ends this one when it does not end itself in time after a signal.

A library may keep Python's lock for as long as it likes: then no Python code runs, no handler of a signal either. What runs
even then is Python's own handler in C, which writes the number of the signal to a pipe; this module lets another process read
it. That process is this file run by itself, so it imports the standard library alone (8 MiB, 20 ms to start).
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

# How often the second process looks whether the first is still there, where the end of the pipe does not tell it.
LOOK_S = 1.0
STOPS = (signal.SIGTERM, signal.SIGINT)


class Watchdog:
    """Ends this process with SIGKILL when it still runs a given time after SIGTERM or Ctrl-C.

    Args:
        first_s: seconds from the first signal on.
        second_s: seconds from a second signal on, where that comes to less; by default a second one changes nothing.

    It does nothing on systems without POSIX signals. One process has at most one: Python has one such pipe.
    """

    def __init__(self, first_s: float, *, second_s: float | None = None) -> None:
        self._times = (first_s, first_s if second_s is None else second_s)
        self._pipe = -1
        self._before = -1
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the second process. Raises RuntimeError off the main thread, where Python lets nobody set the pipe."""
        if os.name != "posix":
            return
        reading, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        try:
            self._before = signal.set_wakeup_fd(self._pipe, warn_on_full_buffer=False)
        except ValueError as cause:
            os.close(reading)
            os.close(self._pipe)
            raise RuntimeError("a watchdog is started on the main thread") from cause
        command = [sys.executable, "-I", "-S", __file__, str(reading), *map(str, self._times)]
        self._process = subprocess.Popen(
            command, pass_fds=[reading], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        os.close(reading)

    def stop(self) -> None:
        """Call it off: this process has ended its work."""
        if self._process is None:
            return
        signal.set_wakeup_fd(self._before)
        self._process.kill()
        self._process.wait()
        os.close(self._pipe)
        self._process = None

    def __enter__(self) -> Watchdog:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Call it off."""
        self.stop()


def _watch(reading: int, first_s: float, second_s: float) -> None:
    """Read signals until the parent has ended, and kill it when its time is over."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)
    parent = os.getppid()
    end, signals = float("inf"), 0
    while os.getppid() == parent:
        left = end - time.monotonic()
        if left <= 0:
            os.kill(parent, signal.SIGKILL)
            sys.stderr.write("The process did not end in time after its signal, and was killed.\n")
            return
        if not select.select([reading], [], [], min(left, LOOK_S))[0]:
            continue
        came = os.read(reading, 64)
        if not came:
            return
        for _ in range(sum(number in STOPS for number in came)):
            signals += 1
            end = min(end, time.monotonic() + (first_s if signals == 1 else second_s))


if __name__ == "__main__":
    _watch(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
