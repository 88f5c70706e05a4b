"""What waits to be scored, in the order of turns: small requests beside large ones, caller beside caller."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True, eq=False)
class Submission(Generic[T, R]):
    """The items of one request: `sizes` in characters, `start` the first item that no worker has taken yet."""

    kind: Hashable
    caller: str
    items: Sequence[T]
    sizes: Sequence[int]
    result: asyncio.Future[list[R]]
    large: bool = False
    start: int = 0
    results: list[R | None] = field(default_factory=list)
    missing: int = 0

    def __post_init__(self) -> None:
        self.results, self.missing = [None] * len(self.items), len(self.items)


@dataclass(frozen=True, slots=True)
class Slice(Generic[T, R]):
    """The items `start` to `stop` of a submission, which one worker scores in one go."""

    submission: Submission[T, R]
    start: int
    stop: int

    @property
    def items(self) -> Sequence[T]:
        """The items of the slice."""
        return self.submission.items[self.start : self.stop]

    @property
    def chars(self) -> int:
        """How many characters the slice holds."""
        return sum(self.submission.sizes[self.start : self.stop])

    def __len__(self) -> int:
        return self.stop - self.start


class _Line(Generic[T, R]):
    """Submissions of one size class: callers take turns, and so do the large submissions of one caller."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, deque[Submission[T, R]]] = OrderedDict()

    def add(self, submission: Submission[T, R]) -> None:
        self._callers.setdefault(submission.caller, deque()).append(submission)

    def remove(self, submission: Submission[T, R]) -> None:
        waiting = self._callers.get(submission.caller)
        if waiting is not None and submission in waiting:
            waiting.remove(submission)
            if not waiting:
                del self._callers[submission.caller]

    def first(self) -> Submission[T, R] | None:
        return next(iter(self._callers.values()))[0] if self._callers else None

    def yield_turn(self, submission: Submission[T, R], *, again: bool) -> None:
        """Put the caller behind the others, and the submission, if it is to come again, behind the caller's others."""
        self.remove(submission)
        if submission.caller in self._callers:
            self._callers.move_to_end(submission.caller)
        if again:
            self.add(submission)


class FairQueue(Generic[T, R]):
    """Slices in the order of turns.

    A submission that fits one slice is small and is taken whole; a large one is cut. Where both wait, small and large ones
    take turns, so neither waits for more than what is being scored and one slice (or batch) of the other class.
    """

    def __init__(self, *, slice_items: int, slice_chars: int) -> None:
        self._slice_items = slice_items
        self._slice_chars = slice_chars
        self._small: _Line[T, R] = _Line()
        self._large: _Line[T, R] = _Line()
        self._large_next = False

    def is_large(self, sizes: Sequence[int]) -> bool:
        """Whether items of these sizes take more than one slice, or one that is longer than a slice."""
        return len(sizes) > self._slice_items or sum(sizes) > self._slice_chars

    def add(self, submission: Submission[T, R]) -> None:
        """Let a submission wait for its turn."""
        (self._large if submission.large else self._small).add(submission)

    def remove(self, submission: Submission[T, R]) -> None:
        """Drop what no worker has taken of a submission."""
        (self._large if submission.large else self._small).remove(submission)

    def waiting(self, *, large: bool) -> bool:
        """Whether there is something to take; `large` says whether a slice of a large submission may be."""
        return self._small.first() is not None or (large and self._large.first() is not None)

    def take(self, *, room: int, large: bool) -> list[Slice[T, R]]:
        """The slices to score together now, of one kind and at most `room` items where they are several."""
        lines = [self._large, self._small] if self._large_next else [self._small, self._large]
        for line in lines:
            if (line is self._small or large) and line.first() is not None:
                self._large_next = line is self._small
                return self._batch(line, room=room)
        return []

    def _batch(self, line: _Line[T, R], *, room: int) -> list[Slice[T, R]]:
        """The first slice of the line, and those behind it of the same kind while there is room."""
        batch: list[Slice[T, R]] = []
        chars = self._slice_chars
        while (first := line.first()) is not None:
            found = self._cut(first)
            if batch and (first.kind != batch[0].submission.kind or len(found) > room or found.chars > chars):
                break
            room, chars = room - len(found), chars - found.chars
            first.start = found.stop
            line.yield_turn(first, again=found.stop < len(first.items))
            batch.append(found)
        return batch

    def _cut(self, submission: Submission[T, R]) -> Slice[T, R]:
        stop, chars = submission.start, 0
        while stop < len(submission.items) and stop - submission.start < self._slice_items:
            chars += submission.sizes[stop]
            if chars > self._slice_chars and stop > submission.start:
                break
            stop += 1
        return Slice(submission, submission.start, stop)
