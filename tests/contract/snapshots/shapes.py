"""Shapes of documents: which fields there are and of which types, without the values; and what one shape lost of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Shape = dict[str, Any]
"""`types`: names of JSON types; `fields`: shapes by name; `items`: the shape of a list's items; from a schema also
`required` names and `enum` values."""
ANY = "*"
_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object", type(None): "null"}


def shape_of(
    value: Any, *, maps: frozenset[str] = frozenset(), nullable: frozenset[str] = frozenset(), where: str = ""
) -> Shape:
    """The shape of a JSON value.

    `maps` are the paths ("a.b[].c") of objects whose keys are data, not fields; `nullable` those of values that may be null
    although this one is not.
    """
    found: Shape = {"types": sorted({_NAMES[type(value)], *(["null"] if where in nullable else [])})}
    if isinstance(value, dict):
        inner = {}
        for name, one in value.items():
            path = f"{where}.{ANY if where in maps else name}".lstrip(".")
            inner[name] = shape_of(one, maps=maps, nullable=nullable, where=path)
        found["fields"] = {ANY: merged(inner.values())} if where in maps and inner else inner
    elif isinstance(value, list) and value:
        found["items"] = merged(shape_of(one, maps=maps, nullable=nullable, where=f"{where}[]") for one in value)
    return found


def merged(shapes: Iterable[Shape]) -> Shape:
    """The shape of all values that have one of the shapes."""
    listed = list(shapes)
    found: Shape = {"types": sorted({name for one in listed for name in one["types"]})}
    names = dict.fromkeys(name for one in listed for name in one.get("fields", {}))
    if any("fields" in one for one in listed):
        objects = [one["fields"] for one in listed if "fields" in one]
        found["fields"] = {name: merged(fields[name] for fields in objects if name in fields) for name in names}
    if any("items" in one for one in listed):
        found["items"] = merged(one["items"] for one in listed if "items" in one)
    for key in ("required", "enum"):
        kept = [one[key] for one in listed if key in one]
        if kept:
            found[key] = sorted({name for some in kept for name in some}, key=str)
    return found


def lost(
    recorded: Shape, now: Shape, *, where: str = "", given: bool = False, renamed: Mapping[str, str] | None = None
) -> list[str]:
    """What the recorded shape had and the shape of now has not; [] where everything is kept.

    Additions are allowed. `given` is for what callers send: there more types may be taken and no more fields be required;
    otherwise, for what callers read, no type may appear that was not there. `renamed` names fields that have another name
    by an agreed change, by the path of the old one.
    """
    told = _types_lost(recorded, now, where=where or "the document", given=given)
    names = renamed or {}
    fields = now.get("fields", {})
    for name, shape in recorded.get("fields", {}).items():
        path = f"{where}.{name}".lstrip(".")
        found = fields.get(names.get(path, name))
        if found is None and name == ANY and fields:
            found = merged(fields.values())
        if found is None:
            told.append(f"{path} is gone")
        else:
            told += lost(shape, found, where=path, given=given, renamed=names)
    if "items" in recorded:
        if "items" in now:
            told += lost(recorded["items"], now["items"], where=f"{where}[]", given=given, renamed=names)
        elif "fields" in recorded["items"]:
            told.append(f"{where}[] holds nothing any more")
    return told + _required_lost(recorded, now, where=where, given=given)


def _types_lost(recorded: Shape, now: Shape, *, where: str, given: bool) -> list[str]:
    before, after = set(recorded["types"]), set(now["types"])
    if before == {"null"}:
        return []
    wider, narrower = (after, before) if given else (before, after)
    allowed = wider | ({"integer"} if "number" in wider else set())
    if "any" in allowed or narrower <= allowed:
        return []
    return [f"{where} was {' or '.join(sorted(before))} and is {' or '.join(sorted(after))}"]


def _required_lost(recorded: Shape, now: Shape, *, where: str, given: bool) -> list[str]:
    told = []
    before, after = set(recorded.get("required", ())), set(now.get("required", ()))
    if given and after - before:
        told.append(f"{where} now requires {', '.join(sorted(after - before))}")
    if not given and before - after:
        told.append(f"{where} no longer promises {', '.join(sorted(before - after))}")
    if "enum" in recorded:
        values, current = set(map(str, recorded["enum"])), set(map(str, now.get("enum", ())))
        gone = values - current if given and "enum" in now else set()
        if gone:
            told.append(f"{where} no longer takes {', '.join(sorted(gone))}")
    return told
