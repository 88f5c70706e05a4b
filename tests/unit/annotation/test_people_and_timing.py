"""Steadiness on hidden repeats, times and their outliers ones, pace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rebracket_core.annotation.agreement.annotators import steadiness
from rebracket_core.annotation.agreement.timing import pace, time_outliers, times
from rebracket_core.annotation.entities.label_schema import AxisLabel, LabelValue
from rebracket_core.annotation.entities.records import Item, Label


def label(
    item: str, who: str, temporal: AxisLabel, *, active_s: float = 0.0, at: str = "2026-03-01T10:00:00.000Z", round_: int = 1
) -> Label:
    value = LabelValue(temporal, AxisLabel.abstain(), AxisLabel.hard("ontological", "known"))
    return Label(f"{item}.{who}.{round_}", "p", item, "d", who, round_, value, at, at, 1, active_s=active_s)


PAST, FUTURE, MIXED = AxisLabel.hard("temporal", "past"), AxisLabel.hard("temporal", "future"), AxisLabel.of((700, 200, 100))


def test_repeats_are_compared_with_the_first_answer_of_the_same_person() -> None:
    items = [Item("p", f"i{k}", "x", "d") for k in range(6)]
    items += [Item("p", f"r{k}", "x", "d", repeat_of=f"i{k}") for k in range(6)]
    labels = [label(f"i{k}", "ann", PAST) for k in range(6)] + [label(f"r{k}", "ann", MIXED if k else FUTURE) for k in range(6)]
    labels += [label("i0", "bo", PAST), label("r0", "bo", PAST), label("r1", "cy", PAST)]
    found = {one.annotator: one for one in steadiness(labels, items, seed=1)}
    # Two axes answered: temporal overlaps 0.7 (once 0), ontological is the same.
    assert found["ann"].overlap.value == pytest.approx(np.mean([(0.7 + 1) / 2] * 5 + [(0.0 + 1) / 2]))
    assert found["ann"].same_first.value == pytest.approx((5 * 1.0 + 0.5) / 6)
    assert found["bo"].overlap.value is None and "1 repeats, 5 are needed" in found["bo"].overlap.why
    assert "cy" not in found


def timed(n: int = 60, *, seed: int = 1) -> tuple[list[Label], dict[str, int]]:
    """Two people, one twice as slow; time grows with the root of the length."""
    rng = np.random.default_rng(seed)
    lengths = {f"i{k}": int(rng.integers(60, 1500)) for k in range(n)}
    labels = []
    for k in range(n):
        for who, slow in (("ann", 1.0), ("bo", 2.0)):
            seconds = slow * lengths[f"i{k}"] ** 0.5 * float(rng.lognormal(0, 0.15))
            at = f"2026-03-{1 + k // 20:02}T10:{k % 60:02}:00.000Z"
            labels.append(label(f"i{k}", who, PAST, active_s=seconds, at=at))
    return labels, lengths


def test_times_by_person_and_both_strange_tails() -> None:
    labels, lengths = timed()
    assert not [s for s in time_outliers(labels, lengths) if not 0.4 < s.ratio < 2.5]
    labels[10] = label("i5", "ann", PAST, active_s=0.3, at=labels[10].client_time)
    labels[21] = label("i10", "bo", PAST, active_s=2000.0, at=labels[21].client_time)
    by_person, outliers = times(labels, lengths)
    assert {(s.item_id, s.annotator) for s in outliers[:2]} == {("i5", "ann"), ("i10", "bo")}
    assert [t.annotator for t in by_person] == ["ann", "bo"]
    ann, bo = by_person
    assert ann.n_quick >= 1 and bo.n_slow >= 1 and ann.n_timed == 60
    assert ann.median_s is not None and bo.median_s is not None and bo.median_s == pytest.approx(2 * ann.median_s, rel=0.15)
    assert ann.low_quartile_s is not None and ann.low_quartile_s < ann.median_s < (ann.high_quartile_s or 0.0)
    assert time_outliers(labels[:19], lengths) == []


def test_a_label_without_a_time_counts_for_none() -> None:
    found, _ = times([label("i", "ann", PAST)], {"i": 10})
    assert (found[0].n_labels, found[0].n_timed, found[0].median_s, found[0].total_s) == (1, 0, None, 0.0)


def test_pace_is_that_of_the_last_seven_days() -> None:
    labels = [label(f"a{k}", "ann", PAST, at="2026-03-01T10:00:00Z") for k in range(50)]
    labels += [label(f"b{k}", "bo", PAST, at=f"2026-03-{20 + k % 2}T10:00:00Z") for k in range(14)]
    found = pace(labels, n_left=30)
    assert found.by_day == {"2026-03-01": {"ann": 50}, "2026-03-20": {"bo": 7}, "2026-03-21": {"bo": 7}}
    assert found.per_day == pytest.approx(2.0) and found.days_left == pytest.approx(15.0)
    assert pace([], n_left=3).days_left is None
    assert pace([replace(one, client_time="today") for one in labels], n_left=30) == found
    assert pace(labels[:50], n_left=100).per_day == 50
