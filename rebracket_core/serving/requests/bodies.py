"""The body of a request: read within the deadline, and parsed without holding up other requests.

A body that cannot be read is answered with the cause: how it is compressed, its type, its encoding, where its JSON ends.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

from rebracket_core.corpus.readers.json_text import RepeatedKeyError, with_each_key_once
from rebracket_core.errors import InputError

# A body below this is parsed where it is: the way to another thread would take longer.
SMALL_BYTES = 64 * 1024
# Values of one JSON body. A parser keeps every other thread waiting until it is done: 100,000 values take some 100 ms, and
# the 2.6 million empty objects that 8 MB can hold take most of a second.
MAX_VALUES = 100_000


class TooManyChars(InputError):
    """The texts of one request hold more characters than the server takes."""


class TooManyValues(HTTPException):
    """A body holds more JSON values than the server parses."""

    def __init__(self) -> None:
        super().__init__(413, f"The request holds more than {MAX_VALUES:,} JSON values; send fewer at a time.")


class RepeatedKey(HTTPException):
    """A body holds a key twice with different values: which of them was meant, nobody can say."""

    def __init__(self, key: str) -> None:
        super().__init__(400, f"The key {key!r} stands twice in a JSON object; send it once.")


class BodyTimeout(HTTPException):
    """A body did not arrive within the deadline."""

    def __init__(self, deadline_s: float) -> None:
        super().__init__(408, f"The body did not arrive within {deadline_s:g} s.", headers={"Connection": "close"})


class UnreadableBody(HTTPException):
    """A body that is not JSON as the API takes it: `detail` says why, the rest what was expected, found and is to be done."""

    def __init__(self, status: int, message: str, *, expected: str, found: str, hint: str) -> None:
        super().__init__(status, message)
        self.expected, self.found, self.hint = expected, found, hint


class BodyRequest(Request):
    """A request that knows when it arrived (`state.arrived_s`, the event loop's clock) and parses large bodies in a thread."""

    async def body(self) -> bytes:
        """The whole body. Raises BodyTimeout where it takes longer than a request may, UnreadableBody for what is no JSON."""
        if hasattr(self, "_body"):
            return self._body
        _check_coding(self.headers.get("content-encoding", ""))
        deadline_s = self.app.state.service.options.deadline_s
        try:
            async with asyncio.timeout_at(self.state.arrived_s + deadline_s):
                body = await super().body()
        except TimeoutError:
            raise BodyTimeout(deadline_s) from None
        if body:
            _check_type(self.headers.get("content-type", ""))
        return body

    async def json(self) -> Any:
        """The parsed body. Raises UnreadableBody or TooManyValues."""
        body = await self.body()
        if len(body) <= SMALL_BYTES:
            return _loaded(body)
        return await asyncio.get_running_loop().run_in_executor(None, _parse, body)


class BodyRoute(APIRoute):
    """A route whose handler gets a BodyRequest."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of FastAPI over a BodyRequest."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            request.state.arrived_s = asyncio.get_running_loop().time()
            return await handle(BodyRequest(request.scope, request.receive))

        return handler


def chars_in(value: object) -> int:
    """How many characters the strings of a parsed JSON value hold, keys included."""
    chars, left = 0, [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            chars += len(item)
        elif isinstance(item, dict):
            left += item.keys()
            left += item.values()
        elif isinstance(item, list):
            left += item
    return chars


def _parse(body: bytes) -> Any:
    if _may_exceed(body, MAX_VALUES) and _exceeds(body, MAX_VALUES):
        raise TooManyValues
    return _loaded(body)


def _check_coding(coding: str) -> None:
    if coding.strip().lower() not in ("", "identity"):
        raise UnreadableBody(
            415,
            "The body is compressed, which the server does not read.",
            expected="a body without Content-Encoding",
            found=f"Content-Encoding: {coding[:80]}",
            hint="send the JSON as it is",
        )


def _check_type(value: str) -> None:
    kind = value.partition(";")[0].strip().lower()
    if not re.fullmatch(r"application/(?:json|[\w.-]+\+json)", kind):
        raise UnreadableBody(
            415,
            "The body is not marked as JSON.",
            expected="the header Content-Type: application/json",
            found=f"Content-Type: {value[:80]}" if value else "no Content-Type",
            hint="add the header; with curl: -H 'Content-Type: application/json'",
        )


def _loaded(body: bytes) -> Any:
    """The JSON value of a body. Raises UnreadableBody with the place at which it cannot be read."""
    try:
        return json.loads(body, object_pairs_hook=with_each_key_once)
    except RepeatedKeyError as error:
        raise RepeatedKey(error.key) from error
    except UnicodeDecodeError as cause:
        raise UnreadableBody(
            422,
            f"The body is not {cause.encoding.upper()}.",
            expected="JSON in UTF-8",
            found=f"the byte 0x{body[cause.start]:02x} at {cause.start:,}, as Latin-1 or another encoding writes it",
            hint="encode the text as UTF-8, or write its characters as \\u escapes",
        ) from None
    except json.JSONDecodeError as cause:
        raise UnreadableBody(
            422,
            "The body is no JSON document.",
            expected="one JSON object",
            found=f"{cause.msg} at line {cause.lineno}, column {cause.colno}",
            hint="check it there; see /openapi.json for the shape",
        ) from None
    except (RecursionError, ValueError) as cause:
        found = "lists or objects nested too deep" if isinstance(cause, RecursionError) else str(cause)[:200]
        raise UnreadableBody(
            422,
            "The body cannot be parsed.",
            expected="one JSON object, as in /openapi.json",
            found=found,
            hint="send it as the API describes it",
        ) from None


def _may_exceed(body: bytes, most: int) -> bool:
    return _structure(body) > most


def _exceeds(body: bytes, most: int) -> bool:
    """Whether there are more values, what stands inside strings left out; every step is one short pass in C."""
    bare = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if bare.count(b'"') > 4 * most:  # a value has one string at most, and one more as its key
        return True
    return sum(map(_structure, bare.split(b'"')[::2])) > most


def _structure(text: bytes) -> int:
    return text.count(b",") + text.count(b"{") + text.count(b"[")
