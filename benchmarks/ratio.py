"""Two ways timed in turn in one run, so that a busy machine slows both alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ours against the other: median seconds of each, the median of the paired ratios and its 95 % bootstrap interval."""

    ours_s: float
    other_s: float
    ratio: float
    low: float
    high: float
    rounds: int


def paired(
    ours: Callable[[], object], other: Callable[[], object], *, rounds: int, warm_up: int = 1, rest_s: float = 0.0
) -> Ratio:
    """The ratio of two calls, each run `rounds` times, ABBA order within a round.

    `rest_s` before each call lets the other's threads fall asleep: torch's spin for some milliseconds after a call, and
    a short call would be measured beside them.
    """
    a: list[float] = []
    b: list[float] = []
    for i in range(rounds + warm_up):
        first, second = (ours, other) if i % 2 == 0 else (other, ours)
        times = (_seconds(first, rest_s), _seconds(second, rest_s))
        if i >= warm_up:
            a.append(times[i % 2])
            b.append(times[1 - i % 2])
    ratios = np.array(a) / np.array(b)
    draws = np.median(np.random.default_rng(0).choice(ratios, size=(2000, len(ratios))), axis=1)
    low, high = np.quantile(draws, (0.025, 0.975))
    return Ratio(float(np.median(a)), float(np.median(b)), float(np.median(ratios)), float(low), float(high), rounds)


def _seconds(call: Callable[[], object], rest_s: float) -> float:
    time.sleep(rest_s)
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
