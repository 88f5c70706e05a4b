"""Long texts without a cut: token ids into evenly spread, overlapping windows; their vectors back into one a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rebracket_core.encoders.base import Vectors
from rebracket_core.progress import StepCounter

Ints = NDArray[np.int64]
Padded = Callable[[], tuple[Ints, Ints]]
Forward = Callable[[Sequence[Padded]], Iterable[NDArray[np.float32]]]

MAX_ROWS = 16
MAX_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Frame:
    """The special tokens around a window: ids before, ids after, and the id that pads a batch on the right."""

    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    pad: int


@dataclass(frozen=True, slots=True)
class Windowing:
    """How texts are split: tokens of a window (special ones too), tokens that neighbours share, limits of a batch."""

    window: int
    overlap: int
    frame: Frame
    max_rows: int = MAX_ROWS
    max_tokens: int = MAX_TOKENS

    @property
    def body(self) -> int:
        """The text's own tokens in one window."""
        return self.window - len(self.frame.prefix) - len(self.frame.suffix)


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of many texts, in text order: arrays (m,) of the text's position, the first token, the token count."""

    owner: Ints
    start: Ints
    length: Ints


def window_starts(n_tokens: int, *, body: int, overlap: int) -> list[int]:
    """First tokens of the fewest windows of `body` tokens that cover `n_tokens` and share `overlap` or more.

    The windows are spread evenly, so the last one ends with the text and none is a short rest.
    """
    if n_tokens <= body:
        return [0]
    step = body - overlap
    count = -(-(n_tokens - overlap) // step)
    return [(i * (n_tokens - body)) // (count - 1) for i in range(count)]


def split(lengths: Sequence[int], *, body: int, overlap: int) -> Windows:
    """The windows of texts that have `lengths` tokens (special tokens not counted)."""
    starts = [window_starts(n, body=body, overlap=overlap) for n in lengths]
    counts = [len(s) for s in starts]
    owner = np.repeat(np.arange(len(starts), dtype=np.int64), counts)
    length = np.minimum(np.asarray(lengths, dtype=np.int64), body)[owner]
    return Windows(owner=owner, start=np.asarray([a for s in starts for a in s], dtype=np.int64), length=length)


def batches(lengths: Ints, *, max_rows: int, max_tokens: int) -> Iterator[Ints]:
    """Positions of windows, longest first, in batches of at most `max_rows` rows and `max_tokens` padded tokens."""
    order = np.argsort(-lengths, kind="stable")
    at = 0
    while at < len(order):
        longest = max(1, int(lengths[order[at]]))
        rows = max(1, min(max_rows, max_tokens // longest))
        yield order[at : at + rows]
        at += rows


def embed(
    bodies: Sequence[NDArray[np.int32]],
    forward: Forward,
    *,
    windowing: Windowing,
    dim: int,
    progress: StepCounter | None = None,
) -> Vectors:
    """Unit vectors (n, dim) of texts given as token ids: unit vector of each window, their mean, length 1 again.

    `forward` takes batches, each a call that gives ids and mask (b, l) int64, and gives unit vectors (b, dim) float32
    for each, in their order. Windows of one text are added in text order whatever else is in the call, so that its
    vector doesn't depend on its batch mates.
    """
    n = len(bodies)
    windows = split([len(b) for b in bodies], body=windowing.body, overlap=windowing.overlap)
    last = np.append(windows.owner[1:] != windows.owner[:-1], True) if n else np.zeros(0, dtype=bool)
    total = np.zeros((n, dim), dtype=np.float32)
    done = 0
    widths = windows.length + (windowing.window - windowing.body)
    parts = list(batches(widths, max_rows=windowing.max_rows, max_tokens=windowing.max_tokens))
    padded = [partial(_padded, bodies, windows, rows, frame=windowing.frame) for rows in parts]
    for rows, vectors in zip(parts, forward(padded), strict=True):
        np.add.at(total, windows.owner[rows], vectors)
        done += int(last[rows].sum())
        if progress is not None:
            progress(done, n)
    return unit(total)


def unit(vectors: NDArray[np.float32]) -> Vectors:
    """The vectors (n, dim) with rows of length 1; a row of zeros, which has no direction, points along the first axis."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    none = norms[:, 0] < 1e-12
    result = vectors / np.where(norms < 1e-12, 1.0, norms)
    if none.any():
        result[none] = 0.0
        result[none, 0] = 1.0
    return result.astype(np.float32, copy=False)


def _padded(bodies: Sequence[NDArray[np.int32]], windows: Windows, rows: Ints, *, frame: Frame) -> tuple[Ints, Ints]:
    before, after = len(frame.prefix), len(frame.suffix)
    width = max(1, int(windows.length[rows].max()) + before + after)
    ids = np.full((len(rows), width), frame.pad, dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for row, at in enumerate(rows):
        start, length = int(windows.start[at]), int(windows.length[at])
        ids[row, :before] = frame.prefix
        ids[row, before : before + length] = bodies[int(windows.owner[at])][start : start + length]
        ids[row, before + length : before + length + after] = frame.suffix
        mask[row, : before + length + after] = 1
    return ids, mask
