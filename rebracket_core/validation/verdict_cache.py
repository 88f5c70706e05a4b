"""Verdicts remembered for an hour under everything that they depend on."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from rebracket_core.validation.verdict import Verdict


@dataclass(frozen=True, slots=True)
class _Entry:
    verdict: Verdict
    until_s: float


class VerdictCache:
    """A thread-safe memory of verdicts: at most `max_entries`, the longest unused leave first, none older than `ttl_s`.

    The key must hold all that a verdict depends on: run, thresholds, every text field and what the item is expected to be.
    """

    def __init__(
        self, *, ttl_s: float = 3600.0, max_entries: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ttl_s = ttl_s
        self._max = max_entries
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def get(self, key: Hashable) -> Verdict | None:
        """The remembered verdict, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.until_s < self._clock():
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return entry.verdict

    def put(self, key: Hashable, verdict: Verdict) -> None:
        """Remember a verdict."""
        with self._lock:
            self._entries[key] = _Entry(verdict, self._clock() + self._ttl_s)
            self._entries.move_to_end(key)
            while len(self._entries) > self._max:
                self._entries.popitem(last=False)

    def __len__(self) -> int:
        return len(self._entries)
