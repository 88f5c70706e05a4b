from rebracket_core.services.bundle import bundle_resources as bundle_resources
from rebracket_core.services.concepts import (
    MAX_DISTANCE as MAX_DISTANCE,
    Predict as Predict,
    TransmigrationPlan as TransmigrationPlan,
    Transmigrations as Transmigrations,
    Verdicts as Verdicts,
    axis_rows as axis_rows,
    plan_between as plan_between,
    plan_from_scores as plan_from_scores,
    plan_from_verdict as plan_from_verdict,
)
from rebracket_core.services.datasets import Datasets as Datasets, ImportHints as ImportHints
from rebracket_core.services.health import Outcome as Outcome, examine as examine
from rebracket_core.services.jobs import Jobs as Jobs, JobView as JobView
from rebracket_core.services.lifecycle import Lifecycle as Lifecycle, Stored as Stored
from rebracket_core.services.monitoring import STEPS as STEPS, Monitoring as Monitoring, Traffic as Traffic
from rebracket_core.services.resources import Resources as Resources
from rebracket_core.services.review import LAYER_TEXTS as LAYER_TEXTS, Reviews as Reviews, unit_of as unit_of
from rebracket_core.services.runs import Runs as Runs
from rebracket_core.services.search import Searches as Searches, SearchView as SearchView, plan_from as plan_from
from rebracket_core.services.training import RunWatch as RunWatch, Trainings as Trainings
from rebracket_core.services.usage import StoredKind as StoredKind
