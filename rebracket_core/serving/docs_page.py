"""The page `/docs`: the API as its OpenAPI document describes it, with a form to try each request.

It is one document that loads nothing: it works without network and behind any path prefix, and no foreign script sees a key.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from fastapi import FastAPI, Response

Schema = Mapping[str, Any]
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
:root { color-scheme: light dark }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem } caption { text-align: left; font-weight: 600 }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #ccc; padding: .25rem .5rem .25rem 0 }
code, pre, textarea { font: 14px/1.4 ui-monospace, monospace } pre { white-space: pre-wrap; overflow-wrap: anywhere }
textarea { width: 100%; box-sizing: border-box } section { border-top: 2px solid; margin-top: 2rem }
"""
_SCRIPT = """
for (const form of document.forms) form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const shown = form.querySelector("output"), key = document.getElementById("key").value.trim(), body = form.elements.body;
  const headers = key ? { Authorization: "Bearer " + key } : {};
  if (body) headers["Content-Type"] = "application/json";
  try {
    const sent = { method: form.dataset.method, headers, body: body ? body.value : undefined };
    const answer = await fetch(form.dataset.path, sent);
    let text = await answer.text();
    try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
    shown.textContent = answer.status + " " + answer.statusText + "\\n" + text;
  } catch (error) { shown.textContent = String(error); }
});
"""


def _digest(inline: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; script-src {_digest(_SCRIPT)}; style-src {_digest(_STYLE)}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page's Content-Security-Policy: its own script and style alone, requests to this server alone."""


def add_docs(app: FastAPI) -> None:
    """Serve the page at /docs."""

    @app.get("/docs", include_in_schema=False)
    def docs() -> Response:
        return Response(docs_page(app.openapi()), media_type="text/html", headers={"Content-Security-Policy": POLICY})

    @app.get("/docs/oauth2-redirect", include_in_schema=False)
    def redirect() -> Response:
        return Response(status_code=307, headers={"Location": "../docs"})  # an address of earlier versions


def docs_page(api: Mapping[str, Any]) -> str:
    """The page for an OpenAPI document. Addresses in it are relative to /docs."""
    info = api["info"]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    operations = [(path, method, one) for path, methods in api["paths"].items() for method, one in methods.items()]
    schemas = api.get("components", {}).get("schemas", {})
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>',
        f"<h1>{title}</h1><p>{_prose(info.get('description', ''))}</p>",
        '<p>The same for programs: <a href="openapi.json">openapi.json</a>.</p>',
        '<p><label for="key">Key for the requests below (kept in this page alone)</label> <input id="key" type="password"'
        ' autocomplete="off"></p>',
        *(_operation(path, method, one, schemas) for path, method, one in operations),
        "<section><h2>Shapes</h2>",
        *(_shape(name, schema) for name, schema in schemas.items()),
        f"</section></main><script>{_SCRIPT}</script></body></html>",
    ]
    return "".join(parts)


def _operation(path: str, method: str, one: Mapping[str, Any], schemas: Mapping[str, Schema]) -> str:
    """The section of one request: what it is for, its body, its answers, and the form to try it."""
    answers = [
        (escape(status), _prose(answer.get("description", "")), "".join(map(_type_of, _contents(answer))))
        for status, answer in one.get("responses", {}).items()
    ]
    body = next(_contents(one.get("requestBody", {})), None)
    name = escape(f"{method.upper()} {path}")
    field = ""
    if body is not None:
        example = escape(json.dumps(_example(body, schemas), ensure_ascii=False, indent=2))
        field = f'<label>Body ({_type_of(body)})<textarea name="body" rows="6" spellcheck="false">{example}</textarea></label>'
    return (
        f"<section><h2><code>{name}</code></h2><p>{_prose(one.get('description', ''))}</p>"
        f'<form data-method="{method.upper()}" data-path="{escape(path.lstrip("/"))}">{field}'
        f'<p><button aria-label="Send {name}">Send</button></p><pre><output></output></pre></form>'
        f"{_table('Answers', ('status', 'meaning', 'shape'), answers)}</section>"
    )


def _shape(name: str, schema: Schema) -> str:
    needed = set(schema.get("required", ()))
    rows = [
        (f"<code>{escape(field)}</code>", _type_of(one), "yes" if field in needed else "", _prose(one.get("description", "")))
        for field, one in schema.get("properties", {}).items()
    ]
    table = _table("Fields", ("field", "type", "required", "meaning"), rows) if rows else ""
    return f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{_prose(schema.get("description", ""))}</p>{table}'


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _contents(holder: Mapping[str, Any]) -> Iterator[Schema]:
    for content in holder.get("content", {}).values():
        if "schema" in content:
            yield content["schema"]


def _type_of(schema: Schema) -> str:
    """The type of a schema in words, with links to the shapes that it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(map(_type_of, options))
    if schema.get("type") == "array":
        return f"list of {_type_of(schema.get('items', {}))}"
    if isinstance(inner := schema.get("additionalProperties"), Mapping):
        return f"object of {_type_of(inner)}"
    return escape(str(schema.get("type", "anything")))


def _example(schema: Schema, schemas: Mapping[str, Schema]) -> Any:
    """An example of a body: the fields that have an example of their own, or are required."""
    shape = schemas[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema
    fields = {name: one["examples"][0] for name, one in shape.get("properties", {}).items() if one.get("examples")}
    return fields or shape.get("examples", [{}])[0]


def _prose(text: str) -> str:
    """Escaped text, with what stands between backticks as code."""
    return "".join(f"<code>{escape(part)}</code>" if n % 2 else escape(part) for n, part in enumerate(text.split("`")))
