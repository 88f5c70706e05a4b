"""The verdict on one text: everything that a face of the workbench shows of it, frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from rebracket_core.errors import InputError, ModelError
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES
from rebracket_core.settings import Thresholds
from rebracket_core.validation.albums import AlbumReport, album_report, axes_affinity
from rebracket_core.validation.gate import Decision, Reason, VerdictKind, decide
from rebracket_core.validation.states import SUM_TOLERANCE, AxisState, State, axis_states, mode_name
from rebracket_core.validation.suggestions import suggest
from rebracket_core.validation.transmigration import distances_many

DIGITS = 6
# A flag that the caller sets and that the gate heeds (row 1).
UNKNOWN_SOURCE = "unknown_source"
UNCERTAINTIES = ("total", "aleatoric", "epistemic")


class ItemLike(Protocol):
    """What the verdict copies from the item that was judged."""

    @property
    def id(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def expected_album(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Item:
    """A text to judge: its id, where it came from, and the album that its owner expects, if any."""

    id: str
    text: str
    source: str = ""
    expected_album: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one text. The fields are those of a jsonl line, in that order; mappings are read-only.

    An item that cannot be judged has `error` set, no verdict and no scores (None); `types` is None as well where the
    run learnt none. Numbers are Python floats of six digits, and the verdict is decided on exactly these numbers:
    `decision_of` derives it again from them.
    """

    id: str
    source: str
    text: str
    temporal: Mapping[str, float] | None = None
    spatial: Mapping[str, float] | None = None
    ontological: Mapping[str, float] | None = None
    chromatic_confidence: float | None = None
    album: str | None = None
    album_probability: float | None = None
    album_probabilities: Mapping[str, float] | None = None
    axes_album: str | None = None
    mode: str | None = None
    states: Mapping[str, Mapping[str, Any]] | None = None
    types: Mapping[str, float] | None = None
    verdict: VerdictKind | None = None
    reason: Reason | None = None
    flags: tuple[str, ...] = ()
    uncertainty: Mapping[str, float] | None = None
    ood_p_value: float | None = None
    distances: Mapping[str, float] | None = None
    suggestions: tuple[str, ...] = ()
    thresholds: Mapping[str, float | bool] = field(default_factory=lambda: MappingProxyType({}))
    run_id: str | None = None
    expected_album: str | None = None
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values (dict, list, str, float, bool, None), in their order: one jsonl line."""
        return {name: _plain(getattr(self, name)) for name in FIELDS}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Verdict:
        """The verdict that `to_dict` wrote; InputError where fields are missing or unknown."""
        if set(values) != set(FIELDS):
            odd = sorted(set(values) ^ set(FIELDS))
            raise InputError(
                "This is no verdict.",
                expected=f"the fields {', '.join(FIELDS)}",
                found=f"missing or unknown: {', '.join(odd)}",
                hint="pass a line of validate --format jsonl",
            )
        found = {name: _sealed(value) for name, value in values.items()}
        if found["verdict"] is not None:
            found["verdict"] = VerdictKind(found["verdict"])
        if found["reason"] is not None:
            found["reason"] = Reason(found["reason"])
        return cls(**found)

    def __reduce__(self) -> tuple[Any, tuple[dict[str, Any]]]:
        return _from_dict, (self.to_dict(),)


FIELDS: tuple[str, ...] = tuple(f.name for f in fields(Verdict))


def _from_dict(values: dict[str, Any]) -> Verdict:
    return Verdict.from_dict(values)


_SIMPLE = frozenset({str, float, int, bool, type(None)})


def _plain(value: Any) -> Any:
    if type(value) in _SIMPLE:
        return value
    if isinstance(value, (VerdictKind, Reason, State)):
        return value.value
    if type(value) is MappingProxyType or isinstance(value, Mapping):
        return {key: inner if type(inner) in _SIMPLE else _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value


def _sealed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return MappingProxyType({key: _sealed(inner) for key, inner in value.items()})
    return tuple(_sealed(inner) for inner in value) if isinstance(value, (list, tuple)) else value


def judge(
    item: ItemLike,
    *,
    axis: np.ndarray,
    confidence: float,
    album_proba: np.ndarray,
    types: np.ndarray | None,
    uncertainty: Sequence[float],
    ood_p: float | None,
    thresholds: Thresholds,
    run_id: str = "",
    flags: Sequence[str] = (),
) -> Verdict:
    """The verdict on one item, from `axis` (3, 3), `album_proba` (9,), `types` (8,) or None, and `uncertainty` (3,).

    See `judge_many` for what the numbers mean.
    """
    return judge_many(
        [item],
        axis=np.asarray(axis)[None],
        confidence=np.array([confidence]),
        album_proba=np.asarray(album_proba)[None],
        types=None if types is None else np.asarray(types)[None],
        uncertainty=np.asarray(uncertainty)[None],
        ood_p=None if ood_p is None else np.array([ood_p]),
        thresholds=thresholds,
        run_id=run_id,
        flags=[flags],
    )[0]


def judge_many(
    items: Sequence[ItemLike],
    *,
    axis: np.ndarray,
    confidence: np.ndarray,
    album_proba: np.ndarray,
    types: np.ndarray | None,
    uncertainty: np.ndarray,
    ood_p: np.ndarray | None,
    thresholds: Thresholds | Sequence[Thresholds],
    run_id: str = "",
    flags: Sequence[Sequence[str]] | None = None,
) -> list[Verdict]:
    """The verdicts on n items, in their order.

    `axis` (n, 3 axes, 3 modes) shares; `confidence` (n,); `album_proba` (n, 9) in the table's order; `types` (n, 8)
    shares or None; `uncertainty` (n, 3) total, aleatoric and epistemic, each as a share of the greatest possible (the
    gate reads the total); `ood_p` (n,) or None where the run has no detector; `thresholds` one for all, or one for each
    item; `flags` are added to the item's own;
    "unknown_source" among them makes the gate refuse. All numbers are rounded to six digits first and the verdict is decided on
    the rounded ones. An item with an empty text, or with scores that are no shares, gets an `error` and no verdict.
    Raises ModelError where an array has the wrong shape.
    """
    n = len(items)
    per_item = [thresholds] * n if isinstance(thresholds, Thresholds) else list(thresholds)
    for name, given in (("thresholds", per_item), ("flags", flags)):
        if given is not None and len(given) != n:
            raise _wrong_shape(name, found=f"{len(given)} for {n} items", expected=f"{n}")
    rows = _rows(
        axis=_array("axis", axis, shape=(n, 3, 3)),
        confidence=_array("confidence", confidence, shape=(n,)),
        album_proba=_array("album_proba", album_proba, shape=(n, len(ALBUM_NAMES))),
        types=None if types is None else _array("types", types, shape=(n, len(TYPE_NAMES))),
        uncertainty=_array("uncertainty", uncertainty, shape=(n, len(UNCERTAINTIES))),
        ood_p=None if ood_p is None else _array("ood_p", ood_p, shape=(n,)),
    )
    told = {limits: _Limits.of(limits) for limits in set(per_item)}
    verdicts = []
    for i, (item, row) in enumerate(zip(items, rows, strict=True)):
        problem = _text_problem(item.text) or (None if isinstance(row, _Row) else row)
        if problem is not None or not isinstance(row, _Row):
            verdicts.append(failed_verdict(item, str(problem), run_id=run_id, thresholds=per_item[i]))
        else:
            extra = flags[i] if flags is not None else ()
            verdicts.append(_assemble(item, row, limits=told[per_item[i]], run_id=run_id, flags=extra))
    return verdicts


def failed_verdict(
    item: ItemLike, error: str | Exception, *, run_id: str | None = None, thresholds: Thresholds | None = None
) -> Verdict:
    """The verdict on an item that cannot be judged: `error` says why, all scores and the verdict are None."""
    return Verdict(
        id=item.id,
        source=item.source,
        text=item.text if isinstance(item.text, str) else "",
        run_id=run_id,
        thresholds=_Limits.of(thresholds).told if thresholds is not None else MappingProxyType({}),
        expected_album=item.expected_album,
        error=str(error),
    )


def decision_of(verdict: Verdict) -> Decision:
    """The gate's decision behind a verdict, with its row and its explanation, derived again from the verdict's numbers.

    Raises InputError for an item that could not be judged.
    """
    if verdict.error is not None or verdict.uncertainty is None:
        raise InputError(
            "This item was not judged.",
            expected="a verdict with scores",
            found=verdict.error or "no scores",
            hint="correct the item and validate it again",
        )
    scores = [[float(share) for share in (getattr(verdict, axis) or {}).values()] for axis in AXIS_NAMES]
    limits = Thresholds().with_(**dict(verdict.thresholds))
    return decide(
        scores=scores,
        states=axis_states(scores, thresholds=limits),
        album=str(verdict.album),
        probability=float(verdict.album_probability or 0.0),
        confidence=float(verdict.chromatic_confidence or 0.0),
        uncertainty=verdict.uncertainty["total"],
        ood_p=verdict.ood_p_value,
        thresholds=limits,
        unknown_source=UNKNOWN_SOURCE in verdict.flags,
    )


@dataclass(frozen=True, slots=True)
class _Limits:
    """Thresholds of six digits, and the same as the read-only mapping that every verdict of the batch carries."""

    values: Thresholds
    told: Mapping[str, float | bool]

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, thresholds: Thresholds) -> _Limits:
        """The rounded thresholds; the same ones are asked for again and again."""
        rounded = {k: v if isinstance(v, bool) else round(float(v), DIGITS) for k, v in thresholds.to_dict().items()}
        values = thresholds.with_(**rounded)
        return cls(values=values, told=MappingProxyType(values.to_dict()))


@dataclass(frozen=True, slots=True)
class _Row:
    """The rounded numbers of one item as plain values."""

    axis: list[list[float]]
    confidence: float
    album_proba: list[float]
    types: list[float] | None
    uncertainty: list[float]
    ood_p: float | None
    affinity: list[float]
    distances: list[float]


def _rows(
    *,
    axis: np.ndarray,
    confidence: np.ndarray,
    album_proba: np.ndarray,
    types: np.ndarray | None,
    uncertainty: np.ndarray,
    ood_p: np.ndarray | None,
) -> list[_Row | ModelError]:
    """One row an item, or what is wrong with its numbers."""
    ood = np.zeros(len(axis)) if ood_p is None else ood_p
    kinds = np.zeros((len(axis), len(TYPE_NAMES))) if types is None else types
    sound = {
        "axis scores": _shares(axis) & (np.abs(axis.sum(axis=2) - 1.0) <= SUM_TOLERANCE).all(axis=1),
        "album probabilities": _shares(album_proba) & (np.abs(album_proba.sum(axis=1) - 1.0) <= SUM_TOLERANCE),
        "chromatic confidence": _shares(confidence),
        "types": _shares(kinds),
        "uncertainty": _shares(uncertainty),
        "out-of-distribution p-value": _shares(ood),
    }
    good = np.all(list(sound.values()), axis=0)
    safe = np.where(good[:, None, None], axis, 1.0 / 3.0)
    columns = zip(
        axis.tolist(),
        confidence.tolist(),
        album_proba.tolist(),
        [None] * len(axis) if types is None else types.tolist(),
        uncertainty.tolist(),
        [None] * len(axis) if ood_p is None else ood.tolist(),
        axes_affinity(safe).tolist(),
        distances_many(safe).round(DIGITS).tolist(),
        strict=True,
    )
    return [
        _Row(*column) if fine else _bad_numbers([name for name, ok in sound.items() if not ok[i]])
        for i, (fine, column) in enumerate(zip(good.tolist(), columns, strict=True))
    ]


def _bad_numbers(names: Sequence[str]) -> ModelError:
    return ModelError(
        "The model gave numbers that are no scores.",
        expected="shares from 0 to 1 (distributions sum to 1)",
        found=f"NaN or a value out of range in the {', '.join(names)}",
        hint="use another run, or train this one again",
    )


def _shares(values: np.ndarray) -> np.ndarray:
    """(n,) bool: whether all values of a row are numbers from 0 to 1."""
    inside: np.ndarray = ((values >= 0.0) & (values <= 1.0)).reshape(len(values), int(np.prod(values.shape[1:])))
    return np.asarray(inside.all(axis=1))


def _array(name: str, values: np.ndarray, *, shape: tuple[int, ...]) -> np.ndarray:
    """The values as float64 of six digits; ModelError where the shape is another."""
    array = np.round(np.asarray(values, dtype=np.float64), DIGITS) + 0.0  # no -0.0
    if array.shape != shape:
        raise _wrong_shape(name, found=str(array.shape), expected=str(shape))
    return array


def _wrong_shape(name: str, *, found: str, expected: str) -> ModelError:
    return ModelError(f"'{name}' has the wrong shape.", expected=expected, found=found, hint="pass one row for each item")


def _text_problem(text: object) -> InputError | None:
    if isinstance(text, str) and text.strip():
        return None
    found = "an empty text" if isinstance(text, str) else type(text).__name__
    return InputError("There is no text to judge.", expected="a concept in words", found=found, hint="give it a text")


def _flags(states: Sequence[AxisState], report: AlbumReport, *, decision: Decision, extra: Sequence[str]) -> tuple[str, ...]:
    found = []
    for state in states:
        if state.state is State.DOMINANT:
            found.append(f"dominant_{state.lead}")
        elif state.state is not State.LEANING:
            found.append(f"{state.state.value}_{state.axis}")
    if report.axes_disagree:
        found.append("axes_disagree")
    if report.uncertain:
        found.append("uncertain_album")
    found += [f"tie:{name}" for name in report.ties]
    return tuple(dict.fromkeys([*found, *decision.flags, *extra]))


def _named(names: Sequence[str], values: Sequence[float]) -> Mapping[str, float]:
    return MappingProxyType(dict(zip(names, values, strict=True)))


def _assemble(item: ItemLike, row: _Row, *, limits: _Limits, run_id: str, flags: Sequence[str]) -> Verdict:
    values = limits.values
    states = axis_states(row.axis, thresholds=values)
    report = album_report(row.album_proba, row.affinity, thresholds=values)
    decision = decide(
        scores=row.axis,
        states=states,
        album=report.album,
        probability=report.probability,
        confidence=row.confidence,
        uncertainty=row.uncertainty[0],
        ood_p=row.ood_p,
        thresholds=values,
        unknown_source=UNKNOWN_SOURCE in flags,
    )
    apart = _named(ALBUM_NAMES, row.distances)
    advice = suggest(
        decision,
        scores=row.axis,
        states=states,
        album=report.album,
        probabilities=row.album_proba,
        confidence=row.confidence,
        uncertainty=row.uncertainty[0],
        ood_p=row.ood_p,
        thresholds=values,
        album_distances=apart,
        unknown_source=UNKNOWN_SOURCE in flags,
    )
    temporal, spatial, ontological = (_named(MODES[x], row.axis[i]) for i, x in enumerate(AXIS_NAMES))
    types = None if row.types is None else _named(TYPE_NAMES, row.types)
    told_states = {s.axis: MappingProxyType({"state": s.state, "modes": s.modes}) for s in states}
    return Verdict(
        id=item.id,
        source=item.source,
        text=item.text,
        temporal=temporal,
        spatial=spatial,
        ontological=ontological,
        chromatic_confidence=row.confidence,
        album=report.album,
        album_probability=report.probability,
        album_probabilities=_named(ALBUM_NAMES, row.album_proba),
        axes_album=report.axes_album,
        mode=mode_name(states),
        states=MappingProxyType(told_states),
        types=types,
        verdict=decision.verdict,
        reason=decision.reason,
        flags=_flags(states, report, decision=decision, extra=flags),
        uncertainty=_named(UNCERTAINTIES, row.uncertainty),
        ood_p_value=row.ood_p,
        distances=apart,
        suggestions=tuple(s.text for s in advice),
        thresholds=limits.told,
        run_id=run_id,
        expected_album=item.expected_album,
    )
