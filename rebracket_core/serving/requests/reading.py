"""What a request of the API asks about: its characters, its caller, its concepts."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request
from pydantic import ValidationError

from rebracket_core.corpus.readers import read_album
from rebracket_core.errors import InputError
from rebracket_core.serving.requests.bodies import TooManyChars, chars_in
from rebracket_core.serving.schemas import ConceptIn
from rebracket_core.texts import clean_text, whole_text
from rebracket_core.validation import Concept

# A text that is longer than so many times what the engine takes is refused before it is cleaned.
CLEANED_TIMES = 2
SHOWN_CHARS = 200


def checked_chars(value: object, *, most: int) -> int:
    """How many characters a request holds. Raises TooManyChars beyond `most`."""
    chars = chars_in(value)
    if chars > most:
        raise TooManyChars(
            "The request holds too many characters.",
            expected=f"at most {most:,} in all its texts",
            found=f"{chars:,}",
            hint="send them in parts",
        )
    return chars


def caller_of(request: Request) -> str:
    """Who takes turns with others: a key's id, or without keys the address that the middleware believes."""
    return str(getattr(request.state, "caller", "")) or (request.client.host if request.client else "")


def chars_of(concept: Concept) -> int:
    """How many characters a worker reads of a concept."""
    return len(concept.text) + sum(map(len, concept.fields.values()))


def read_concept(item: ConceptIn, *, longest: int) -> Concept:
    """The concept with its text cleaned; one that is far longer than `longest` is refused as it is."""
    album = read_album(item.expected_album)
    fields = {whole_text(name): whole_text(value) for name, value in item.fields.items()}
    found = Concept(
        id=whole_text(item.id),
        text="",
        source=whole_text(item.source),
        expected_album=album,
        fields=fields,
        vectors={whole_text(name): tuple(numbers) for name, numbers in item.vectors.items()},
    )
    if len(item.text) > CLEANED_TIMES * longest:
        error = f"Its text has {len(item.text):,} characters, {longest:,} are allowed; shorten it"
        return replace(found, text=whole_text(item.text[:SHOWN_CHARS]), error=error)
    return replace(found, text=clean_text(item.text))


def read_item(item: object, number: int, *, longest: int) -> Concept:
    """An item of a batch as a concept; one that is no concept carries the error."""
    name = str(number)
    try:
        item = ConceptIn(text=item) if isinstance(item, str) else ConceptIn.model_validate(item)
        concept = read_concept(item, longest=longest)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the item"
        return Concept(id=name, text="", error=whole_text(f"Item {number} is no concept: {where}: {first['msg']}"))
    except InputError as error:
        return Concept(id=name, text="", error=whole_text(str(error)))
    return concept if concept.id else replace(concept, id=name)
