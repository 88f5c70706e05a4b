"""BALD: texts on which the members of an ensemble contradict each other."""

from __future__ import annotations

from rebracket_core.annotation.queue.strategies.base import Need, Pool, QueryStrategy, QueueScores


class MutualInformation(QueryStrategy):
    """Mutual information of prediction and model, the epistemic part of the uncertainty: high where members differ.

    It is not high for a text that all members find mixed.
    """

    name = "epistemic"
    label = "BALD (mutual information)"
    help = "First the texts on which the ensemble's members contradict each other."
    requires = frozenset({Need.VERDICTS})
    aliases = ("bald", "mutual-information")
    citation = "Houlsby et al. 2011, Bayesian Active Learning for Classification and Preference Learning, arXiv:1112.5745"

    def score(self, pool: Pool) -> QueueScores:
        """The mutual information of each item, in nats, as its verdict holds it."""
        scores = {item_id: float(v.uncertainty["epistemic"]) for item_id, v in pool.verdicts.items() if v.uncertainty}
        why = {i: f"the models contradict each other here (mutual information {s:.3f})" for i, s in scores.items()}
        return QueueScores(scores, why)
