"""Keyword ties: texts whose words speak for two rebracketing types alike."""

from __future__ import annotations

from rebracket_core.annotation.queue.strategies.base import Need, Pool, QueryStrategy, QueueScores
from rebracket_core.annotation.queue.type_keywords import type_words


class KeywordTies(QueryStrategy):
    """How nearly a text's words, as the Rainbow Table lists them, speak for two types alike.

    Where two types tie, a count of keywords says nothing, and whoever counted had to draw; so texts whose type was counted
    from keywords come first.
    """

    name = "ties"
    label = "Keyword ties"
    help = "First the texts whose words speak for two types alike, those typed by keywords before the others."
    requires = frozenset({Need.KEYWORD_ROWS})
    aliases = ("keyword-ties",)

    def score(self, pool: Pool) -> QueueScores:
        """For each tied item: 1 where keywords typed it, plus second by first type's words, plus their number / 1000."""
        scores, why = {}, {}
        for item in pool.items:
            (first, found), (second, other) = sorted(type_words(item.text).items(), key=lambda words: -len(words[1]))[:2]
            if not other:
                continue
            counted = item.item_id in pool.keyword_rows
            scores[item.item_id] = counted + len(other) / len(found) + min(len(other), 50) / 1000
            lead = "its type was counted from keywords; " if counted else ""
            words = f"{first} ({', '.join(found[:3])}) and {second} ({', '.join(other[:3])})"
            why[item.item_id] = f"{lead}its words speak for {words}"
        return QueueScores(scores, why)
