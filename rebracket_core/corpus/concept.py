"""One text to be judged, with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from rebracket_core.texts import clean_text


@dataclass(frozen=True, slots=True)
class Concept:
    """One text to be judged.

    `id` is the row's own id, else its file (relative to the given source) and row; `source` says where it stands;
    `expected_album` is the album that its label names, None without one. With an `error` there is nothing to judge and
    `text` holds at most its beginning. `fields` holds what else is known: title, agent, group,
    descriptions, lyrics, origin (songs, proposals or starter, where the shape of the source tells it), and a note. Text and
    fields are cleaned (`texts.clean_text`) by whatever door they come in, so that what looks the same is scored the same.
    `vectors` holds, by field (the text itself is "concept"), numbers that an encoder made of it: a run on vectors reads them.
    """

    id: str
    text: str
    source: str = ""
    expected_album: str | None = None
    error: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    vectors: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.text, str):
            object.__setattr__(self, "text", clean_text(self.text))
        fields = {name: clean_text(value) if isinstance(value, str) else value for name, value in self.fields.items()}
        object.__setattr__(self, "fields", fields)
