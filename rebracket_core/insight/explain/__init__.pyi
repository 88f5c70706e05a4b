from rebracket_core.insight.explain.attention_maps import (
    MOST_WORDS as MOST_WORDS,
    Attention as Attention,
    attention as attention,
)
from rebracket_core.insight.explain.attribution import (
    SHAPLEY_WORDS as SHAPLEY_WORDS,
    Faithfulness as Faithfulness,
    faithfulness as faithfulness,
    rank_correlation as rank_correlation,
    shapley as shapley,
)
from rebracket_core.insight.explain.counterfactuals import (
    BUDGET_S as BUDGET_S,
    MOST_EDITS as MOST_EDITS,
    Counterfactual as Counterfactual,
    CounterfactualSearch as CounterfactualSearch,
    EditScorer as EditScorer,
    SearchLimits as SearchLimits,
    find_counterfactuals as find_counterfactuals,
)
from rebracket_core.insight.explain.fluency import WordModel as WordModel
from rebracket_core.insight.explain.goals import ACCEPT as ACCEPT, REJECT as REJECT, Goal as Goal, answer_of as answer_of
from rebracket_core.insight.explain.gradients import (
    LIMIT as LIMIT,
    MASK as MASK,
    OpenEncoder as OpenEncoder,
    OpenModel as OpenModel,
)
from rebracket_core.insight.explain.margins import (
    ANY_TYPE as ANY_TYPE,
    CONFIDENCE as CONFIDENCE,
    OUTPUTS as OUTPUTS,
    Margin as Margin,
    classes_of as classes_of,
    margin_of as margin_of,
)
from rebracket_core.insight.explain.word_edits import Proposer as Proposer
from rebracket_core.insight.explain.word_shap import shap_values as shap_values
