"""Many requests at once, few calls of the model: what arrives while a batch is judged makes up the next one."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from rebracket_core.errors import RebracketError

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")


class QueueFull(Exception):
    """So many items wait that another request is better asked to come again."""


class WorkerLost(RebracketError):
    """The thread that judges ended in the middle of its work; another one has taken its place."""

    def __init__(self, found: str) -> None:
        super().__init__(
            "The worker that judged this ended.", expected="an answer", found=found, hint="ask again; another worker is there"
        )


@dataclass(slots=True)
class _Job(Generic[T, R]):
    kind: Hashable
    items: Sequence[T]
    answer: asyncio.Future[list[R]]


class Batcher(Generic[T, R]):
    """Items of one kind from several requests are worked on together, in `workers` threads, begun in the order of arrival.

    There is no waiting for a batch to fill: an idle worker starts at once, so a lone request loses nothing, and under
    load the batches grow by themselves, to an even share of the work for each worker: while one makes verdicts of its
    vectors another keeps the processors busy. `work(kind, items)` gives one result an item; it is called from several
    threads where there are several workers.
    """

    def __init__(
        self, work: Callable[[Hashable, list[T]], list[R]], *, batch_items: int, max_queued: int, workers: int = 1
    ) -> None:
        self._work = work
        self._batch_items = batch_items
        self._max_queued = max_queued
        self._jobs: deque[_Job[T, R]] = deque()
        self._queued = 0
        self._running: set[asyncio.Future[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._lanes = [_lane(number) for number in range(workers)]
        self._free = set(range(workers))

    @property
    def queued(self) -> int:
        """How many items wait or are being worked on."""
        return self._queued

    async def submit(self, items: Sequence[T], *, kind: Hashable = None) -> list[R]:
        """The results of the items, in order. Raises QueueFull, or whatever the work raised for this request's items."""
        if self._queued + len(items) > self._max_queued and self._queued:
            raise QueueFull
        job: _Job[T, R] = _Job(kind, items, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        self._queued += len(items)
        self._idle.clear()
        if self._free:
            number = min(self._free)
            self._free.remove(number)
            self._running.add(asyncio.ensure_future(self._run(number)))
        return await job.answer

    async def drain(self) -> None:
        """Nothing, once every item that was taken has its answer."""
        await self._idle.wait()

    def close(self) -> None:
        """Nothing; the threads end with what they are doing."""
        for lane in self._lanes:
            lane.shutdown(wait=False, cancel_futures=True)

    async def _run(self, number: int) -> None:
        """Nothing, once no work is left; a lane is one thread, so requests that come one by one all meet the first."""
        loop = asyncio.get_running_loop()
        while self._jobs:
            batch = self._take()
            try:
                outcomes = await loop.run_in_executor(self._lanes[number], self._outcomes, batch)
            except Exception as error:  # the thread itself: it could not be started, or was shut down
                logger.error("The worker is lost and another one is started: %s", error)
                self._lanes[number].shutdown(wait=False)
                self._lanes[number] = _lane(number)
                outcomes = [WorkerLost(str(error))] * len(batch)
            # The count goes down before anybody hears of an answer: who then asks how many wait is told the truth.
            self._queued -= sum(len(job.items) for job in batch)
            for job, outcome in zip(batch, outcomes, strict=True):
                _settle(job.answer, outcome)
        self._free.add(number)
        self._running.remove(asyncio.current_task())  # type: ignore[arg-type]
        if not self._running:
            self._idle.set()

    def _take(self) -> list[_Job[T, R]]:
        """The first job, and those behind it of the same kind while there is room in this worker's share."""
        batch = [self._jobs.popleft()]
        room = min(self._batch_items, -(-self._queued // len(self._lanes))) - len(batch[0].items)
        while self._jobs and self._jobs[0].kind == batch[0].kind and len(self._jobs[0].items) <= room:
            room -= len(self._jobs[0].items)
            batch.append(self._jobs.popleft())
        return batch

    def _outcomes(self, batch: list[_Job[T, R]]) -> list[list[R] | Exception]:
        """For each job its results, or why it has none."""
        try:
            results = iter(self._work(batch[0].kind, list(itertools.chain.from_iterable(job.items for job in batch))))
        except BaseException as raised:
            if len(batch) > 1:  # one request's trouble is not another's: each is tried alone
                return [self._outcomes([job])[0] for job in batch]
            # What is no Exception (a library that calls sys.exit) would stop the event loop if it got there.
            return [raised if isinstance(raised, Exception) else WorkerLost(type(raised).__name__)]
        return [list(itertools.islice(results, len(job.items))) for job in batch]


def _lane(number: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix=f"judge-{number}")


def _settle(answer: asyncio.Future[list[R]], outcome: list[R] | Exception) -> None:
    if answer.done():  # the caller has gone
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
