"""The label formats that can be chosen here, in the order in which forms offer them and files are recognised."""

from __future__ import annotations

from rebracket_core.annotation.formats.argilla import Argilla
from rebracket_core.annotation.formats.base import LabelFile, LabelFormat
from rebracket_core.annotation.formats.doccano import Doccano
from rebracket_core.annotation.formats.json_rows import json_lines
from rebracket_core.annotation.formats.label_studio import LabelStudio
from rebracket_core.annotation.formats.native import Csv, JsonLines, Parquet
from rebracket_core.annotation.formats.prodigy import Prodigy
from rebracket_core.errors import DataError
from rebracket_core.registry import Registry

LABEL_FORMATS: Registry[LabelFormat] = Registry("label format", LabelFormat, group="rebracket.label_formats")
"""The formats; packages add theirs as entry points of `rebracket.label_formats`."""

for _format in (JsonLines, Csv, Parquet, LabelStudio, Argilla, Prodigy, Doccano):
    LABEL_FORMATS.register(_format)


def detect(data: bytes, *, name: str) -> LabelFormat:
    """The format of a file, by its content and name. Raises DataError where no format recognises it."""
    file = LabelFile(data, name)
    for each in LABEL_FORMATS:
        if each.recognises(file):
            return each
    if not file.first:
        list(json_lines(data))  # says what is wrong with it, where it is no JSON
    raise DataError(
        "The form of this file is not known.",
        expected=", ".join(LABEL_FORMATS.names),
        where=name,
        found=f"entries with {', '.join(map(str, list(file.first)[:8]))}" if file.first else "nothing in it",
        hint="name the form",
    )
