"""Where the threads of a forward pass run."""

from __future__ import annotations

import os
import threading

import pytest

from rebracket_core.encoders import Encoder
from rebracket_core.encoders.cpu_affinity import CpuAffinity, affinity_for


@pytest.mark.parametrize(
    ("threads", "allowed", "caller", "option"), [(2, {0, 1}, 0, "2"), (3, {4, 0, 9}, 0, "5;10"), (2, {3, 5}, 3, "6")]
)
def test_each_thread_has_a_processor_where_all_processors_are_used(
    threads: int, allowed: set[int], caller: int, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: allowed, raising=False)
    found = affinity_for(threads)
    assert found is not None and found.caller == caller and found.option == option


@pytest.mark.parametrize(("threads", "allowed"), [(1, {0}), (2, {0, 1, 2, 3}), (4, {0, 1})])
def test_with_more_or_fewer_threads_than_processors_the_system_decides(
    threads: int, allowed: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: allowed, raising=False)
    assert affinity_for(threads) is None


def test_a_system_without_affinities_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert affinity_for(2) is None


needs_affinities = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no processor affinities")


@needs_affinities
def test_the_caller_alone_is_held_and_let_go_again_even_after_an_error() -> None:
    before = os.sched_getaffinity(0)
    at = CpuAffinity(caller=min(before), helpers=())
    ready, asked = threading.Event(), threading.Event()
    other = threading.Thread(target=lambda: (ready.set(), asked.wait()))
    other.start()
    ready.wait()
    with pytest.raises(ZeroDivisionError), at.caller_pinned():
        assert os.sched_getaffinity(0) == {min(before)}
        assert os.sched_getaffinity(other.native_id or 0) == before
        raise ZeroDivisionError
    assert os.sched_getaffinity(0) == before
    asked.set()
    other.join()


@needs_affinities
def test_a_caller_that_may_not_run_there_goes_on_as_it_is() -> None:
    before = os.sched_getaffinity(0)
    with CpuAffinity(caller=max(before) + 1, helpers=()).caller_pinned():
        assert os.sched_getaffinity(0) == before
    assert os.sched_getaffinity(0) == before


@needs_affinities
def test_a_forward_pass_leaves_its_caller_where_it_was(minilm: Encoder) -> None:
    before = os.sched_getaffinity(0)
    minilm.encode(["a bell that nobody cast"])
    assert os.sched_getaffinity(0) == before
