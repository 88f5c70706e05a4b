"""One label format: a kind of file in which labels leave and come in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from rebracket_core.annotation.formats.csv_rows import LABEL_COLUMNS, TEXT_COLUMNS, header_of
from rebracket_core.annotation.formats.json_rows import file_text, json_entries
from rebracket_core.annotation.formats.records import Reading, Row, Written
from rebracket_core.errors import DataError

_LOOKED_AT = 20


@dataclass(frozen=True)
class LabelFile:
    """A file whose format is looked for: its bytes and its name."""

    data: bytes
    name: str

    @cached_property
    def first(self) -> dict[str, Any]:
        """The first entry of JSON lines or of a JSON array, with the fields that only later ones of the first have.

        It is {} where the file holds no entries or is neither.
        """
        try:
            entries = json_entries(self.data, found=Reading())
        except DataError:
            return {}
        found: dict[str, Any] = {}
        for _, entry in entries[:_LOOKED_AT]:
            found = entry | found
        return found

    @cached_property
    def columns(self) -> list[str]:
        """The names of the columns of a CSV; [] where the file is none."""
        try:
            return header_of(file_text(self.data)[0], known=(*LABEL_COLUMNS, *TEXT_COLUMNS, "annotator", "item_id"))
        except DataError:
            return []


class LabelFormat(ABC):
    """A form that labels take in a file.

    `name` stands on the command line and never changes, `label` is what pages show, `help` one sentence on what the form
    holds; `suffix` ends the file's name. `keeps_rounds` is false where a person has one label an item, the last round's.
    What was written can be read back: an export is counted in the file, not in what was meant to be in it.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    suffix: ClassVar[str]
    keeps_rounds: ClassVar[bool] = True

    @abstractmethod
    def write(self, rows: Sequence[Row]) -> Written:
        """The file of these labels, which come by item, and what the form cannot hold, with counts."""

    @abstractmethod
    def read(self, data: bytes, *, name: str) -> Reading:
        """The labels of a file (`name` is the file's), and the places that give none. Raises DataError for another file."""

    @abstractmethod
    def recognises(self, file: LabelFile) -> bool:
        """Whether a file is of this form; the first format of the registry that says so reads it."""

    def companions(self) -> dict[str, bytes]:
        """Further files that belong beside an export, by the suffix of their names; by default none."""
        return {}
