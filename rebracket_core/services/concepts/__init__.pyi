from rebracket_core.services.concepts.predictions import Predict as Predict
from rebracket_core.services.concepts.transmigrations import (
    MAX_DISTANCE as MAX_DISTANCE,
    TransmigrationPlan as TransmigrationPlan,
    Transmigrations as Transmigrations,
    axis_rows as axis_rows,
    plan_between as plan_between,
    plan_from_scores as plan_from_scores,
    plan_from_verdict as plan_from_verdict,
)
from rebracket_core.services.concepts.verdicts import Verdicts as Verdicts
