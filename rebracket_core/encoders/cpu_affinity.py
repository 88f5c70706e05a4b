"""CPU affinity of the threads of one forward pass: each on a processor of its own, the caller's too."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CpuAffinity:
    """A processor for the thread that calls and one for each of its helpers.

    After a rest of 20 ms the system often woke the helper on the processor where the caller ran, and the two took turns:
    12 ms for a short text where a helper with a processor of its own takes 6. A caller that is free to move still met it there:
    in a server whose two workers take turns a short text took 12 to 13 ms, and 8 with the caller pinned.
    """

    caller: int
    helpers: tuple[int, ...]

    @property
    def option(self) -> str:
        """The helpers' processors as ONNX Runtime takes them: numbered from 1, ";" between."""
        return ";".join(str(processor + 1) for processor in self.helpers)

    @contextlib.contextmanager
    def caller_pinned(self) -> Iterator[None]:
        """Pin the calling thread to its processor; one that may not run there, or may not be pinned, goes on as it is."""
        before = os.sched_getaffinity(0)
        if self.caller in before:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(0, {self.caller})
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(0, before)


def affinity_for(threads: int) -> CpuAffinity | None:
    """Return the affinity of so many threads, or None to leave it to the system.

    Only where the threads are as many as the processors: with fewer, several processes would crowd on the first ones.
    """
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    if threads < 2 or threads != len(allowed):
        return None
    return CpuAffinity(caller=allowed[0], helpers=tuple(allowed[1:]))
