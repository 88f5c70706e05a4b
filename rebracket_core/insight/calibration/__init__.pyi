from rebracket_core.insight.calibration.acceptance import (
    GateCurve as GateCurve,
    GatePoint as GatePoint,
    gate_curve as gate_curve,
    own_point as own_point,
    point_at as point_at,
)
from rebracket_core.insight.calibration.confidence import (
    ALBUM as ALBUM,
    ReliabilityDiagram as ReliabilityDiagram,
    RiskCoverage as RiskCoverage,
    TopPredictions as TopPredictions,
    calibration_by_album as calibration_by_album,
    ood_summary as ood_summary,
    reliability_diagram as reliability_diagram,
    risk_coverage as risk_coverage,
    top_predictions as top_predictions,
)
from rebracket_core.insight.calibration.non_concepts import (
    KindOfNonConcepts as KindOfNonConcepts,
    non_concepts_by_kind as non_concepts_by_kind,
)
