from rebracket_core.services.labels.health import (
    LabelHealth as LabelHealth,
    label_health as label_health,
    weigh_people as weigh_people,
)
from rebracket_core.services.labels.labels import Labels as Labels
from rebracket_core.services.labels.retraining import Effect as Effect, Retraining as Retraining
from rebracket_core.services.labels.sending import Queued as Queued, ReAnnotation as ReAnnotation
