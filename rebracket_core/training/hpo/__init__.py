"""The search for training options: its space, its rows, its trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.lazy import lazy_face

if TYPE_CHECKING:
    from rebracket_core.training.hpo.rows import SearchRows
    from rebracket_core.training.hpo.search import SearchPlan, run_search
    from rebracket_core.training.hpo.space import SearchSpace

_HOMES = {"SearchPlan": "search", "SearchRows": "rows", "SearchSpace": "space", "run_search": "search"}
__all__ = ["SearchPlan", "SearchRows", "SearchSpace", "run_search"]
__getattr__, __dir__ = lazy_face(__name__, _HOMES)
