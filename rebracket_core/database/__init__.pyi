from rebracket_core.database.checkpoint import log_bytes as log_bytes
from rebracket_core.database.engine import needs_repair as needs_repair
from rebracket_core.database.migrations import Schema as Schema
from rebracket_core.database.row_values import FOLD as FOLD, finite as finite, fold as fold, storable_text as storable_text
from rebracket_core.database.statements import (
    insertion as insertion,
    prepare as prepare,
    rows as rows,
    run as run,
    several as several,
    statement as statement,
)
from rebracket_core.database.store import Store as Store, lock as lock
