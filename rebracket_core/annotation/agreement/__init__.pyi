from rebracket_core.annotation.agreement.annotators import (
    AgainstOthers as AgainstOthers,
    Steadiness as Steadiness,
    against_others as against_others,
    steadiness as steadiness,
)
from rebracket_core.annotation.agreement.automation_bias import (
    AutomationBias as AutomationBias,
    Measured as Measured,
    bias_by_axis as bias_by_axis,
    exposures as exposures,
    first_answers as first_answers,
)
from rebracket_core.annotation.agreement.consensus import Aggregation as Aggregation, aggregate as aggregate
from rebracket_core.annotation.agreement.krippendorff import Agreement as Agreement
from rebracket_core.annotation.agreement.rating_arrays import Ratings as Ratings
from rebracket_core.annotation.agreement.ratings import axis_ratings as axis_ratings, unaided as unaided
from rebracket_core.annotation.agreement.report import AgreementReport as AgreementReport, agreement_report as agreement_report
from rebracket_core.annotation.agreement.timing import (
    Pace as Pace,
    TimeOutlier as TimeOutlier,
    Times as Times,
    pace as pace,
    times as times,
)
