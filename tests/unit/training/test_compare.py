"""Two runs on the same rows: what differs, against what chance would do to whole groups."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rebracket_core.errors import InputError
from rebracket_core.stats.out_of_fold_rows import OutOfFoldRows
from rebracket_core.stats.paired import group_sums, holm, paired_differences, sign_flip_p
from rebracket_core.training.evaluation.compare import METRICS, Comparison, RunPredictions, compare_runs, config_difference


def _rows(top: list[int], *, truth: list[int], groups: list[str], sure: float = 0.6, ids: str = "r") -> OutOfFoldRows:
    n = len(top)
    proba = np.full((n, 9), (1.0 - sure) / 8)
    proba[np.arange(n), top] = sure
    return OutOfFoldRows(
        row_id=tuple(f"{ids}{k}" for k in range(n)),
        group_id=tuple(groups),
        text=tuple(f"text {k}" for k in range(n)),
        album_truth=np.array(truth),
        album_top=np.array(top),
        album_proba=proba,
        axis_truth=np.tile(np.array([0, 1, -1]), (n, 1)),
        axis_top=np.tile(np.array([0, 0, 0]), (n, 1)),
        verdict=("ACCEPT",) * n,
        accepted=np.ones(n, dtype=bool),
    )


def _run(name: str, rows: OutOfFoldRows, *, leaked: bool = False, **config: Any) -> RunPredictions:
    return RunPredictions(run_id=name, rows=rows, leaked=leaked, config=config)


def _one(first: OutOfFoldRows, second: OutOfFoldRows, **kw: Any) -> Comparison:
    return compare_runs([_run("a", first), _run("b", second, **kw)], seed=1)[0]


def _groups(n: int, size: int) -> list[str]:
    return [f"g{k // size}" for k in range(n)]


# ---- the statistics, by hand ------------------------------------------------------------------------------------------


def test_sign_flips_of_few_groups_are_all_tried() -> None:
    # Of the 8 patterns of three signs, +++ and --- alone reach 3, and for (2, 1, 1) reach 4; zero is always reached.
    gap = np.array([[1.0, 2.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    assert sign_flip_p(gap, seed=0).tolist() == [0.25, 0.25, 1.0]
    # (2, -1, 1): the sum is 2; |±2 ±1 ±1| ≥ 2 fails for no pattern but those where the ones add up against the two: 0.
    assert sign_flip_p(np.array([[2.0], [-1.0], [1.0]]), seed=0).tolist() == [0.75]


def test_the_smallest_drawn_p_is_one_in_ten_thousand() -> None:
    assert sign_flip_p(np.ones((40, 1)), seed=0).tolist() == [1 / 10_000]
    assert sign_flip_p(np.zeros((40, 1)), seed=0).tolist() == [1.0]


def test_sums_by_group_leave_out_what_either_does_not_know() -> None:
    first = np.array([[1.0], [0.0], [np.nan], [1.0]])
    second = np.array([[1.0], [1.0], [1.0], [np.nan]])
    sums = group_sums(first, second, groups=np.array([0, 0, 1, 1]))
    assert sums.counts.ravel().tolist() == [2.0, 0.0]
    told = paired_differences(sums, seed=0)
    assert (told.first[0], told.second[0], told.difference[0]) == (0.5, 1.0, 0.5)
    assert np.isnan([told.low[0], told.high[0], told.p[0]]).all()  # one group alone says nothing of others


def test_the_interval_is_that_of_a_bootstrap_written_out() -> None:
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 30, size=200)
    first, second = (rng.random((200, 1)) < 0.6).astype(float), (rng.random((200, 1)) < 0.7).astype(float)
    told = paired_differences(group_sums(first, second, groups=groups), seed=5)
    gap = [(second - first)[groups == g].ravel() for g in range(30)]
    means = [np.concatenate([gap[g] for g in rng.integers(0, 30, size=30)]).mean() for _ in range(4000)]
    assert told.low[0] == pytest.approx(np.quantile(means, 0.025), abs=0.01)
    assert told.high[0] == pytest.approx(np.quantile(means, 0.975), abs=0.01)


def test_holm_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.04 times 3, 2, 1: 0.03, 0.04, 0.04. What was not measured counts for none.
    assert holm(np.array([0.04, np.nan, 0.01, 0.02])).tolist()[2:] == [0.03, 0.04]
    assert holm(np.array([0.04, np.nan, 0.01, 0.02]))[0] == pytest.approx(0.04)
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


def test_under_no_difference_the_p_value_is_small_as_rarely_as_it_should() -> None:
    rng = np.random.default_rng(11)
    gap = rng.normal(size=(12, 4000)) * rng.integers(1, 9, size=(12, 1))  # 4,000 metrics of 12 unequal groups
    share = (sign_flip_p(gap, seed=0) <= 0.05).mean()
    assert share == pytest.approx(0.05, abs=0.012)


# ---- runs -------------------------------------------------------------------------------------------------------------


def test_a_clear_difference_is_told_with_the_rows() -> None:
    truth = [k % 9 for k in range(60)]
    worse = [t if k % 2 else (t + 1) % 9 for k, t in enumerate(truth)]
    found = _one(_rows(worse, truth=truth, groups=_groups(60, 3)), _rows(truth, truth=truth, groups=_groups(60, 3)))
    album = found.metrics[METRICS.index("album")]
    assert (album.first, album.second, album.difference, album.n, album.n_groups) == (0.5, 1.0, 0.5, 60, 20)
    assert album.ci_low is not None and 0.3 < album.ci_low < 0.5 and album.p is not None and album.p < 0.001
    assert album.p_holm is not None and album.p_holm >= album.p
    loss = found.metrics[METRICS.index("album_log_loss")]
    assert loss.lower_is_better and loss.second == pytest.approx(-math.log(0.6))
    brier = found.metrics[METRICS.index("album_brier")]
    assert brier.second == pytest.approx(0.4**2 + 8 * 0.05**2)
    assert len(found.disagreements) == 30 and {d.right for d in found.disagreements} == {"second"}
    assert found.honest and found.only_first == found.only_second == 0


def test_a_run_against_its_twin_differs_in_nothing() -> None:
    rows = _rows([0, 1, 2, 3], truth=[0, 1, 0, 0], groups=["a", "a", "b", "c"])
    found = _one(rows, rows)
    assert [(m.difference, m.ci_low, m.ci_high, m.p) for m in found.metrics[:3]] == [(0.0, 0.0, 0.0, 1.0)] * 3
    assert found.metrics[3].n == 0 and found.metrics[3].p is None  # no row has one mode on the third axis
    assert found.disagreements == ()


def test_rows_are_common_by_id_and_text_and_labels_that_changed_count_for_nothing() -> None:
    first = _rows([0, 0, 0, 0], truth=[0, 0, 0, 0], groups=["a", "b", "c", "d"])
    second = _rows([0, 1, 1, 1], truth=[0, 0, 1, 0], groups=["a", "b", "c", "d"])
    second = replace(second, text=("text 0", "text 1", "text 2", "another text"))
    found = _one(first, second)
    assert (found.n_rows, found.only_first, found.only_second, found.relabelled) == (3, 1, 1, 1)
    assert (found.metrics[0].n, found.metrics[0].first, found.metrics[0].second) == (2, 1.0, 0.5)
    assert [d.right for d in found.disagreements] == ["first", "unknown"]


def test_groups_that_either_run_keeps_together_are_drawn_together() -> None:
    first = _rows([0] * 4, truth=[0] * 4, groups=["a", "a", "b", "c"])
    second = _rows([1] * 4, truth=[0] * 4, groups=["x", "y", "y", "z"])
    assert _one(first, second).n_groups == 2  # a, x, y and b hang together; c stands alone


def test_a_run_without_albums_is_compared_on_its_axes_alone() -> None:
    rows = _rows([0, 1, 2], truth=[0, 1, 2], groups=["a", "b", "c"])
    none = replace(rows, album_top=np.full(3, -1), album_proba=np.full((3, 9), np.nan))
    found = _one(rows, none)
    assert found.metrics[0].difference is None and found.metrics[1].difference == 0.0
    assert found.disagreements == ()


def test_a_leaked_run_is_compared_and_marked() -> None:
    rows = _rows([0, 1, 2], truth=[0, 1, 2], groups=["a", "b", "c"])
    found = _one(rows, rows, leaked=True)
    assert not found.honest and found.leaked == ("b",)
    assert "measure memory" in found.notes[0] and found.to_dict()["honest"] is False


def test_what_is_no_comparison_is_refused() -> None:
    rows = _rows([0, 1, 2], truth=[0, 1, 2], groups=["a", "b", "c"])
    for runs in ([_run("a", rows)], [_run("a", rows), _run("a", rows)], []):
        with pytest.raises(InputError, match="two different runs"):
            compare_runs(runs, seed=1)
    with pytest.raises(InputError, match="did not predict the same texts"):
        _one(rows, replace(rows, row_id=("x", "y", "z")))
    with pytest.raises(InputError, match="1 groups"):
        _one(rows, replace(rows, group_id=("a", "a", "a")))


def test_the_correction_is_over_all_pairs() -> None:
    truth = [k % 9 for k in range(60)]
    worse = [t if k % 2 else (t + 1) % 9 for k, t in enumerate(truth)]
    good, bad = _rows(truth, truth=truth, groups=_groups(60, 3)), _rows(worse, truth=truth, groups=_groups(60, 3))
    pair = compare_runs([_run("a", bad), _run("b", good)], seed=1)[0].metrics[0]
    three = compare_runs([_run("a", bad), _run("b", good), _run("c", good)], seed=1)[0].metrics[0]
    assert pair.p == three.p and pair.p_holm is not None and three.p_holm is not None and three.p_holm > pair.p_holm


def test_config_difference_names_what_one_alone_knows() -> None:
    assert config_difference({"a": 1, "b": 2}, {"b": 3, "c": 4}) == {"a": (1, None), "b": (2, 3), "c": (None, 4)}
