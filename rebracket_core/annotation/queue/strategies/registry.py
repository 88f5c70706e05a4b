"""The query strategies that can be chosen here, in the order in which forms offer them."""

from __future__ import annotations

from rebracket_core.annotation.queue.strategies.base import Need, Pool, QueryStrategy, QueueScores
from rebracket_core.annotation.queue.strategies.core_set import CoreSet
from rebracket_core.annotation.queue.strategies.keyword_ties import KeywordTies
from rebracket_core.annotation.queue.strategies.mode_coverage import ModeCoverage
from rebracket_core.annotation.queue.strategies.mutual_information import MutualInformation
from rebracket_core.annotation.queue.strategies.random_order import RandomOrder
from rebracket_core.annotation.queue.strategies.rater_disagreement import RaterDisagreement
from rebracket_core.errors import InputError
from rebracket_core.registry import Registry

QUERY_STRATEGIES: Registry[QueryStrategy] = Registry("query strategy", QueryStrategy, group="rebracket.query_strategies")
"""The strategies; packages add theirs as entry points of `rebracket.query_strategies`."""

for _strategy in (RandomOrder, MutualInformation, CoreSet, RaterDisagreement, KeywordTies, ModeCoverage):
    QUERY_STRATEGIES.register(_strategy)


def canonical_order(name: str) -> str:
    """The name under which a strategy is stored, from that name or an alias. Raises InputError for an unknown one."""
    for strategy in QUERY_STRATEGIES:
        if name in strategy.aliases:
            return strategy.name
    return QUERY_STRATEGIES.get(name).name


def score_pool(order: str, pool: Pool) -> QueueScores:
    """The scores that a strategy gives the items of a pool.

    Args:
        order: the name or an alias of the strategy.
        pool: the items, with all that the strategy requires.

    Raises:
        InputError: for an unknown strategy, and for a pool that lacks verdicts or vectors that it requires.
    """
    strategy = QUERY_STRATEGIES.get(canonical_order(order))
    lacking = [
        need
        for need, there in ((Need.VERDICTS, bool(pool.verdicts)), (Need.VECTORS, pool.vectors is not None))
        if need in strategy.requires and not there
    ]
    if lacking and pool.items:
        raise InputError(
            f"The query strategy {strategy.name} cannot score these texts.",
            expected=" and ".join(lacking),
            found="none",
            hint="give them, or choose another strategy",
        )
    return strategy.score(pool)
