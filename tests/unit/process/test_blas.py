"""numpy's products on one thread: for as long as anybody asks for it, and no longer."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy  # noqa: F401 - its library is the one that is held
import pytest
from threadpoolctl import ThreadpoolController

from rebracket_core.process.blas import one_blas_thread


def threads() -> set[int]:
    """Those of numpy's library; scipy brings one of its own, and may come later."""
    found = ThreadpoolController().info()
    return {one["num_threads"] for one in found if one["user_api"] == "blas" and "numpy" in one["filepath"]}


@pytest.fixture(autouse=True)
def two_at_first() -> Iterator[None]:
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        yield


def test_one_thread_inside_and_as_before_after_it() -> None:
    with one_blas_thread():
        assert threads() == {1}
    assert threads() == {2}


def test_it_is_given_back_after_an_error() -> None:
    with pytest.raises(ValueError, match="asked"), one_blas_thread():
        raise ValueError("asked")
    assert threads() == {2}


def test_the_last_of_several_callers_lets_go() -> None:
    first_in, second_in = threading.Event(), threading.Event()

    def second() -> None:
        first_in.wait(10)
        with one_blas_thread():
            second_in.set()
            done.wait(10)

    done, other = threading.Event(), threading.Thread(target=second)
    other.start()
    with one_blas_thread():
        first_in.set()
        assert second_in.wait(10)
    assert threads() == {1}  # the first has left, the second is still inside
    done.set()
    other.join()
    assert threads() == {2}
