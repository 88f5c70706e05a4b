"""Coverage: texts of the combinations of modes that have the fewest labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rebracket_core.annotation.entities.records import Label
from rebracket_core.annotation.queue.strategies.base import ModelVerdict, Need, Pool, QueryStrategy, QueueScores
from rebracket_core.rainbow import AXIS_NAMES, MODES

Triple = tuple[str, ...]


class ModeCoverage(QueryStrategy):
    """One after the other from the mode triple that has the fewest labels so far, as the model places the texts."""

    name = "coverage"
    label = "Coverage (rarest combination of modes)"
    help = "First the texts of the combination of modes that has the fewest labels, as the model places them."
    requires = frozenset({Need.VERDICTS, Need.LABELS})

    def score(self, pool: Pool) -> QueueScores:
        """Places of the unlabelled items, counted down."""
        count, labelled = _labels_by_triple(pool.labels), {label.item_id for label in pool.labels}
        waiting: dict[Triple, list[str]] = {}
        for item_id, verdict in pool.verdicts.items():
            if item_id not in labelled:
                waiting.setdefault(_triple(verdict), []).append(item_id)
        scores, why = {}, {}
        total = sum(map(len, waiting.values()))
        for place in range(total):
            triple = min((t for t, left in waiting.items() if left), key=lambda t: (count[t], t))
            item_id = waiting[triple].pop(0)
            scores[item_id] = float(total - place)
            why[item_id] = f"{', '.join(triple)} has {count[triple]} labels so far"
            count[triple] += 1
        return QueueScores(scores, why)


def _labels_by_triple(labels: Iterable[Label]) -> Counter[Triple]:
    count: Counter[Triple] = Counter()
    for label in labels:
        tops = [label.value.axes[axis].per_mille for axis in AXIS_NAMES]
        if all(sum(top) for top in tops):
            count[tuple(MODES[a][t.index(max(t))] for a, t in zip(AXIS_NAMES, tops, strict=True))] += 1
    return count


def _triple(verdict: ModelVerdict) -> Triple:
    return tuple(max(scores, key=scores.__getitem__) for scores in (getattr(verdict, axis) for axis in AXIS_NAMES))
