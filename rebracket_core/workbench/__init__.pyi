from rebracket_core.workbench.bench import (
    Workbench as Workbench,
    bundle_workbench as bundle_workbench,
    get_workbench as get_workbench,
)
