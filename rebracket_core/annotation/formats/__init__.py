"""Labels in and out: our own lossless forms, and those of Label Studio, Argilla, Prodigy and doccano."""

from rebracket_core.annotation.formats.files import SUFFIXES, Exported, Form, Imported, export_labels, import_labels
from rebracket_core.annotation.formats.label_studio import labelling_config

__all__ = ["SUFFIXES", "Exported", "Form", "Imported", "export_labels", "import_labels", "labelling_config"]
