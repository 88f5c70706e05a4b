"""How long labels take: medians by person, the pace of days, and labels that took strangely short or long for their text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from rebracket_core.annotation.entities.records import Label

FEWEST_TIMED = 20
OUTLIER_Z = 3.5
_TO_SIGMA = 1.4826
_RECENT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Times:
    """Active seconds a label (time in which the page had the focus): median and quartiles of those that have a time.

    `total_s` is all active time; `n_quick` and `n_slow` labels are far from what their text's length and the person's own
    speed let expect. `early_s` and `late_s` are the medians of the first and last third, in order of time.
    """

    annotator: str
    n_labels: int
    n_timed: int
    median_s: float | None
    low_quartile_s: float | None
    high_quartile_s: float | None
    total_s: float
    early_s: float | None
    late_s: float | None
    n_quick: int
    n_slow: int

    def to_dict(self) -> dict[str, Any]:
        """The times as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TimeOutlier:
    """A label whose time is far from expected: `ratio` is its time divided by the expected one."""

    label_id: str
    item_id: str
    annotator: str
    active_s: float
    expected_s: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Pace:
    """Labels by day and person (local days are those of the times' own zone), and what is left at the pace of the last week.

    `per_day` is the mean of the last seven days up to the last label; `days_left` is None where nothing was done in them.
    """

    by_day: dict[str, dict[str, int]]
    per_day: float
    n_left: int
    days_left: float | None

    def to_dict(self) -> dict[str, Any]:
        """The pace as plain values."""
        return asdict(self)


def times(labels: Sequence[Label], lengths: Mapping[str, int]) -> tuple[list[Times], list[TimeOutlier]]:
    """The times of each person, by name, and the labels with a outliers time; `lengths` is the text length by item id."""
    outliers = time_outliers(labels, lengths)
    out = []
    for name in sorted({label.annotator for label in labels}):
        mine = sorted((x for x in labels if x.annotator == name), key=lambda x: x.client_time)
        known = np.array([x.active_s for x in mine if x.active_s > 0])
        third = len(known) // 3
        low, middle, high = np.quantile(known, (0.25, 0.5, 0.75)) if len(known) else (None, None, None)
        odd = [s for s in outliers if s.annotator == name]
        out.append(
            Times(
                name,
                len(mine),
                len(known),
                _float(middle),
                _float(low),
                _float(high),
                float(known.sum()),
                early_s=float(np.median(known[:third])) if third >= 3 else None,
                late_s=float(np.median(known[-third:])) if third >= 3 else None,
                n_quick=sum(s.ratio < 1 for s in odd),
                n_slow=sum(s.ratio > 1 for s in odd),
            )
        )
    return out, outliers


def time_outliers(labels: Sequence[Label], lengths: Mapping[str, int]) -> list[TimeOutlier]:
    """The labels whose time is outliers, the farthest first; none where fewer than 20 have a time.

    log(time) is fitted on log(length) and the person by least absolute deviations, so that outliers ones don't bend the fit;
    outliers is a residual beyond 3.5 robust deviations (Iglewicz & Hoaglin 1993).
    """
    known = [x for x in labels if x.active_s > 0 and lengths.get(x.item_id)]
    if len(known) < FEWEST_TIMED:
        return []
    spent = np.log([x.active_s for x in known])
    expected = _expected(spent, np.log([lengths[x.item_id] for x in known]), [x.annotator for x in known])
    residual = spent - expected
    scale = _TO_SIGMA * float(np.median(np.abs(residual - np.median(residual))))
    if scale < 1e-9:
        return []
    far = np.abs(residual) / scale
    return [
        TimeOutlier(
            known[k].label_id,
            known[k].item_id,
            known[k].annotator,
            known[k].active_s,
            expected_s=float(np.exp(expected[k])),
            ratio=float(np.exp(residual[k])),
        )
        for k in np.argsort(-far, kind="stable")
        if far[k] > OUTLIER_Z
    ]


def pace(labels: Iterable[Label], *, n_left: int) -> Pace:
    """The labels by day and person, and how many days are left at the pace of the last seven."""
    by_day: dict[str, dict[str, int]] = {}
    for moment, label in sorted(((_day(x), x) for x in labels), key=lambda pair: (pair[0], pair[1].annotator)):
        day = by_day.setdefault(moment, {})
        day[label.annotator] = day.get(label.annotator, 0) + 1
    if not by_day:
        return Pace({}, 0.0, n_left, None)
    last = datetime.fromisoformat(max(by_day))
    recent = {(last - timedelta(days=k)).strftime("%Y-%m-%d") for k in range(_RECENT_DAYS)}
    first = datetime.fromisoformat(min(by_day))
    span = min(_RECENT_DAYS, (last - first).days + 1)
    per_day = sum(sum(people.values()) for day, people in by_day.items() if day in recent) / span
    return Pace(by_day, per_day, n_left, n_left / per_day if per_day else None)


def _day(label: Label) -> str:
    """The day on which a label was given, "2026-03-01": by the client's clock, or the server's where that says nothing."""
    try:
        return datetime.fromisoformat(label.client_time).strftime("%Y-%m-%d")
    except ValueError:
        return label.server_time[:10]


def _expected(spent: np.ndarray, length: np.ndarray, people: Sequence[str]) -> np.ndarray:
    from statsmodels.regression.quantile_regression import QuantReg

    names = sorted(set(people))
    design = np.array([[float(who == name) for name in names] for who in people])
    if float(np.ptp(length)) > 0:
        design = np.column_stack([design, length - length.mean()])
    with np.errstate(all="ignore"):  # its standard errors, which are not used, divide by 0 where many times are equal
        return np.asarray(QuantReg(spent, design).fit(q=0.5, max_iter=2000).predict(design))


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
