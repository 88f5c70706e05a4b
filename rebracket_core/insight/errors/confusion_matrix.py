"""What is taken for what: tables of truth and answer with an interval over songs in every cell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rebracket_core.errors import ModelError
from rebracket_core.insight.review import Review, common_rows
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES, album_of_triple
from rebracket_core.stats import group_sums, holm, merged_groups, paired_differences, ratio_intervals
from rebracket_core.verdict_kinds import VerdictKind

FEW_GROUPS = 10  # below so many songs a 95 % interval over songs covers 0.81 to 0.90 (simulated with 4 to 8 songs)
NO_MODE = "no mode"
VERDICTS = tuple(map(str, VerdictKind))


class Question(StrEnum):
    """What a table of truth and answer is about."""

    ALBUM = "album"
    TEMPORAL = AXIS_NAMES[0]
    SPATIAL = AXIS_NAMES[1]
    ONTOLOGICAL = AXIS_NAMES[2]
    TYPE = "type"
    VERDICT = "verdict"
    JOINT = "joint"


@dataclass(frozen=True, slots=True)
class Cells:
    """A table of r truths and c answers over n out-of-fold rows.

    `counts` (r, c) rows of the cell (expected numbers where `expected`), `share` of its truth's rows with 95 % bounds over
    songs (NaN where the truth is absent); `row_n` and `row_groups` (r,) rows and songs of each truth. `member` (n, r) and
    `given` (n, c) weigh how much a row stands in each line and column, which tells the texts of a cell; `groups` (n,) are
    their songs. `square`: truths and answers are the same labels, so that a diagonal cell is right.
    """

    what: str
    truths: tuple[str, ...]
    predictions: tuple[str, ...]
    counts: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    row_n: np.ndarray
    row_groups: np.ndarray
    member: np.ndarray
    given: np.ndarray
    groups: np.ndarray
    n_groups: int
    expected: bool
    square: bool

    @property
    def few(self) -> np.ndarray:
        """(r,) bool: the truth occurs in too few songs for its shares to be believed."""
        return np.asarray((self.row_groups > 0) & (self.row_groups < FEW_GROUPS))

    @property
    def absent(self) -> tuple[str, ...]:
        """The truths without a row."""
        return tuple(name for name, n in zip(self.truths, self.row_n.tolist(), strict=True) if not n)

    def texts_of(self, truth: int, answer: int) -> np.ndarray:
        """(k,) the positions of the rows of a cell by how much they stand in it, most first."""
        weight = self.member[:, truth] * self.given[:, answer]
        order = np.argsort(-weight, kind="stable")
        return np.asarray(order[weight[order] > 0.0])


@dataclass(frozen=True, slots=True)
class Pair:
    """A truth and the wrong answer that is given for it."""

    truth: str
    answer: str
    truth_idx: int
    predicted_idx: int
    count: float
    share: float
    low: float
    high: float
    n_groups: int


@dataclass(frozen=True, slots=True)
class CellDifference:
    """A cell of two runs on their common rows: the shares, the second's less the first's with its interval, corrected p."""

    truth: str
    answer: str
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    p: float | None


def confusion(review: Review, what: Question, *, seed: int, expected: bool = False) -> Cells:
    """The table of a question. `expected` counts the probabilities given, and soft truths, instead of first answers.

    Raises ModelError where the run did not learn the question or did not keep what the table needs.
    """
    if what is Question.ALBUM:
        return _of(what, _album_sides(review, expected=expected), review.groups, seed=seed, expected=expected)
    if what is Question.TYPE:
        return _of(what, _type_sides(review, expected=expected), review.groups, seed=seed, expected=expected)
    if what is Question.VERDICT:
        return _of(what, _verdict_sides(review), review.groups, seed=seed, expected=False, square=False)
    if what is Question.JOINT:
        return _of(what, _joint_sides(review), review.groups, seed=seed, expected=False, square=False)
    sides = _axis_sides(review, AXIS_NAMES.index(what.value), expected=expected)
    return _of(what, sides, review.groups, seed=seed, expected=expected)


def album_cells(truth: np.ndarray, top: np.ndarray, groups: np.ndarray, *, what: str, seed: int) -> Cells:
    """The album table of any answers: `truth` and `top` (n,) positions in ALBUM_NAMES, -1 for none."""
    sides = _Sides(ALBUM_NAMES, ALBUM_NAMES, _one_hot(truth, len(ALBUM_NAMES)), _one_hot(top, len(ALBUM_NAMES)))
    return _of(what, sides, groups, seed=seed, expected=False)


def confused_pairs(cells: Cells) -> list[Pair]:
    """The wrong answers of a square table that are given at all, the most frequent first, then the largest share."""
    found = []
    for i, truth in enumerate(cells.truths):
        for j, answer in enumerate(cells.predictions):
            if truth in (answer, NO_MODE) or cells.counts[i, j] <= 0:
                continue
            rows = cells.texts_of(i, j)
            found.append(
                Pair(
                    truth,
                    answer,
                    i,
                    j,
                    float(cells.counts[i, j]),
                    float(cells.share[i, j]),
                    float(cells.low[i, j]),
                    float(cells.high[i, j]),
                    len(set(cells.groups[rows].tolist())),
                )
            )
    return sorted(found, key=lambda p: (-p.count, -p.share, p.truth, p.answer))


def cell_differences(first: Review, second: Review, what: Question, *, seed: int) -> list[CellDifference]:
    """Each cell that either run uses, on the rows that both predicted under the same label: paired over songs.

    p is that of the sign-flip permutation test over songs, corrected for the cells looked at (Holm). The largest change first.
    """
    one, two = common_rows(first, second)
    a, b = confusion(one, what, seed=seed), confusion(two, what, seed=seed)
    names = [name for name in a.predictions if name in b.predictions or what is not Question.JOINT]
    names += [name for name in b.predictions if name not in names]
    groups = merged_groups(one.group_id, two.group_id)
    tables = []
    for cells in (a, b):
        given = np.column_stack([_column(cells, name) for name in names])
        table = np.einsum("nr,nc->nrc", a.member, given)
        table[~((a.member > 0) & (a.member == b.member))] = np.nan
        tables.append(table.reshape(len(one), -1))
    paired = paired_differences(group_sums(*tables, groups=groups), seed=seed)
    used = np.flatnonzero((np.nan_to_num(paired.first) > 0) | (np.nan_to_num(paired.second) > 0))
    corrected = holm(paired.p[used])
    found = [
        CellDifference(
            a.truths[k // len(names)],
            names[k % len(names)],
            float(paired.first[k]),
            float(paired.second[k]),
            float(paired.difference[k]),
            _plain(paired.low[k]),
            _plain(paired.high[k]),
            _plain(corrected[at]),
        )
        for at, k in enumerate(used.tolist())
    ]
    return sorted(found, key=lambda d: (-abs(d.difference), d.truth, d.answer))


@dataclass(frozen=True, slots=True)
class _Sides:
    truths: tuple[str, ...]
    predictions: tuple[str, ...]
    member: np.ndarray
    given: np.ndarray


def _of(what: str, sides: _Sides, groups: np.ndarray, *, seed: int, expected: bool, square: bool = True) -> Cells:
    r, c, n = len(sides.truths), len(sides.predictions), len(groups)
    has_any = (sides.given.sum(axis=1) > 0)[:, None]
    member = np.where(has_any, sides.member, 0.0)
    part = np.einsum("nr,nc->nrc", member, sides.given).reshape(n, r * c)
    ratios = ratio_intervals(part, np.repeat(member, c, axis=1), groups, seed=seed)
    counts = part.sum(axis=0).reshape(r, c)
    row_n = member.sum(axis=0)
    row_groups = np.array([len(set(groups[member[:, i] > 0].tolist())) for i in range(r)], dtype=np.int64)
    return Cells(
        what=str(what),
        truths=sides.truths,
        predictions=sides.predictions,
        counts=counts,
        share=ratios.value.reshape(r, c),
        low=ratios.low.reshape(r, c),
        high=ratios.high.reshape(r, c),
        row_n=row_n,
        row_groups=row_groups,
        member=member,
        given=sides.given,
        groups=groups,
        n_groups=len(set(groups.tolist())),
        expected=expected,
        square=square,
    )


def _album_sides(review: Review, *, expected: bool) -> _Sides:
    _needs(bool((review.album_top >= 0).any()), review, "albums")
    given = np.nan_to_num(review.album_proba) if expected else _one_hot(review.album_top, len(ALBUM_NAMES))
    return _Sides(ALBUM_NAMES, ALBUM_NAMES, _one_hot(review.album_truth, len(ALBUM_NAMES)), given)


def _axis_sides(review: Review, index: int, *, expected: bool) -> _Sides:
    """Rows with one mode, and those known to have none in a line of their own; soft truths count where `expected`."""
    _needs(bool((review.axis_top >= 0).any()), review, "axes")
    modes = MODES[AXIS_NAMES[index]]
    member, given = _one_hot(review.axis_truth[:, index], len(modes)), _one_hot(review.axis_top[:, index], len(modes))
    if expected:
        predictions = review.all_predictions()
        labelled = np.isin(predictions.axis_kind[:, index], ("single", "multi", "soft"))
        member, given = np.where(labelled[:, None], predictions.axis_target[:, index], 0.0), predictions.axis[:, index]
    none = np.zeros(len(review))
    if review.predictions is not None:
        none = (review.predictions.axis_kind[:, index] == "none").astype(np.float64)
    if not none.any():
        return _Sides(modes, modes, member, given)
    return _Sides((*modes, NO_MODE), modes, np.column_stack([member, none]), given)


def _type_sides(review: Review, *, expected: bool) -> _Sides:
    """A text with several types stands in several lines, and is given every type that was predicted of it."""
    predictions = review.all_predictions()
    _needs(bool(predictions.types_labelled.any()), review, "types")
    member = np.where(predictions.types_labelled[:, None], predictions.types_truth, 0.0)
    given = predictions.types if expected else predictions.predicted_types
    nothing = np.zeros(len(review)) if expected else (given.sum(axis=1) == 0).astype(np.float64)
    bare = ((predictions.types_truth.sum(axis=1) == 0) & predictions.types_labelled).astype(np.float64)
    names = (*TYPE_NAMES, "none")
    return _Sides(names, names, np.column_stack([member, bare]), np.column_stack([given, nothing]))


def _verdict_sides(review: Review) -> _Sides:
    _needs(any(review.verdict), review, "albums and axes, which a verdict needs")
    places = {name: k for k, name in enumerate(VERDICTS)}
    given = _one_hot(np.array([places.get(v, -1) for v in review.verdict]), len(VERDICTS))
    right = review.comparable & (review.album_top == review.album_truth)
    groups = [right, review.comparable & ~right, review.album_truth < 0]
    albums = [review.album_truth == k for k in range(len(ALBUM_NAMES))]
    member = np.column_stack([g.astype(np.float64) for g in (*groups, *albums)])
    return _Sides(("right album", "wrong album", "no label", *ALBUM_NAMES), VERDICTS, member, given)


def _joint_sides(review: Review) -> _Sides:
    """Rows with one mode on all three axes, by triple; only triples that occur."""
    _needs(bool((review.axis_top >= 0).any()), review, "axes")
    whole = (review.axis_truth >= 0).all(axis=1)
    true, predicted = _triple(review.axis_truth), _triple(review.axis_top)
    truths = sorted({int(t) for t in true[whole]}, key=_table_order)
    predictions = truths + sorted({int(t) for t in predicted[whole]} - set(truths), key=_table_order)
    member = np.column_stack([(true == t) & whole for t in truths] or [np.zeros(len(review), dtype=bool)])
    given = np.column_stack([predicted == t for t in predictions] or [np.zeros(len(review), dtype=bool)])
    none = ("no text",)
    return _Sides(
        tuple(triple_name(t) for t in truths) or none,
        tuple(triple_name(t) for t in predictions) or none,
        member.astype(np.float64),
        given.astype(np.float64),
    )


def triple_name(code: int) -> str:
    """The three modes of a state from 0 to 26 in words, with the album that they belong to."""
    modes = _modes(code)
    album = album_of_triple(modes)
    return " ".join(modes) + (f" ({album.name})" if album else "")


def _modes(code: int) -> tuple[str, ...]:
    return tuple(MODES[axis][(code // 3 ** (2 - j)) % 3] for j, axis in enumerate(AXIS_NAMES))


def _table_order(code: int) -> tuple[int, int]:
    album = album_of_triple(_modes(code))
    return (ALBUM_NAMES.index(album.name) if album else len(ALBUM_NAMES), code)


def _triple(positions: np.ndarray) -> np.ndarray:
    return np.asarray(positions[:, 0] * 9 + positions[:, 1] * 3 + positions[:, 2])


def _one_hot(positions: np.ndarray, size: int) -> np.ndarray:
    """(n, size) float64, a row of zeros for -1."""
    return np.asarray((positions[:, None] == np.arange(size)), dtype=np.float64)


def _column(cells: Cells, name: str) -> np.ndarray:
    return cells.given[:, cells.predictions.index(name)] if name in cells.predictions else np.zeros(len(cells.given))


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _needs(there: bool, review: Review, what: str) -> None:
    if not there:
        raise ModelError(
            f"This run has nothing to say of {what}.",
            expected=f"a run that learnt {what} and predicted them",
            found="no held-out text with both a prediction and a label",
            hint="choose another question or another run",
            where=review.run_id,
        )
