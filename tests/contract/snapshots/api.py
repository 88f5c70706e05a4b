"""The API as its OpenAPI document tells it: paths, methods, parameters, fields; and what is lost of it."""

from __future__ import annotations

from typing import Any

from tests.contract.snapshots.shapes import Shape, lost, merged

Paths = dict[str, dict[str, Any]]


def paths_of(document: dict[str, Any]) -> Paths:
    """Parameters, request and response shapes by "METHOD path"; names of schemas play no part."""
    found: Paths = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            body = told.get("requestBody", {})
            found[f"{method.upper()} {path}"] = {
                "parameters": {
                    f"{p['in']} {p['name']}": {**_shape(p["schema"], document), "required": bool(p.get("required"))}
                    for p in told.get("parameters", ())
                },
                "request": _content(body, document),
                "request_required": bool(body.get("required")),
                "responses": {status: _content(one, document) for status, one in told["responses"].items()},
            }
    return found


def paths_lost(recorded: Paths, now: Paths) -> list[str]:
    """What a client of then would miss now; [] where nothing is lost. Additions are allowed."""
    told = []
    for name, before in recorded.items():
        if name not in now:
            told.append(f"{name} is gone")
            continue
        after = now[name]
        told += _parameters_lost(before["parameters"], after["parameters"], where=name)
        told += [f"{name} now needs a body"] * (after["request_required"] and not before["request_required"])
        told += _kinds_lost(before["request"], after["request"], where=f"{name} request", given=True)
        for status, contents in before["responses"].items():
            if status not in after["responses"]:
                told.append(f"{name} no longer answers {status}")
            else:
                told += _kinds_lost(contents, after["responses"][status], where=f"{name} {status}", given=False)
    return told


def _parameters_lost(recorded: dict[str, Any], now: dict[str, Any], *, where: str) -> list[str]:
    told = [f"{where}: the parameter {name} is gone" for name in recorded.keys() - now.keys()]
    told += [
        f"{where} now requires the parameter {name}"
        for name, one in now.items()
        if one["required"] and not recorded.get(name, {"required": False})["required"]
    ]
    for name in recorded.keys() & now.keys():
        before, after = ({**one, "required": []} for one in (recorded[name], now[name]))
        told += lost(before, after, where=f"{where} {name}", given=True)
    return told


def _kinds_lost(recorded: dict[str, Shape], now: dict[str, Shape], *, where: str, given: bool) -> list[str]:
    told = [f"{where} is no longer {kind}" for kind in recorded.keys() - now.keys()]
    for kind in recorded.keys() & now.keys():
        told += lost(recorded[kind], now[kind], where=where, given=given)
    return told


def _content(told: dict[str, Any], document: dict[str, Any]) -> dict[str, Shape]:
    return {kind: _shape(one.get("schema", {}), document) for kind, one in told.get("content", {}).items()}


def _shape(schema: dict[str, Any], document: dict[str, Any], *, seen: tuple[str, ...] = ()) -> Shape:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in seen:
            return {"types": ["object"]}
        return _shape(document["components"]["schemas"][name], document, seen=(*seen, name))
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return merged(_shape(one, document, seen=seen) for one in schema[key])
    types = schema.get("type", "any")
    found: Shape = {"types": [types] if isinstance(types, str) else sorted(types)}
    if "properties" in schema:
        found["fields"] = {name: _shape(one, document, seen=seen) for name, one in schema["properties"].items()}
        found["required"] = sorted(schema.get("required", ()))
    elif isinstance(schema.get("additionalProperties"), dict):
        found["fields"] = {"*": _shape(schema["additionalProperties"], document, seen=seen)}
    if schema.get("items"):
        found["items"] = _shape(schema["items"], document, seen=seen)
    if "enum" in schema or "const" in schema:
        found["enum"] = sorted(map(str, schema.get("enum") or [schema["const"]]))
    return found
