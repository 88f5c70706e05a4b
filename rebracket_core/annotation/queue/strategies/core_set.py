"""Core-set: texts that are far from every text before them."""

from __future__ import annotations

from rebracket_core.annotation.queue.strategies.base import Need, Pool, QueryStrategy, QueueScores
from rebracket_core.errors import MissingExtraError

MAX_CHOSEN = 500


class CoreSet(QueryStrategy):
    """k-centre greedy selection (CoreSet of scikit-activeml): each next text is the one farthest from all before it."""

    name = "diversity"
    label = "Core-set (diversity)"
    help = "First the text that is most unlike all labelled texts, then the one most unlike these, and so on."
    requires = frozenset({Need.VECTORS, Need.LABELS})
    aliases = ("core-set",)
    citation = "Sener and Savarese 2018, Active Learning for Convolutional Neural Networks: A Core-Set Approach, ICLR"

    def score(self, pool: Pool) -> QueueScores:
        """Places of the first `MAX_CHOSEN` unlabelled items, counted down. Raises MissingExtraError without the library."""
        import numpy as np

        try:
            from skactiveml.pool import CoreSet as Selection
        except ImportError:
            raise MissingExtraError("labels", what="The order by diversity") from None
        ids, labelled = [item.item_id for item in pool.items], {label.item_id for label in pool.labels}
        open_ = np.array([k for k, item_id in enumerate(ids) if item_id not in labelled])
        if len(open_) == 0:
            return QueueScores()
        known = np.array([0.0 if item_id in labelled else np.nan for item_id in ids])
        selection, n = Selection(random_state=pool.seed), min(MAX_CHOSEN, len(open_))
        chosen = selection.query(X=pool.vectors, y=known, candidates=open_, batch_size=n)
        why = "it is unlike all texts before it"
        return QueueScores({ids[k]: float(n - place) for place, k in enumerate(chosen)}, {ids[k]: why for k in chosen})
