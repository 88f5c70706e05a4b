from rebracket_core.annotation.entities.records import EventKind as EventKind
