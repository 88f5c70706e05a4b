"""The verdict on one text: everything that a face of the workbench shows of it, frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from rebracket_core.errors import InputError
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES
from rebracket_core.settings import Thresholds
from rebracket_core.thresholds import Value
from rebracket_core.validation.albums import AlbumReport
from rebracket_core.validation.concept import Concept
from rebracket_core.validation.evidence import DIGITS, UNCERTAINTIES, Evidence
from rebracket_core.validation.flags import UNKNOWN_SOURCE
from rebracket_core.validation.rules.base import Decision, Suggestion
from rebracket_core.validation.states import AxisState, State, axis_states
from rebracket_core.verdict_kinds import VerdictKind

# Fields that verdicts of earlier versions lack.
_LATER = frozenset({"rule", "explanation"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one text. The fields are those of a jsonl line, in that order; mappings are read-only.

    A concept that cannot be scored has `error` set, no verdict and no scores (None); `types` is None as well where the
    run learnt none. Numbers are Python floats of six digits, and the verdict is decided on exactly these numbers:
    `evidence` gives them back to the rules. `rule` is the code of the rule that decided, `explanation` its sentence with
    the numbers; both None in verdicts of earlier versions.
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
    reason: str | None = None
    flags: tuple[str, ...] = ()
    uncertainty: Mapping[str, float] | None = None
    ood_p_value: float | None = None
    distances: Mapping[str, float] | None = None
    suggestions: tuple[str, ...] = ()
    thresholds: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    run_id: str | None = None
    expected_album: str | None = None
    error: str | None = None
    rule: str | None = None
    explanation: str | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the concept is accepted, in any of the three ways."""
        return self.verdict is not None and self.verdict.is_accepted

    @classmethod
    def of(
        cls,
        concept: Concept,
        evidence: Evidence,
        decision: Decision,
        *,
        suggestions: Sequence[Suggestion] = (),
        run_id: str = "",
    ) -> Verdict:
        """The verdict that a decision on the evidence makes of a concept."""
        albums = evidence.albums
        temporal, spatial, ontological = (_named(MODES[x], evidence.scores[i]) for i, x in enumerate(AXIS_NAMES))
        return cls(
            id=concept.id,
            source=concept.source,
            text=concept.text,
            temporal=temporal,
            spatial=spatial,
            ontological=ontological,
            chromatic_confidence=evidence.confidence,
            album=albums.album,
            album_probability=albums.probability,
            album_probabilities=_named(ALBUM_NAMES, albums.probabilities),
            axes_album=albums.axes_album,
            mode=evidence.mode,
            states=_by_axis(evidence.states),
            types=None if evidence.types is None else _named(TYPE_NAMES, evidence.types),
            verdict=decision.verdict,
            reason=decision.reason,
            flags=evidence.all_flags(decision.flags),
            uncertainty=_named(UNCERTAINTIES, evidence.uncertainty),
            ood_p_value=evidence.ood_p,
            distances=_named(ALBUM_NAMES, evidence.distances),
            suggestions=tuple(s.text for s in suggestions),
            thresholds=_plain_thresholds(evidence.thresholds),
            run_id=run_id,
            expected_album=concept.expected_album,
            rule=decision.rule,
            explanation=decision.explanation,
        )

    def evidence(self) -> Evidence:
        """The evidence that the verdict was decided on, from its own numbers.

        Raises InputError for a concept that could not be scored.
        """
        if self.error is not None or self.uncertainty is None or self.album_probabilities is None:
            raise InputError(
                "This concept was not scored.",
                expected="a verdict with scores",
                found=self.error or "no scores",
                hint="correct the concept and validate it again",
            )
        scores = [[float(share) for share in (getattr(self, axis) or {}).values()] for axis in AXIS_NAMES]
        limits = Thresholds.from_dict(self.thresholds)
        return Evidence(
            scores=scores,
            states=axis_states(scores, thresholds=limits),
            albums=AlbumReport(
                album=str(self.album),
                probability=float(self.album_probability or 0.0),
                probabilities=tuple(self.album_probabilities.values()),
                ties=(),
                uncertain=False,
                axes_album=str(self.axes_album),
            ),
            confidence=float(self.chromatic_confidence or 0.0),
            uncertainty=tuple(self.uncertainty.values()),
            ood_p=self.ood_p_value,
            types=None if self.types is None else tuple(self.types.values()),
            distances=tuple((self.distances or {}).values()),
            thresholds=limits,
            flags=(UNKNOWN_SOURCE,) if UNKNOWN_SOURCE in self.flags else (),
        )

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values (dict, list, str, float, bool, None), in their order: one jsonl line."""
        return {name: _plain(getattr(self, name)) for name in FIELDS}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Verdict:
        """The verdict that `to_dict` wrote, in this or an earlier version; InputError where fields are missing or unknown."""
        odd = sorted((set(values) ^ set(FIELDS)) - (_LATER - set(values)))
        if odd:
            raise InputError(
                "This is no verdict.",
                expected=f"the fields {', '.join(FIELDS)}",
                found=f"missing or unknown: {', '.join(odd)}",
                hint="pass a line of validate --format jsonl",
            )
        found = {name: _sealed(value) for name, value in values.items()}
        if found["verdict"] is not None:
            found["verdict"] = VerdictKind(found["verdict"])
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
    if isinstance(value, (VerdictKind, State)):
        return value.value
    if type(value) is MappingProxyType or isinstance(value, Mapping):
        return {key: inner if type(inner) in _SIMPLE else _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value


def _sealed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return MappingProxyType({key: _sealed(inner) for key, inner in value.items()})
    return tuple(_sealed(inner) for inner in value) if isinstance(value, (list, tuple)) else value


def _named(names: Sequence[str], values: Sequence[float]) -> Mapping[str, float]:
    return MappingProxyType(dict(zip(names, values, strict=True)))


def _by_axis(states: Sequence[AxisState]) -> Mapping[str, Mapping[str, Any]]:
    """The state and the leading modes of each axis, by its name."""
    return MappingProxyType({s.axis: MappingProxyType({"state": s.state, "modes": s.modes}) for s in states})


@lru_cache(maxsize=64)
def _plain_thresholds(thresholds: Thresholds) -> Mapping[str, Value]:
    return MappingProxyType(thresholds.rounded(DIGITS).to_dict())


def failed_verdict(
    concept: Concept, error: str | Exception, *, run_id: str | None = None, thresholds: Thresholds | None = None
) -> Verdict:
    """The verdict on a concept that cannot be scored: `error` says why, all scores and the verdict are None."""
    return Verdict(
        id=concept.id,
        source=concept.source,
        text=concept.text if isinstance(concept.text, str) else "",
        run_id=run_id,
        thresholds=_plain_thresholds(thresholds) if thresholds is not None else MappingProxyType({}),
        expected_album=concept.expected_album,
        error=str(error),
    )
