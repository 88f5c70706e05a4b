from rebracket_core.annotation.adjudication import decide_item as decide_item, list_cases as list_cases
from rebracket_core.annotation.entities.presets import Preset as Preset, axis_presets as axis_presets
from rebracket_core.annotation.entities.records import (
    EVEN as EVEN,
    WHOLE as WHOLE,
    Ack as Ack,
    AckStatus as AckStatus,
    AnswerKind as AnswerKind,
    AxisLabel as AxisLabel,
    Case as Case,
    Claimed as Claimed,
    ClaimResult as ClaimResult,
    Decision as Decision,
    DecisionKind as DecisionKind,
    EmptyQueue as EmptyQueue,
    Event as Event,
    EventKind as EventKind,
    Guideline as Guideline,
    Item as Item,
    Label as Label,
    LabelValue as LabelValue,
    Lease as Lease,
    NewItem as NewItem,
    NewProject as NewProject,
    Person as Person,
    Progress as Progress,
    Project as Project,
    ProjectSettings as ProjectSettings,
    Rating as Rating,
    Resolved as Resolved,
    Role as Role,
    Snapshot as Snapshot,
    Submission as Submission,
    Suggestion as Suggestion,
    SuggestionPolicy as SuggestionPolicy,
    text_digest as text_digest,
)
from rebracket_core.annotation.labelling import (
    flag_item as flag_item,
    skip_item as skip_item,
    submit_labels as submit_labels,
    undo_event as undo_event,
)
from rebracket_core.annotation.people import (
    enrol as enrol,
    get_person as get_person,
    list_people as list_people,
    set_role as set_role,
)
from rebracket_core.annotation.projects import (
    change_settings as change_settings,
    create_project as create_project,
    get_guideline as get_guideline,
    get_project as get_project,
    list_guidelines as list_guidelines,
    list_projects as list_projects,
    set_closed as set_closed,
    set_guideline as set_guideline,
)
from rebracket_core.annotation.queries import (
    get_item as get_item,
    get_progress as get_progress,
    list_events as list_events,
    list_items as list_items,
    list_labels as list_labels,
)
from rebracket_core.annotation.session import LabelSession as LabelSession
from rebracket_core.annotation.snapshots import (
    PROJECT as PROJECT,
    TRAINING as TRAINING,
    list_snapshots as list_snapshots,
    resolve_labels as resolve_labels,
    take_snapshot as take_snapshot,
)
