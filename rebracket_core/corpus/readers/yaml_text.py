"""YAML text → plain values, safely and within bounds: the one reader of every YAML file that comes from outside.

A short YAML text can mean a huge value: an alias repeats what an anchor holds, a merge key copies it, brackets nest
without end, a number of base 60 grows with each ":". So the text is first walked as a stream of events, which takes no
more memory than one event, and what it would become is counted; only then are values made of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from rebracket_core.corpus.limits import (
    MAX_NESTING,
    MAX_NUMBER_CHARS,
    MAX_REPEATED_CHARS,
    MAX_YAML_ALIASES,
    MAX_YAML_NODES,
    MIB,
)
from rebracket_core.errors import DataError

MAX_CONFIG_BYTES = MIB
_MAX_TAG_CHARS = 200
_MAX_ODD_KEYS = 1_000
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNREADABLE = (yaml.YAMLError, ValueError, TypeError, LookupError, OverflowError, RecursionError, AttributeError)
# Asked of the beginning alone: the patterns by which YAML knows a number take memory with each ":" of it.
_LONG_NUMBER = re.compile(rf"[-+.0-9][-+.:_0-9a-fA-FxXoO]{{{MAX_NUMBER_CHARS - 1}}}")
TWICE = "stands twice"
_READ_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "timestamp"))
_STR_TAG = "tag:yaml.org,2002:str"


def load_yaml(text: str, *, where: str = "") -> Any:
    """The plain values of a YAML document, read by PyYAML's safe loader (in C where available).

    Raises DataError for broken YAML, for tags such as !!python, for a key that stands twice in a mapping with different
    values, for several documents, and for a document that nests too deep, holds too many values or multiplies itself by
    aliases and merge keys.
    """
    documents = load_yaml_documents(text, where=where)
    if len(documents) > 1:
        raise _refused(
            "The YAML holds several documents.", expected="one", found=f"{len(documents):,}", where=where, hint="keep one"
        )
    return documents[0] if documents else None


def load_yaml_documents(text: str, *, where: str = "", as_written: frozenset[str] = frozenset()) -> list[Any]:
    """The plain values of each document of a YAML text, those between two lines "---" that say nothing left out.

    What stands under a key of `as_written` is its text as it was written, where YAML would see a number, a date, a truth
    value or a time in it: No, 007 and 1:00 stay. Raises DataError as `load_yaml` does.
    """
    try:
        _Walk(text, where=where).run()
        loader = _BoundedLoader(text)
        loader.as_written = as_written
        found: list[Any] = []
        try:
            while loader.check_data():
                found.append(loader.get_data())
        finally:
            loader.dispose()
        return found if len(found) == 1 else [document for document in found if document is not None]
    except _UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        at = f" at line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error) or type(error).__name__
        raise DataError(
            f"The YAML cannot be read{at}.",
            expected="plain YAML without tags",
            found=str(problem)[:200],
            hint="keep the right one" if TWICE in str(problem) else "correct the line; texts with ':' or '#' need quotes",
            where=where,
        ) from error


def load_yaml_file(path: Path, *, max_bytes: int = MAX_CONFIG_BYTES) -> Any:
    """The plain values of a small YAML or JSON file, such as a config; UTF-8.

    Raises DataError as `load_yaml` does, and for a file that is larger than `max_bytes` or cannot be read.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise _refused("The file is too large.", expected=f"at most {max_bytes:,} bytes", found="more", where=str(path))
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "The file cannot be read.",
            expected="YAML or JSON in UTF-8",
            found=str(error)[:200],
            hint="check the file",
            where=str(path),
        ) from error
    return load_yaml(text, where=str(path))


