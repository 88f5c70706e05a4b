"""Many requests at once, few calls of the model: what arrives while a batch is scored makes up the next one."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from rebracket_core.errors import RebracketError
from rebracket_core.serving.requests.fair_queue import FairQueue, Slice, Submission

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")
SLICE_CHARS = 16_000
# Large requests leave this share of the queue to those that fit one slice.
_SMALL_SHARE = 8


class QueueFull(Exception):
    """So many items wait that another request is better asked to come again."""


class DeadlinePassed(Exception):
    """A request waited longer than it may; `begun` says whether a part of it was scored meanwhile."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__("the deadline of a request has passed")
        self.begun = begun


class WorkerLost(RebracketError):
    """The thread that scores ended in the middle of its work; another one has taken its place."""

    def __init__(self, found: str) -> None:
        super().__init__(
            "The worker that scored this ended.", expected="an answer", found=found, hint="ask again; another worker is there"
        )


class ServerStopped(RebracketError):
    """The time to finish what was taken is over, and the server ends without the result."""

    def __init__(self) -> None:
        super().__init__(
            "The server is being stopped and could not finish this.",
            expected="an answer before the end of the drain time",
            found="the time is over",
            hint="ask again in a moment",
        )


class Batcher(Generic[T, R]):
    """Items of one kind from several requests are worked on together, in `workers` threads, in the order of turns.

    There is no waiting for a batch to fill: an idle worker starts at once, so a lone request loses nothing, and under
    load the batches grow by themselves, to an even share of the work for each worker: while one makes verdicts of its
    vectors another keeps the processors busy. `work(kind, items)` gives one result an item; it is called from several
    threads where there are several workers.

    A request of more than `batch_items` items or `slice_chars` characters (`size` says how many an item has) is cut into
    slices. Of several workers one never takes these, so that a small request finds it free whatever the large ones hold.
    """

    def __init__(
        self,
        work: Callable[[Hashable, list[T]], list[R]],
        *,
        batch_items: int,
        max_queued: int,
        workers: int = 1,
        size: Callable[[T], int] = lambda _: 0,
        slice_chars: int = SLICE_CHARS,
        max_queued_chars: int | None = None,
    ) -> None:
        self._work = work
        self._batch_items = batch_items
        self._max_queued = max_queued
        self._max_queued_chars = max_queued_chars
        self._size = size
        self._waiting: FairQueue[T, R] = FairQueue(slice_items=batch_items, slice_chars=slice_chars)
        self._open: set[Submission[T, R]] = set()
        self._queued = 0
        self._queued_chars = 0
        self._running: set[asyncio.Future[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._lanes = [_lane(number) for number in range(workers)]
        self._free = set(range(workers))
        self._large_room = max(1, workers - 1)
        self._abandoned = False

    @property
    def queued(self) -> int:
        """How many items wait or are being worked on."""
        return self._queued

    @property
    def queued_chars(self) -> int:
        """How many characters wait or are being worked on."""
        return self._queued_chars

    async def submit(
        self, items: Sequence[T], *, kind: Hashable = None, caller: str = "", deadline: float | None = None
    ) -> list[R]:
        """The results of the items, in order; what waits is dropped where the awaiting task is cancelled.

        Args:
            items: What to work on.
            kind: Only items of one kind are worked on together.
            caller: For whom; the callers take turns.
            deadline: Until when, in seconds of the event loop's clock; None for as long as it takes.

        Raises:
            QueueFull: More waits than may.
            DeadlinePassed: The deadline came first.
            ServerStopped: `abandon` was called meanwhile.
            Exception: Whatever the work raised for this request's items.
        """
        if self._abandoned:
            raise ServerStopped
        sizes = [self._size(item) for item in items]
        large = self._waiting.is_large(sizes)
        self._check_room(len(sizes), chars=sum(sizes), large=large)
        result: asyncio.Future[list[R]] = asyncio.get_running_loop().create_future()
        if not items:
            return []
        submission = Submission(kind, caller, items, sizes, result, large=large)
        self._waiting.add(submission)
        self._open.add(submission)
        self._count(len(sizes), chars=sum(sizes))
        self._idle.clear()
        self._wake()
        try:
            async with asyncio.timeout_at(deadline):
                return await result
        except TimeoutError:
            if not result.cancelled():
                raise  # the work's own
            raise DeadlinePassed(begun=submission.start > 0) from None
        finally:
            self._drop(submission)

    async def drain(self) -> None:
        """Wait until every item that was taken has its answer."""
        await self._idle.wait()

    def abandon(self) -> None:
        """Give every open request, and every later one, a ServerStopped."""
        self._abandoned = True
        for submission in self._open:
            if not submission.result.done():
                submission.result.set_exception(ServerStopped())

    def close(self) -> None:
        """Let the threads end with what they are doing."""
        for lane in self._lanes:
            lane.shutdown(wait=False, cancel_futures=True)

    def _check_room(self, items: int, *, chars: int, large: bool) -> None:
        if not self._queued:
            return  # alone, a request may be larger than the queue
        for queued, most in ((self._queued + items, self._max_queued), (self._queued_chars + chars, self._max_queued_chars)):
            if most is not None and queued > (most - most // _SMALL_SHARE if large else most):
                raise QueueFull

    def _count(self, items: int, *, chars: int) -> None:
        self._queued += items
        self._queued_chars += chars

    def _drop(self, submission: Submission[T, R]) -> None:
        """Forget a submission, and what no worker has taken of it."""
        self._open.discard(submission)
        if submission.start < len(submission.items):
            self._waiting.remove(submission)
            untaken = submission.sizes[submission.start :]
            submission.start = len(submission.items)
            self._count(-len(untaken), chars=-sum(untaken))
            self._rest()

    def _wake(self) -> None:
        if self._free and self._waiting.waiting(large=self._large_room > 0):
            number = min(self._free)
            self._free.remove(number)
            self._running.add(asyncio.ensure_future(self._run(number)))

    def _rest(self) -> None:
        if not self._running and not self._waiting.waiting(large=True):
            self._idle.set()

    async def _run(self, number: int) -> None:
        """Work until nothing is left to take; a lane is one thread, so requests that come one by one all meet the first."""
        while batch := self._waiting.take(room=self._room(), large=self._large_room > 0):
            large = batch[0].submission.large
            self._large_room -= large
            outcomes = await self._outcomes_in(number, batch)
            self._large_room += large
            # The count goes down before anybody hears of an answer: who then asks how many wait is told the truth.
            self._count(-sum(map(len, batch)), chars=-sum(part.chars for part in batch))
            for part, outcome in zip(batch, outcomes, strict=True):
                self._settle(part, outcome)
        self._free.add(number)
        self._running.remove(asyncio.current_task())  # type: ignore[arg-type]
        self._rest()

    def _room(self) -> int:
        """How many items make up this worker's share of what there is."""
        return min(self._batch_items, -(-self._queued // len(self._lanes)))

    async def _outcomes_in(self, number: int, batch: list[Slice[T, R]]) -> Sequence[list[R] | Exception]:
        """For each slice its results, or why it has none, worked out in a lane's thread."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._lanes[number], self._outcomes, batch)
        except Exception as error:  # the thread itself: it could not be started, or was shut down
            logger.error("The worker is lost and another one is started: %s", error)
            self._lanes[number].shutdown(wait=False)
            self._lanes[number] = _lane(number)
            return [WorkerLost(str(error))] * len(batch)

    def _outcomes(self, batch: Sequence[Slice[T, R]]) -> list[list[R] | Exception]:
        """For each slice its results, or why it has none; one whose caller has gone meanwhile is not worked on."""
        wanted = [part for part in batch if not part.submission.result.done()]
        found: dict[int, list[R] | Exception] = {}
        try:
            if wanted:
                items = list(itertools.chain.from_iterable(part.items for part in wanted))
                results = iter(self._work(wanted[0].submission.kind, items))
                found = {id(part): list(itertools.islice(results, len(part))) for part in wanted}
        except BaseException as raised:
            if len(wanted) > 1:  # one request's trouble is not another's: each is tried alone
                found = {id(part): self._outcomes([part])[0] for part in wanted}
            else:  # What is no Exception (a library that calls sys.exit) would stop the event loop if it got there.
                found[id(wanted[0])] = raised if isinstance(raised, Exception) else WorkerLost(type(raised).__name__)
        return [found.get(id(part), []) for part in batch]

    def _settle(self, part: Slice[T, R], outcome: list[R] | Exception) -> None:
        submission = part.submission
        if submission.result.done():  # the caller has gone, or another slice failed
            return
        if isinstance(outcome, Exception):
            submission.result.set_exception(outcome)
            self._drop(submission)
            return
        submission.results[part.start : part.stop] = outcome
        submission.missing -= len(part)
        if not submission.missing:
            submission.result.set_result(submission.results)  # type: ignore[arg-type]  # no None is left


def _lane(number: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix=f"score-{number}")
