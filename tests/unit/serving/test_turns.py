"""Large requests are cut and leave room for small ones; what is late, or what nobody waits for, is dropped."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Hashable

import pytest

from rebracket_core.serving.requests.batching import Batcher, DeadlinePassed, QueueFull, ServerStopped

SLICE_S = 0.02


class Work:
    """Work that takes a moment a call and remembers what it was given."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, _: Hashable, items: list[str]) -> list[str]:
        self.calls.append(items)
        time.sleep(SLICE_S)
        return [item.upper() for item in items]

    @property
    def items(self) -> list[str]:
        return [item for call in self.calls for item in call]


def batcher(work: Work, *, workers: int = 2, max_queued: int = 1000, max_queued_chars: int = 10_000) -> Batcher[str, str]:
    return Batcher(
        work, batch_items=4, max_queued=max_queued, workers=workers, size=len, slice_chars=20, max_queued_chars=max_queued_chars
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_small_request_waits_for_one_slice_at_most(workers: int) -> None:
    work = Work()

    async def ask() -> list[list[str]]:
        queue = batcher(work, workers=workers)
        large = [asyncio.create_task(queue.submit([f"{which}{n:03}" for n in range(100)])) for which in "ab"]
        await asyncio.sleep(SLICE_S / 2)
        before = len(work.calls)
        assert await queue.submit(["small"]) == ["SMALL"]
        assert len(work.calls) - before <= 3 and not any(task.done() for task in large)
        return list(await asyncio.gather(*large))

    assert asyncio.run(ask()) == [[f"{which}{n:03}" for n in range(100)] for which in "AB"]
    assert max(map(len, work.calls)) == 4
    turns = [items[0][0] for items in work.calls if items != ["small"]]
    assert all(set(turns[at : at + 2]) == {"a", "b"} for at in range(2, 40))  # the two large ones take turns


def test_a_large_request_never_takes_every_worker() -> None:
    running, most = [0], [0]
    lock = threading.Lock()

    def work(_: Hashable, items: list[str]) -> list[str]:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.005)
        with lock:
            running[0] -= 1
        return items

    async def ask() -> None:
        queue: Batcher[str, str] = Batcher(work, batch_items=4, max_queued=1000, workers=3, size=len, slice_chars=20)
        await asyncio.gather(*(queue.submit(["x"] * 60) for _ in range(4)))
        await queue.drain()

    asyncio.run(ask())
    assert most == [2]


def test_long_texts_are_cut_by_their_characters() -> None:
    work = Work()

    async def ask() -> list[str]:
        return await batcher(work).submit(["a" * 15, "b" * 4, "c" * 50, "d", "e"])

    assert asyncio.run(ask()) == ["A" * 15, "B" * 4, "C" * 50, "D", "E"]
    assert [len(call) for call in work.calls] == [2, 1, 2]


def test_callers_take_turns() -> None:
    work = Work()

    async def ask() -> None:
        queue = batcher(work, workers=1)
        tasks = [asyncio.create_task(queue.submit(["x"] * 4, kind=n, caller="many")) for n in range(10)]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(queue.submit(["lone"], caller="one")))
        await asyncio.gather(*tasks)

    asyncio.run(ask())
    assert ["lone"] in work.calls[:3]


def test_a_request_past_its_deadline_is_dropped_and_says_whether_it_was_begun() -> None:
    work = Work()

    async def ask() -> None:
        queue, loop = batcher(work, workers=1), asyncio.get_running_loop()
        large = asyncio.create_task(queue.submit(["a"] * 100, deadline=loop.time() + 2.5 * SLICE_S))
        blocked = asyncio.create_task(queue.submit(["b"] * 100, caller="b", deadline=loop.time() + SLICE_S / 4))
        with pytest.raises(DeadlinePassed) as waiting:
            await blocked
        assert not waiting.value.begun
        with pytest.raises(DeadlinePassed) as begun:
            await large
        assert begun.value.begun
        await asyncio.wait_for(queue.drain(), 1)
        assert queue.queued == queue.queued_chars == 0
        assert await queue.submit(["next"]) == ["NEXT"]

    asyncio.run(ask())
    assert "b" not in work.items and work.items.count("a") <= 20


def test_what_nobody_waits_for_is_not_worked_on() -> None:
    work = Work()

    async def ask() -> None:
        queue = batcher(work, workers=1)
        gone = [asyncio.create_task(queue.submit([name] * 40)) for name in "ab"]
        await asyncio.sleep(SLICE_S / 2)
        for task in gone:
            task.cancel()
        await asyncio.wait_for(queue.drain(), 1)
        assert queue.queued == queue.queued_chars == 0

    asyncio.run(ask())
    assert len(work.items) <= 8


def test_the_queue_is_bounded_by_characters_and_large_requests_leave_room_for_small_ones() -> None:
    async def ask() -> None:
        queue = batcher(Work(), max_queued_chars=80)
        large = asyncio.create_task(queue.submit(["x" * 10] * 7))
        await asyncio.sleep(0)
        assert queue.queued_chars == 70
        with pytest.raises(QueueFull):
            await queue.submit(["y" * 10] * 3)
        with pytest.raises(QueueFull):
            await queue.submit(["y" * 15])
        assert await queue.submit(["y" * 10]) == ["Y" * 10]
        await large
        assert await queue.submit(["z" * 200]) == ["Z" * 200]  # larger than the queue, but alone

    asyncio.run(ask())


def test_what_is_abandoned_gets_an_answer_at_once() -> None:
    async def ask() -> None:
        queue = batcher(Work())
        tasks = [asyncio.create_task(queue.submit(["x"] * 40)) for _ in range(3)]
        await asyncio.sleep(0)
        queue.abandon()
        found = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 1)
        assert [type(each) for each in found] == [ServerStopped] * 3
        with pytest.raises(ServerStopped):
            await queue.submit(["late"])

    asyncio.run(ask())


def test_work_that_times_out_by_itself_is_no_deadline() -> None:
    def work(_: Hashable, items: list[str]) -> list[str]:
        raise TimeoutError("the work's own")

    async def ask() -> None:
        queue: Batcher[str, str] = Batcher(work, batch_items=4, max_queued=10)
        with pytest.raises(TimeoutError, match="own"):
            await queue.submit(["x"], deadline=asyncio.get_running_loop().time() + 60)

    asyncio.run(ask())
