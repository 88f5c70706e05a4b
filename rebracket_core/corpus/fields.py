"""The fields of a row that an encoder may read, in one table: name, modality, label."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of a row.

    Args:
        name: the column, as configs and maps name it.
        modality: the name of a registered modality of encoders: what the column holds.
        label: what it is, for people ("the idea of the song").
        merges: whether the values of rows that repeat a concept are joined when these become one row.
    """

    name: str
    modality: str
    label: str
    merges: bool = False


FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec("concept", "text", "the idea of the song"),
    FieldSpec("descriptions", "text", "what is said about its sections", merges=True),
    FieldSpec("lyrics", "text", "the words that are sung", merges=True),
)


def field_names(modality: str = "text") -> tuple[str, ...]:
    """Return the names of the fields of a modality, in the order of the table."""
    return tuple(field.name for field in FIELDS if field.modality == modality)


TEXT_FIELDS = field_names()
