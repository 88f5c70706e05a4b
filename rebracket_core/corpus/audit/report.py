"""What an audit gives back: numbers of a data set, and findings with a level."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from rebracket_core.corpus.audit.confounds import AxisPair
from rebracket_core.corpus.audit.duplicates import NearDuplicate
from rebracket_core.corpus.audit.leakage import Leakage
from rebracket_core.corpus.row_vectors import VectorsMeta

TOKEN_WINDOW = 256


class Level(StrEnum):
    """How much a finding matters: a fact, a thing to keep in mind, a thing that makes figures wrong."""

    INFO = "info"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an audit found. `code` is a stable word for it, `evidence` names rows, albums or modes."""

    level: Level
    code: str
    title: str
    detail: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spread:
    """The smallest, middle and largest of some numbers, and the 95th percentile."""

    low: float
    median: float
    p95: float
    high: float


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows and how many groups."""

    rows: int
    groups: int


@dataclass(frozen=True, slots=True)
class Shared:
    """How many texts stand on several rows, on how many rows, and some of these rows."""

    texts: int
    rows: int
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The numbers of an audit and the findings that follow from them.

    `albums` and `modes` (axis → mode, "none", "multi", "soft") count rows and groups; `album_balance` is the entropy of
    the albums' rows over that of an even spread across the albums present (1 = even), None without albums; `missing`
    counts rows without album (of them `uncharted`: with labels on all axes), types, each axis and `any_axis`; `words`
    are words in a concept; `tokens` and `beyond_window` (texts longer than `window` tokens) need a counter,
    `n_near_duplicates` and `near_duplicates` need vectors, and are None or 0 without; `vectors` are the columns of vectors
    that came with the data. `n_ambiguous_types` counts texts whose rows name different types, `ambiguous_types` names some
    of them.
    """

    name: str
    digest: str
    n_rows: int
    n_groups: int
    n_texts: int
    n_leak_safe_groups: int
    rows_per_group: Spread
    shared_within: Shared
    shared_across: Shared
    albums: dict[str, Count]
    modes: dict[str, dict[str, Count]]
    album_balance: float | None
    types: dict[str, int]
    types_from: dict[str, int]
    axis_pairs: tuple[AxisPair, ...]
    missing: dict[str, int]
    n_contradicting_modes: int
    contradicting_modes: tuple[str, ...]
    n_contradicting_albums: int
    contradicting_albums: tuple[str, ...]
    leakage: Leakage
    words: Spread
    window: int = TOKEN_WINDOW
    tokens: Spread | None = None
    beyond_window: int | None = None
    n_near_duplicates: int | None = None
    near_duplicates: tuple[NearDuplicate, ...] = ()
    vectors: tuple[VectorsMeta, ...] = ()
    n_contradicting_scores: int = 0
    contradicting_scores: tuple[str, ...] = ()
    n_ambiguous_types: int = 0
    ambiguous_types: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, ready for JSON."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
