"""What an encoder may read: each modality says how its items are checked, measured and told apart by content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rebracket_core.errors import InputError
from rebracket_core.registry import Registry

Item = TypeVar("Item")


def content_of(item: Any) -> bytes:
    """Return the bytes that stand for an item's content: a text's characters, the SHA-256 of bytes.

    Raises: InputError for anything else; its modality has to bring a function of its own.
    """
    if isinstance(item, str):
        return item.encode("utf-8", "surrogatepass")
    if isinstance(item, bytes | bytearray | memoryview):
        return hashlib.sha256(item).digest()
    raise InputError(
        "The content of an item cannot be told apart.",
        expected="a string or bytes, or a modality that says how",
        found=type(item).__name__,
        hint="give its Modality a `content` function",
    )


@dataclass(frozen=True, slots=True)
class Modality:
    """A kind of input, such as text.

    Args:
        name: stable, as encoders and field tables name it ("text").
        label: the name for people.
        help: one sentence.
        item: what one item is, for messages ("a string").
        accepts: whether a value is an item of this modality.
        content: item → the bytes that stand for its content; equal bytes share one vector in caches and columns.
        from_text: the text of a field → the item that it stands for, blank text included; with it encoders of this modality
            serve data sets and verdicts, whose rows hold text. None where a text stands for no item.
        size: item → its length, by which work is put into order so that batches are filled evenly.
    """

    name: str
    label: str
    help: str
    item: str
    accepts: Callable[[object], bool]
    content: Callable[[Any], bytes] = content_of
    size: Callable[[Any], int] = len
    from_text: Callable[[str], Any] | None = None

    @property
    def reads_text(self) -> bool:
        """Whether the text of a field is an item of this modality, or stands for one."""
        return self.name == "text" or self.from_text is not None


MODALITIES: Registry[Modality] = Registry("modality", Modality, group="rebracket.modalities")
TEXT = MODALITIES.register(
    Modality("text", "Text", "Concepts, descriptions and lyrics.", item="a string", accepts=lambda item: isinstance(item, str))
)


def checked_items(items: Sequence[Item], *, modality: str = TEXT.name) -> list[Item]:
    """Return the items as a list, once each is known to be of the modality.

    Raises: InputError for a lone string or bytes in the place of a list, and for the first item of another kind.
    """
    kind = MODALITIES.get(modality)
    if isinstance(items, str | bytes):
        raise InputError(
            "One string was given where a list of texts belongs.",
            expected=f"a list of items, each {kind.item}",
            found=type(items).__name__,
            hint="pass [item]",
        )
    listed = list(items)
    for position, item in enumerate(listed):
        if not kind.accepts(item):
            raise InputError(
                f"An item is no {kind.name}.",
                expected=kind.item,
                found=type(item).__name__,
                where=f"{kind.name} {position}",
                hint="drop empty cells, or turn them into items of this kind before encoding",
            )
    return listed
