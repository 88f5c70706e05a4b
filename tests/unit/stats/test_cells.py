"""Intervals over songs: they cover what they promise where those over texts don't, and never call few songs certain."""

from __future__ import annotations

import numpy as np
import pytest

from rebracket_core.stats.cells import merged_groups, ratio_intervals, simultaneous_differences, wilson


def _grouped(rng: np.random.Generator, *, n_groups: int, size: int, share: float, icc: float) -> tuple[np.ndarray, np.ndarray]:
    """Right or wrong of texts in groups whose own shares are Beta-distributed, so that texts of a group are alike."""
    scale = (1.0 - icc) / icc
    own = rng.beta(share * scale, (1.0 - share) * scale, size=n_groups)
    hits = rng.random((n_groups, size)) < own[:, None]
    return hits.reshape(-1).astype(float), np.repeat(np.arange(n_groups), size).astype(str)


def test_wilson_has_its_known_values() -> None:
    assert wilson(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(1.0, 20) == pytest.approx((0.8389, 1.0), abs=1e-4)
    assert wilson(0.3, 0) == (0.0, 1.0)


@pytest.mark.slow
def test_the_song_bootstrap_covers_where_wilson_does_not() -> None:
    rng, share, times = np.random.default_rng(5), 0.7, 1500
    covered = {"songs": 0, "texts": 0}
    for k in range(times):
        hits, groups = _grouped(rng, n_groups=100, size=5, share=share, icc=0.3)
        told = ratio_intervals(hits[:, None], np.ones((len(hits), 1)), groups, seed=k)
        covered["songs"] += bool(told.low[0] <= share <= told.high[0])
        low, high = wilson(float(hits.mean()), len(hits))
        covered["texts"] += low <= share <= high
    assert covered["songs"] / times == pytest.approx(0.95, abs=0.03)
    assert covered["texts"] / times < 0.85


def test_few_songs_that_agree_are_not_certain() -> None:
    told = ratio_intervals(np.ones((6, 1)), np.ones((6, 1)), np.array(list("aabbcc")), seed=1)
    assert told.value[0] == 1.0 and told.low[0] == pytest.approx(wilson(1.0, 3)[0]) and told.n_groups[0] == 3
    nothing = ratio_intervals(np.zeros((4, 1)), np.zeros((4, 1)), np.array(list("aabb")), seed=1)
    assert np.isnan(nothing.value[0]) and np.isnan(nothing.low[0])


def test_joint_intervals_hold_for_all_sets_at_once() -> None:
    rng, missed = np.random.default_rng(3), 0
    for k in range(120):
        hits, groups = _grouped(rng, n_groups=60, size=4, share=0.6, icc=0.2)
        inside = rng.random((len(hits), 12)) < 0.4
        told = simultaneous_differences(hits, inside, groups, seed=k, replicates=500)
        missed += bool(((told.low > 0) | (told.high < 0)).any())
        assert (told.p[np.isfinite(told.p)] <= 1.0).all()
    assert missed / 120 <= 0.11


def test_groups_that_either_side_keeps_together_are_one() -> None:
    assert merged_groups(["a", "a", "b", "c"], ["1", "2", "2", "3"]).tolist() == [0, 0, 0, 1]
