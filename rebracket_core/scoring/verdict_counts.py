"""How many verdicts were given, of which kind and album, and how long each took: counted by the minute, without texts.

Each process adds to a file of its own, so that nothing waits for another, and whoever reads takes all of them together.
"""

from __future__ import annotations

import atexit
import logging
import math
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rebracket_core.files import make_folder
from rebracket_core.records import append_records, read_records, skipped
from rebracket_core.validation import Verdict

logger = logging.getLogger(__name__)

FLUSH_S = 10.0
DAYS_KEPT = 90
_DAY_S = 86_400
_FIRST_S, _STEP = 1e-4, 1.25
_MOST_HELD = 10_000


@dataclass(slots=True)
class Bucket:
    """The verdicts of one run in one stretch of time from `start_s` (seconds since 1970, UTC) on.

    `seconds` counts them by the upper edge of how long one took: the time of its call, shared among the call's texts.
    """

    start_s: int
    run_id: str
    kinds: Counter[str] = field(default_factory=Counter)
    albums: Counter[str] = field(default_factory=Counter)
    seconds: Counter[int] = field(default_factory=Counter)

    @property
    def n(self) -> int:
        """How many verdicts, texts that could not be scored included (kind "error")."""
        return self.kinds.total()

    def add(self, other: Bucket) -> None:
        """Add another bucket's counts."""
        self.kinds.update(other.kinds)
        self.albums.update(other.albums)
        self.seconds.update(other.seconds)

    def quantile_s(self, share: float) -> float | None:
        """The seconds in which that share of the verdicts was given, to about a tenth; None without verdicts."""
        return quantile_s(self.seconds, share)


def quantile_s(seconds: Counter[int], share: float) -> float | None:
    """The same of bare counts."""
    total, passed = seconds.total(), 0
    for step in sorted(seconds):
        passed += seconds[step]
        if passed >= share * total:
            return float(_FIRST_S * _STEP ** (step + 0.5))
    return None


class VerdictCounts:
    """The counts of one home. Counting costs microseconds; at most ten seconds of it are lost in a kill."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[tuple[int, str], Bucket] = {}
        self._flushed_s = clock()
        self._name = ""
        self._pid = 0

    def count(self, verdicts: Iterable[Verdict], *, seconds: float, run_id: str) -> None:
        """Count the verdicts of one call that took so many seconds."""
        listed, now = list(verdicts), self._clock()
        if not listed:
            return
        step = max(0, math.floor(math.log(max(seconds / len(listed), _FIRST_S) / _FIRST_S, _STEP)))
        minute = int(now // 60) * 60
        with self._lock:
            bucket = self._held.setdefault((minute, run_id), Bucket(minute, run_id))
            bucket.kinds.update("error" if v.error else str(v.verdict) for v in listed)
            bucket.albums.update(v.album for v in listed if v.album)
            bucket.seconds[step] += len(listed)
            due = now - self._flushed_s >= FLUSH_S
        if due:
            self.flush()

    def flush(self) -> None:
        """Write what was counted to the file. A disk that refuses is logged, and tried again later."""
        with self._lock:
            held, self._held, self._flushed_s = self._held, {}, self._clock()
            if not held:
                return
            line = (
                {"at": b.start_s, "run": b.run_id, "kinds": b.kinds, "albums": b.albums, "seconds": b.seconds}
                for b in held.values()
            )
            try:
                append_records(self._file(), line, lasting=False)
            except OSError as error:
                logger.warning("The counts of verdicts cannot be written: %s", error)
                self._held = held if len(held) < _MOST_HELD else {}

    def read(self, *, since_s: float, step_s: int = 60, run_id: str | None = None) -> list[Bucket]:
        """The counts of every process since then, in stretches of `step_s`, oldest first, runs apart."""
        self.flush()
        found: dict[tuple[int, str], Bucket] = {}
        for path in sorted(self._folder.glob("*.jsonl")):
            if _day(path) < int(since_s // _DAY_S):
                continue
            for line in _lines(path):
                if line.start_s < since_s or (run_id is not None and line.run_id != run_id):
                    continue
                start = line.start_s // step_s * step_s
                found.setdefault((start, line.run_id), Bucket(start, line.run_id)).add(line)
        return [found[key] for key in sorted(found)]

    def _file(self) -> Path:
        day = int(self._clock() // _DAY_S)
        make_folder(self._folder)
        if self._pid != os.getpid():
            self._pid, self._name = os.getpid(), uuid.uuid4().hex[:12]
            atexit.register(self.flush)
            for path in self._folder.glob("*.jsonl"):
                if _day(path) < day - DAYS_KEPT:
                    path.unlink(missing_ok=True)
        return self._folder / f"{day}-{self._name}.jsonl"


def _day(path: Path) -> int:
    number = path.name.partition("-")[0]
    return int(number) if number.isdecimal() else -1


def _lines(path: Path) -> Iterable[Bucket]:
    try:
        records = read_records(path)
    except OSError as error:
        logger.warning("The counts of verdicts in %s cannot be read: %s", path, error)
        return
    for number, record in enumerate(records, start=1):
        try:
            seconds: Counter[int] = Counter({int(step): int(n) for step, n in record["seconds"].items()})
            yield Bucket(int(record["at"]), str(record["run"]), Counter(record["kinds"]), Counter(record["albums"]), seconds)
        except (ValueError, KeyError, TypeError, AttributeError):
            skipped(path, number)
