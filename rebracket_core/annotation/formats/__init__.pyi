from rebracket_core.annotation.formats.files import (
    Imported as Imported,
    export_labels as export_labels,
    import_labels as import_labels,
)
from rebracket_core.annotation.formats.registry import LABEL_FORMATS as LABEL_FORMATS
