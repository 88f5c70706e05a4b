"""The short road of one concept: a well-formed request is answered before the framework's own machinery.

On two cores that machinery takes 2 ms of a request, a fifth of what encoding a short text takes. Whatever is out of the
ordinary (another path, another content type, a body that is not right) goes on to the framework, which words its errors.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError

from rebracket_core.serving.schemas import ValidateIn

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
PATH = "/v1/validate"
_JSON = (b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8")


class Direct:
    """An ASGI app around the framework's. `answer(state, asked)` gives status, headers and body for what was asked."""

    def __init__(
        self, app: Callable[..., Any], *, answer: Callable[[dict[str, Any], ValidateIn], Awaitable[Answer]]
    ) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Nothing; answers the request here, or passes it on whole."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST" or not _is_json(scope):
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:  # the caller has gone
            return
        try:
            asked = ValidateIn.model_validate_json(body)
        except (ValidationError, RecursionError):
            await self._app(scope, _again(body, receive), send)
            return
        status, headers, said = await self._answer(scope["state"], asked)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(said)).encode()), *headers]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": said})


def _is_json(scope: Message) -> bool:
    return any(name == b"content-type" and value.lower() in _JSON for name, value in scope["headers"])


async def _body(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """What gives a body that was read already once more, and then what comes after it."""
    told = False

    async def receive_again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