class _Walk:
    """One pass over the events of a document, which counts what its values would be."""

    def __init__(self, text: str, *, where: str) -> None:
        self._text, self._where = text, where
        self._nodes = self._chars = self._aliases = self._repeated = 0
        self._open: list[tuple[str | None, int, int]] = []
        self._sizes: dict[str, tuple[int, int] | None] = {}

    def run(self) -> None:
        """Walk to the end. Raises DataError at the first bound that is passed, YAMLError for broken YAML."""
        for event in yaml.parse(self._text, Loader=_BASE):
            if isinstance(event, yaml.ScalarEvent):
                self._count(event, chars=len(event.value))
                if event.anchor:
                    self._sizes[event.anchor] = 1, len(event.value)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._enter(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, nodes, chars = self._open.pop()
                if anchor:
                    self._sizes[anchor] = self._nodes - nodes, self._chars - chars
            elif isinstance(event, yaml.AliasEvent):
                self._repeat(str(event.anchor))

    def _enter(self, event: Any) -> None:
        if len(self._open) >= MAX_NESTING:
            raise self._refuse("The YAML is nested too deep.", expected=f"at most {MAX_NESTING} levels", found="more")
        self._open.append((event.anchor, self._nodes, self._chars))
        if event.anchor:
            self._sizes[event.anchor] = None
        self._count(event, chars=0)

    def _count(self, event: Any, *, chars: int) -> None:
        if chars > MAX_NUMBER_CHARS and event.implicit[0] and _LONG_NUMBER.match(event.value):
            raise self._refuse(
                "The YAML holds a number that is too long.",
                expected=f"at most {MAX_NUMBER_CHARS} characters",
                found=f"{chars:,}",
                hint="put it in quotes if it is a text",
            )
        if event.tag and len(event.tag) > _MAX_TAG_CHARS:
            raise self._refuse(
                "The YAML has a tag that is too long.",
                expected="plain YAML without tags",
                found=f"{len(event.tag):,} characters",
            )
        self._add(1, chars)

    def _add(self, nodes: int, chars: int) -> None:
        self._nodes += nodes
        self._chars += chars
        if self._nodes > MAX_YAML_NODES:
            raise self._refuse(
                "The YAML holds too many values.",
                found="more",
                expected=f"at most {MAX_YAML_NODES:,}",
                hint="use JSON lines, CSV or Parquet",
            )

    def _repeat(self, anchor: str) -> None:
        self._aliases += 1
        if self._aliases > MAX_YAML_ALIASES:
            raise self._refuse(
                "The YAML repeats itself too often.", found="more", expected=f"at most {MAX_YAML_ALIASES} aliases"
            )
        size = self._sizes.get(anchor, (1, 0))  # an anchor that is not there is named when the values are made
        if size is None:
            raise self._refuse("The YAML holds itself.", expected="an alias of a complete value", found=f"*{anchor[:80]}")
        self._repeated += size[1]
        if self._repeated > MAX_REPEATED_CHARS or self._nodes + size[0] > MAX_YAML_NODES:
            raise self._refuse(
                "The YAML repeats itself too often.",
                found="more",
                expected=f"aliases and merge keys that come to at most {MAX_YAML_NODES:,} values "
                f"and {MAX_REPEATED_CHARS:,} characters",
            )
        self._add(*size)

    def _refuse(self, message: str, *, expected: str, found: str, hint: str = "write the values out") -> DataError:
        return _refused(message, expected=expected, found=found, hint=hint, where=self._where)


class _BoundedLoader(_BASE):  # type: ignore[misc]
    """PyYAML's safe loader, which refuses numbers without end, keys that stand twice and mappings made to be slow to fill."""

    as_written: frozenset[str] = frozenset()

    def flatten_mapping(self, node: Any) -> None:
        """Take up merge keys. Keys that are no texts are few: numbers can be chosen so that all fall on one place."""
        if not getattr(node, "is_checked", False):  # a mapping that others merge comes here again, with what it has merged
            node.is_checked = True
            self._check_keys(node)
            node.value = [(key, self._written(key, value)) for key, value in node.value]
        super().flatten_mapping(node)
        if len(node.value) > _MAX_ODD_KEYS:
            odd = sum(1 for key, _ in node.value if key.tag != _STR_TAG)
            if odd > _MAX_ODD_KEYS:
                raise yaml.constructor.ConstructorError(
                    None, None, f"a mapping with more than {_MAX_ODD_KEYS:,} keys that are no texts", node.start_mark
                )

    def _check_keys(self, node: Any) -> None:
        seen: dict[tuple[str, str], Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
                continue
            first = seen.setdefault((key.tag, key.value), value)
            scalars = isinstance(first, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)
            if first is not value and not (scalars and (first.tag, first.value) == (value.tag, value.value)):
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value[:100]!r} {TWICE}", key.start_mark)

    def _written(self, key: Any, value: Any) -> Any:
        """The value of a key, as it was written where the key is one of `as_written`."""
        wanted = isinstance(key, yaml.ScalarNode) and key.value in self.as_written and isinstance(value, yaml.ScalarNode)
        if not wanted or value.tag not in _READ_TAGS:
            return value
        return yaml.ScalarNode(_STR_TAG, value.value, value.start_mark, value.end_mark, value.style)

    def construct_number(self, node: Any) -> Any:
        """A whole or broken number of at most MAX_NUMBER_CHARS characters."""
        if len(node.value) > MAX_NUMBER_CHARS:
            raise yaml.constructor.ConstructorError(
                None,
                None,
                f"a number of {len(node.value):,} characters, at most {MAX_NUMBER_CHARS} are allowed",
                node.start_mark,
            )
        return self.construct_yaml_int(node) if node.tag.endswith(":int") else self.construct_yaml_float(node)


for _kind in ("int", "float"):
    _BoundedLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", _BoundedLoader.construct_number)


def _refused(message: str, *, expected: str, found: str, where: str, hint: str = "give a smaller file") -> DataError:
    return DataError(message, expected=expected, found=found, hint=hint, where=where)
