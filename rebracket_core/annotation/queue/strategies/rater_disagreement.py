"""Disagreement: texts on which people differ so far."""

from __future__ import annotations

from rebracket_core.annotation.queue.strategies.base import Pool, QueryStrategy, QueueScores


class RaterDisagreement(QueryStrategy):
    """The disagreement of those who labelled a text so far, 0 to 1; settled texts are left out."""

    name = "disagreement"
    label = "Disagreement of people"
    help = "First the texts on which people are furthest apart so far."

    def score(self, pool: Pool) -> QueueScores:
        """The disagreement of each item that has two labels or more and no decision."""
        apart = {i.item_id: i.disagreement for i in pool.items if i.disagreement is not None and i.decision is None}
        return QueueScores(apart, {item_id: f"people are {d:.2f} apart here" for item_id, d in apart.items()})
