"""Random order: the baseline that every other strategy is compared with."""

from __future__ import annotations

from rebracket_core.annotation.queue.strategies.base import Pool, QueryStrategy, QueueScores


class RandomOrder(QueryStrategy):
    """Random order, fixed by the project's and the items' ids."""

    name = "random"
    label = "Random"
    help = "Texts come in random order."

    def score(self, pool: Pool) -> QueueScores:
        """No scores: the queue is random where there are none."""
        return QueueScores()
