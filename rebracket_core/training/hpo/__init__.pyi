from rebracket_core.training.hpo.rows import SearchRows as SearchRows, shared_rows as shared_rows
from rebracket_core.training.hpo.search import (
    OBJECTIVES as OBJECTIVES,
    RESULT_FILE as RESULT_FILE,
    TRIALS_FILE as TRIALS_FILE,
    SearchPlan as SearchPlan,
    run_search as run_search,
)
from rebracket_core.training.hpo.space import FIRST as FIRST, SearchSpace as SearchSpace, suggested as suggested
