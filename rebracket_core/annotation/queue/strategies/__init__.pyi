from rebracket_core.annotation.queue.strategies.base import Need as Need, Pool as Pool
from rebracket_core.annotation.queue.strategies.registry import (
    QUERY_STRATEGIES as QUERY_STRATEGIES,
    canonical_order as canonical_order,
    score_pool as score_pool,
)
