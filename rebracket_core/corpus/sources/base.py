"""What a format is, what it gives, and what it gets to see of a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from rebracket_core.corpus.schema import Skip
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from rebracket_core.corpus.readers.columns import ColumnPlan
    from rebracket_core.corpus.sources.files import Entry
    from rebracket_core.corpus.sources.stream import Head, Stream

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file, whatever becomes of it.

    Args:
        where: the place, as "file.csv:row 3"; the file's name alone where the file is one record.
        values: its fields under the names that the file gives them.
        text: the value that is to be the concept's text, checked by the sinks; a str, or what stands in its place.
        plan: which field is what, where the file has fixed columns; without one the names tell.
        origin: "songs", "proposals", "starter" or "text" where the shape of the file tells it, "" else.
        rows: makes the rows of a data set (a Skip for what lacks), for a format that knows them itself; may raise InputError.
    """

    where: str
    values: Mapping[str, Any] = field(default_factory=dict)
    text: object = None
    plan: ColumnPlan | None = None
    origin: str = ""
    rows: Callable[[], Iterable[Row | Skip]] | None = None


@dataclass(frozen=True, slots=True)
class Unclaimed(Skip):
    """A file that holds no concept and does not claim to: a picture, lyrics, a page about the files."""


class Format(ABC):
    """One form in which people keep concepts.

    `name` is stable, `label` is for people, `help` is one sentence; `suffixes` are the endings that usually stand for it,
    in lower case with their dot. `holds_concepts` is False where the texts are to be scored alone, `companion` is True
    where the files belong to other files, `own_ids` where the ids are kept apart from those of other files by themselves,
    and `numbers_repeats` where several texts may stand under one id.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    holds_concepts: ClassVar[bool] = True
    companion: ClassVar[bool] = False
    own_ids: ClassVar[bool] = False
    numbers_repeats: ClassVar[bool] = False

    @abstractmethod
    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell whether a file is of this format by its beginning; the suffix is in lower case, with its dot.

        Raises InputError where the file claims to be of it and cannot be read.
        """

    @abstractmethod
    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give the records of a file one by one, and a Skip for each that cannot be read.

        Raises InputError where the file as a whole, or what follows, cannot be read.
        """


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """One file of a source as the sinks see it: its format (None where none was found), and the source it belongs to.

    `given` is what the user named, `many` whether that is a folder or an archive.
    """

    entry: Entry
    format: Format | None
    given: str = ""
    many: bool = False

    @property
    def prefix(self) -> str:
        """What keeps ids apart from those of other files, "" where nothing is needed."""
        own = self.format is not None and self.format.own_ids
        return f"{self.entry.name}#" if self.many and not own else ""


def skip_of(error: InputError, *, where: str) -> Skip:
    """The skip that names what an error found."""
    reason = error.message.rstrip(".") + (f" (found {error.found[:200]})" if error.found else "")
    hint = "; ".join(part for part in (f"expected {error.expected}" if error.expected else "", error.hint) if part)
    return Skip(error.where or where, reason, hint)
