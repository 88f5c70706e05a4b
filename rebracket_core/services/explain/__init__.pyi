from rebracket_core.services.explain.counterfactuals import (
    Counterfactuals as Counterfactuals,
    Outcome as Outcome,
    Replay as Replay,
)
from rebracket_core.services.explain.explain import (
    AGREE as AGREE,
    Checks as Checks,
    Explain as Explain,
    Explanation as Explanation,
    Nearest as Nearest,
)
