"""Windows cover every token, share the overlap, and are spread evenly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rebracket_core.encoders.text.windows import Frame, Padded, Windowing, batches, embed, split, unit, window_starts


@settings(max_examples=60, deadline=None)
@given(n=st.integers(0, 5000), body=st.integers(2, 300), data=st.data())
def test_windows_cover_the_text_and_overlap(n: int, body: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, body - 1))
    starts = window_starts(n, body=body, overlap=overlap)
    assert starts[0] == 0
    if n <= body:
        assert starts == [0]
        return
    assert starts[-1] + body == n
    steps = np.diff(starts)
    assert steps.max() <= body - overlap
    assert steps.max() - steps.min() <= 1


@pytest.mark.parametrize(("n", "count"), [(0, 1), (254, 1), (255, 2), (444, 2), (445, 3), (10_000, 53)])
def test_the_number_of_windows_is_the_smallest(n: int, count: int) -> None:
    assert len(window_starts(n, body=254, overlap=64)) == count


def test_split_names_owner_start_and_length() -> None:
    windows = split([3, 12, 0], body=10, overlap=4)
    assert windows.owner.tolist() == [0, 1, 1, 2]
    assert windows.start.tolist() == [0, 0, 2, 0]
    assert windows.length.tolist() == [3, 10, 10, 0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 400), max_size=60))
def test_batches_hold_every_window_once_within_the_budget(lengths: list[int]) -> None:
    array = np.asarray(lengths, dtype=np.int64)
    found = list(batches(array, max_rows=7, max_tokens=1000))
    assert sorted(int(at) for rows in found for at in rows) == list(range(len(lengths)))
    for rows in found:
        assert len(rows) <= 7
        assert len(rows) == 1 or len(rows) * array[rows].max() <= 1000


def test_a_million_tokens_pass_in_small_batches() -> None:
    widest = 0

    def forward(batches: Sequence[Padded]) -> Iterator[np.ndarray]:
        nonlocal widest
        for padded in batches:
            ids, mask = padded()
            widest = max(widest, ids.size)
            assert ids[0, 0] == 101 and ids[0, int(mask[0].sum()) - 1] == 102
            yield np.ones((len(ids), 4), dtype=np.float32) / 2

    windowing = Windowing(window=256, overlap=64, frame=Frame(prefix=(101,), suffix=(102,), pad=0))
    seen: list[tuple[int, int]] = []
    bodies = [np.full(1_000_000, 7, dtype=np.int32), np.zeros(0, dtype=np.int32)]
    vectors = embed(bodies, forward, windowing=windowing, dim=4, progress=lambda done, n: seen.append((done, n)))
    assert widest <= 4096
    assert np.allclose(vectors, 0.5)
    assert seen[-1] == (2, 2)
    assert seen == sorted(seen)


def test_unit_gives_length_one_even_where_there_is_no_direction() -> None:
    vectors = unit(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    assert vectors.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [1.0, 0.0]]
    assert vectors.dtype == np.float32
