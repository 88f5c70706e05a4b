"""One query strategy: a named method that scores texts for the queue, and says what it needs for that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol

from rebracket_core.annotation.entities.records import Item, Label

if TYPE_CHECKING:
    import numpy as np


class Need(StrEnum):
    """What a strategy may need beside the items: a model's verdicts, text vectors, labels, or which rows keywords typed."""

    VERDICTS = "verdicts"
    VECTORS = "vectors"
    LABELS = "labels"
    KEYWORD_ROWS = "keyword_rows"


class ModelVerdict(Protocol):
    """What a strategy reads of a model's verdict on an item: the axis scores and the uncertainty."""

    temporal: Mapping[str, float] | None
    spatial: Mapping[str, float] | None
    ontological: Mapping[str, float] | None
    uncertainty: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Pool:
    """The items to score, without repeated items, and what the strategy says that it needs; the rest stays empty.

    Args:
        items: in the order in which they came in.
        verdicts: of a model, by item id.
        vectors: (n_items, d), one row an item, float.
        labels: of the project, as they stand.
        keyword_rows: ids of items whose types were counted from keywords.
        seed: for what a strategy draws.
    """

    items: Sequence[Item]
    verdicts: Mapping[str, ModelVerdict] = field(default_factory=dict)
    vectors: np.ndarray | None = None
    labels: Sequence[Label] = ()
    keyword_rows: Collection[str] = ()
    seed: int = 0


@dataclass(frozen=True, slots=True)
class QueueScores:
    """Scores by item id, the highest first in the queue, and one sentence each on why it stands there.

    Items without a score follow in random order.
    """

    scores: dict[str, float] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)


class QueryStrategy(ABC):
    """A method that orders the queue.

    `name` stands in projects' settings and on the command line, so it never changes; `aliases` are further names that are
    read. `label` is what pages show, `help` one sentence on what comes first. `requires` names what `score` reads of a pool
    beside the items. `citation` is where the method comes from.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    requires: ClassVar[frozenset[Need]] = frozenset()
    aliases: ClassVar[tuple[str, ...]] = ()
    citation: ClassVar[str] = ""

    @abstractmethod
    def score(self, pool: Pool) -> QueueScores:
        """The scores of the pool's items."""
