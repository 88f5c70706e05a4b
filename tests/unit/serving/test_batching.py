"""Requests that come together are worked on together, and nobody gets another's answer."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Hashable

import pytest

from rebracket_core.serving.requests.batching import Batcher, QueueFull, WorkerLost


def test_a_lone_request_is_worked_on_at_once_and_a_crowd_in_batches() -> None:
    sizes: list[int] = []

    def work(_: Hashable, items: list[int]) -> list[int]:
        sizes.append(len(items))
        time.sleep(0.02)
        return [-item for item in items]

    async def crowd() -> list[list[int]]:
        batcher: Batcher[int, int] = Batcher(work, batch_items=8, max_queued=100)
        first = asyncio.create_task(batcher.submit([1000]))
        await asyncio.sleep(0.005)
        rest = [asyncio.create_task(batcher.submit([i, i + 100])) for i in range(10)]
        answers = await asyncio.gather(first, *rest)
        await batcher.drain()
        assert batcher.queued == 0
        batcher.close()
        return list(answers)

    answers = asyncio.run(crowd())
    assert answers == [[-1000], *([-i, -i - 100] for i in range(10))]
    assert sizes == [1, 8, 8, 4]


def test_two_workers_share_a_crowd_evenly_and_drain_waits_for_both() -> None:
    both, sizes = threading.Barrier(2, timeout=5), []

    def work(_: Hashable, items: list[int]) -> list[int]:
        sizes.append(len(items))
        if len(items) > 1:
            both.wait()  # opens only where two batches are worked on at once
        time.sleep(0.01)
        return [-item for item in items]

    async def crowd() -> list[list[int]]:
        batcher: Batcher[int, int] = Batcher(work, batch_items=64, max_queued=100, workers=2)
        first = [asyncio.create_task(batcher.submit([i])) for i in range(2)]
        await asyncio.sleep(0)
        rest = [asyncio.create_task(batcher.submit([i])) for i in range(2, 16)]
        await asyncio.sleep(0)
        assert batcher.queued == 16
        await batcher.drain()
        assert batcher.queued == 0 and all(task.done() for task in (*first, *rest))
        batcher.close()
        return list(await asyncio.gather(*first, *rest))

    assert asyncio.run(crowd()) == [[-i] for i in range(16)]
    assert sizes[:2] == [1, 1] and sorted(sizes[2:]) == [6, 8]  # half of the fifteen that are there when the first is done


def test_requests_one_by_one_all_meet_the_same_thread() -> None:
    def work(_: Hashable, items: list[int]) -> list[str]:
        return [threading.current_thread().name] * len(items)

    async def ask() -> set[str]:
        batcher: Batcher[int, str] = Batcher(work, batch_items=8, max_queued=100, workers=3)
        await asyncio.gather(*(batcher.submit([i]) for i in range(6)))
        found = {(await batcher.submit([i]))[0] for i in range(20)}
        batcher.close()
        return found

    assert len(asyncio.run(ask())) == 1


def test_kinds_are_not_mixed_and_order_is_kept() -> None:
    seen: list[tuple[Hashable, list[int]]] = []

    def work(kind: Hashable, items: list[int]) -> list[int]:
        seen.append((kind, items))
        time.sleep(0.01)
        return items

    async def both() -> None:
        batcher: Batcher[int, int] = Batcher(work, batch_items=8, max_queued=100)
        await asyncio.gather(*(batcher.submit([i], kind=i % 2) for i in range(6)))

    asyncio.run(both())
    assert all({i % 2 for i in items} == {kind} for kind, items in seen)
    assert [i for _, items in seen for i in items] == list(range(6))


def test_one_requests_trouble_is_not_anothers() -> None:
    gate = threading.Event()

    def work(_: Hashable, items: list[int]) -> list[int]:
        gate.wait(2)
        if 13 in items:
            raise ValueError("13")
        return items

    async def three() -> list[object]:
        batcher: Batcher[int, int] = Batcher(work, batch_items=8, max_queued=100)
        tasks = [asyncio.create_task(batcher.submit([i])) for i in (1, 2, 13, 4)]
        await asyncio.sleep(0.01)
        gate.set()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    one, two, unlucky, four = asyncio.run(three())
    assert (one, two, four) == ([1], [2], [4]) and isinstance(unlucky, ValueError)


def test_a_full_queue_says_so_and_takes_again_later() -> None:
    def work(_: Hashable, items: list[int]) -> list[int]:
        time.sleep(0.05)
        return items

    async def crowd() -> None:
        batcher: Batcher[int, int] = Batcher(work, batch_items=2, max_queued=3)
        first = asyncio.create_task(batcher.submit([1, 2]))
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await batcher.submit([3, 4])
        assert await batcher.submit([5]) == [5] and await first == [1, 2]
        await batcher.drain()
        assert await batcher.submit(list(range(9))) == list(range(9))  # larger than the queue, but alone

    asyncio.run(crowd())


def test_a_worker_that_ends_is_told_and_another_takes_its_place() -> None:
    trouble: list[type[BaseException]] = [SystemExit, KeyboardInterrupt, MemoryError]

    def work(_: Hashable, items: list[int]) -> list[int]:
        if 13 in items:
            raise trouble.pop(0)
        return items

    async def ask() -> None:
        batcher: Batcher[int, int] = Batcher(work, batch_items=8, max_queued=100)
        for lost in (WorkerLost, WorkerLost, MemoryError):
            with pytest.raises(lost):
                await asyncio.wait_for(batcher.submit([13]), 5)
            assert await asyncio.wait_for(batcher.submit([1]), 5) == [1]
        batcher._lanes[0].shutdown()  # what a thread that cannot be started any more looks like
        with pytest.raises(WorkerLost):
            await asyncio.wait_for(batcher.submit([2]), 5)
        assert await asyncio.wait_for(batcher.submit([3]), 5) == [3]
        await asyncio.wait_for(batcher.drain(), 5)
        assert batcher.queued == 0

    asyncio.run(ask())
