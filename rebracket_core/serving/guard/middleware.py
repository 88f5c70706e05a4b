"""What stands before every request: its number, the key, the limits, the log line and the count."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from rebracket_core.errors import RebracketError, StoreError
from rebracket_core.serving.guard.access import (
    OPEN_PATHS,
    READ_PATHS,
    SCOPES,
    SERVED_PATHS,
    AllowedHosts,
    TrustedProxies,
    foreign_caller,
    has_control,
)
from rebracket_core.serving.guard.api_keys import ApiKeyStore
from rebracket_core.serving.guard.rate_limit import RateLimit
from rebracket_core.serving.options import ServeOptions
from rebracket_core.serving.requests.bodies import SMALL_BYTES
from rebracket_core.texts import whole_text

logger = logging.getLogger("rebracket.access")

Message = dict[str, Any]
Refusal = tuple[int, bytes]
RETRY_AFTER_S = 1
# Characters of a message; what a caller sent may stand in it.
MAX_WORDS = 2000
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,80}")


class TooLarge(Exception):
    """The body is larger than the server takes."""


@dataclass(slots=True)
class RequestRecord:
    """What a handler tells the log of its request: how many texts, and the texts where the log may hold them."""

    n: int = 0
    texts: list[str] = field(default_factory=list)


def problem(message: str, *, expected: str = "", found: str = "", hint: str = "", request_id: str = "") -> bytes:
    """The body of an answer that is no verdict."""
    words = {"message": message, "expected": expected, "found": found, "hint": hint}
    return to_json({"error": {name: whole_text(text[:MAX_WORDS]) for name, text in words.items()}, "request_id": request_id})


def problem_of(error: RebracketError, *, request_id: str) -> bytes:
    """The body for an error of the engine."""
    return problem(error.message, expected=error.expected, found=error.found, hint=error.hint, request_id=request_id)


class AccessMiddleware:
    """An ASGI app around the API. `count(path, status, seconds)` hears how each request ended.

    Closed by default: only the paths of `OPEN_PATHS` and `SCOPES` reach the API, and all but the open ones need a key.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        *,
        options: ServeOptions,
        key_store: ApiKeyStore,
        draining: Callable[[], bool],
        count: Callable[[str, int, float], None],
    ) -> None:
        self._app = app
        self._options = options
        self._key_store = key_store
        self._draining = draining
        self._count = count
        self._limit = RateLimit(options.per_minute)
        self._hosts = AllowedHosts(options.host, options.allowed_hosts)
        self._proxies = TrustedProxies(options.trusted_proxies)
        self._closed = ""
        self._arriving = 0  # bytes of the bodies of the large requests that go on now

    async def __call__(self, scope: Message, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """Pass the request on, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # the API has no WebSocket, and nothing would ask its key
            await send({"type": "websocket.close", "code": 1008})
            return
        self._proxies.apply(scope)
        self._strip_prefix(scope)
        visit = _Visit(scope, receive, send, limit=self._options.max_body_bytes)
        start = time.perf_counter()
        try:
            refused = self._refusal(scope, visit)
            scope["state"]["caller"] = visit.caller
            if refused is not None:
                await visit.refuse(*refused)
            else:
                await self._pass_on(scope, visit)
            if visit.too_large and not visit.started:
                await visit.refuse(413, self._too_large(visit))
        except TooLarge:
            if not visit.started:
                await visit.refuse(413, self._too_large(visit))
        except Exception as error:
            logger.exception("request %s ended in an error that should not be: %s", visit.request_id, type(error).__name__)
            if visit.started:
                raise
            body = problem(
                "Something went wrong that should not.",
                found=type(error).__name__,
                request_id=visit.request_id,
                hint="the server's log holds it under this request id",
            )
            await visit.refuse(500, body)
        finally:
            self._tell(scope, visit, seconds=time.perf_counter() - start)

    def _strip_prefix(self, scope: Message) -> None:
        """Take the prefix under which a proxy serves the API from the path; a proxy may also have done so itself."""
        prefix, path = self._options.root_path, scope["path"]
        if prefix and path not in SERVED_PATHS and path.startswith(f"{prefix}/"):
            scope["path"] = path[len(prefix) :]

    async def _pass_on(self, scope: Message, visit: _Visit) -> None:
        """Let the API answer, while the bodies of all large requests together stay within `max_arriving_bytes`.

        Small ones are not counted: whoever holds the large ones open keeps nobody from asking about a text.
        """
        size = visit.declared if visit.declared or not visit.chunked else self._options.max_body_bytes
        size = size if size > SMALL_BYTES else 0
        if size and self._arriving + size > self._options.max_arriving_bytes:
            visit.extra = [(b"retry-after", b"1")]
            refusal = problem(
                "Too much is being sent at once.",
                expected=f"bodies of at most {self._options.max_arriving_bytes:,} bytes together",
                found="more",
                hint="ask again in a moment",
                request_id=visit.request_id,
            )
            await visit.refuse(503, refusal)
            return
        self._arriving += size
        try:
            await self._app(scope, visit.receive, visit.send)
        finally:
            self._arriving -= size

    def _refusal(self, scope: Message, visit: _Visit) -> Refusal | None:
        """The status and body of a request that goes no further, or None."""
        path, number = scope["path"], visit.request_id
        if path not in SERVED_PATHS and has_control(scope):
            return 400, problem(
                "The path holds a control character.",
                expected="one of the paths in /openapi.json",
                found=ascii(path[:80]),
                hint="send the path without it",
                request_id=number,
            )
        try:
            keyed = self._key_store.required(local=self._options.local)
            self._closed = ""
        except StoreError as error:
            return self._shut(error, scope, visit)
        if not keyed and (refused := self._foreign(scope, visit)) is not None:
            return refused
        if path == "/health":
            return None
        if self._draining():
            return 503, problem("The server is being stopped.", hint="ask again in a moment", request_id=number)
        plain = path if path in SERVED_PATHS else path.rstrip("/")
        refused = self._barred(plain, visit, keyed=keyed)
        if refused is None and plain != path:
            refused = self._elsewhere(plain, scope, visit)
        if refused is None and visit.declared > self._options.max_body_bytes:
            refused = 413, self._too_large(visit)
        return refused

    def _foreign(self, scope: Message, visit: _Visit) -> Refusal | None:
        """The answer of a server without keys to a request that is not of this machine."""
        host = self._hosts.foreign(scope)
        if host is not None:
            return 400, problem(
                "The server answers no such host.",
                expected="localhost, or the host that it was given",
                found=ascii(host[:80]),
                hint="allow it with `--allow-host NAME`, or make a key",
                request_id=visit.request_id,
            )
        caller = foreign_caller(scope)
        if caller is not None:
            return 403, problem(
                "A server without keys is for this machine alone.",
                expected="a caller on this machine",
                found=ascii(caller[:80]),
                hint="make a key with `rebracket keys add NAME`, and send it",
                request_id=visit.request_id,
            )
        return None

    def _barred(self, path: str, visit: _Visit, *, keyed: bool) -> Refusal | None:
        """The answer to one who may not ask for this path, or has asked too often."""
        number, wanted = visit.request_id, SCOPES.get(path)
        if path in OPEN_PATHS:
            return None
        if keyed:
            key = self._key_store.match(visit.secret)  # of the keys that `required` has just read
            if key is None:
                found = "one that is unknown or revoked" if visit.secret else "none"
                return 401, problem(
                    "The request needs a key.",
                    expected="Authorization: Bearer <key>",
                    found=found,
                    hint="make one with `rebracket keys add NAME`",
                    request_id=number,
                )
            visit.caller = key.key_id
            if wanted is not None and not key.allows(wanted):
                return 403, problem(
                    "The key may not do this.",
                    expected=f"the scope {wanted}",
                    found=", ".join(key.scopes),
                    hint="make a key with that scope",
                    request_id=number,
                )
        wait = self._limit.wait_s(visit.caller) if wanted is not None else 0
        if wait:
            visit.extra = [(b"retry-after", str(wait).encode())]
            return 429, problem(
                "Too many requests.",
                expected=f"at most {self._options.per_minute} a minute",
                found="more",
                hint=f"ask again in {wait} s",
                request_id=number,
            )
        return None

    def _elsewhere(self, path: str, scope: Message, visit: _Visit) -> Refusal:
        """The answer at a path that is not served: with slashes too many the way to the one that is, without naming a host."""
        if path not in SERVED_PATHS:
            return 404, problem("Not Found", found=scope["path"], hint="see /docs", request_id=visit.request_id)
        query = scope.get("query_string", b"")
        place = f"{self._options.root_path}{path}".encode()
        visit.extra = [(b"location", place + (b"?" + query if query else b""))]
        return 307, b""

    def _shut(self, error: StoreError, scope: Message, visit: _Visit) -> Refusal | None:
        """The answer of a server whose keys are lost: 503 with the reason; /health says it in its own shape."""
        message = f"{error.message} Found: {error.found}."
        if message != self._closed:
            logger.error("%s", error)
            self._closed = message
        if scope["path"] == "/health":
            scope["state"]["closed"] = message
            return None
        return 503, problem_of(error, request_id=visit.request_id)

    def _too_large(self, visit: _Visit) -> bytes:
        return problem(
            "The request is too large.",
            expected=f"at most {self._options.max_body_bytes:,} bytes",
            found="more",
            hint="send fewer texts at a time",
            request_id=visit.request_id,
        )

    def _tell(self, scope: Message, visit: _Visit, *, seconds: float) -> None:
        self._count(scope["path"], visit.status, seconds)
        if not logger.isEnabledFor(logging.INFO):
            return
        record: RequestRecord | None = scope.get("state", {}).get("record")
        line: dict[str, Any] = {
            "request_id": visit.request_id,
            "method": visit.method,
            "path": scope["path"],
            "status": visit.status,
            "ms": round(seconds * 1e3, 2),
            "caller": visit.caller,
            "n": record.n if record else 0,
        }
        if self._options.log_texts and record:
            line["texts"] = record.texts
        logger.info(json.dumps(line, ensure_ascii=True))


class _Visit:
    """One request on its way: its number, who asks, how much of its body was read, how its answer began."""

    def __init__(self, scope: Message, receive: Callable[..., Any], send: Callable[..., Any], *, limit: int) -> None:
        headers = dict(scope["headers"])
        wanted = headers.get(b"x-request-id", b"")
        self.request_id = wanted.decode() if _REQUEST_ID.fullmatch(wanted) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = self.request_id
        bearer = headers.get(b"authorization", b"").decode("latin-1")
        self.secret = bearer[7:].strip() if bearer[:7].lower() == "bearer " else ""
        self.caller = (scope.get("client") or ("unknown",))[0]
        length = headers.get(b"content-length", b"")
        self.declared = int(length) if length.isdigit() else 0
        self.chunked = b"transfer-encoding" in headers
        self.method = scope["method"]
        self.status = 0
        self.started = False
        self.too_large = False
        self.extra: list[tuple[bytes, bytes]] = []
        self._receive, self._send, self._limit, self._read = receive, send, limit, 0
        self._headless = self.method == "HEAD"
        if self._headless and scope["path"] in READ_PATHS:
            scope["method"] = "GET"  # the same answer, without its body

    async def receive(self) -> Message:
        """The next part of the body; TooLarge once it is more than the server takes."""
        message: Message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > self._limit:
            self.too_large = True
            raise TooLarge
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer, the first with the request's number.

        What the framework makes of a body that was cut off for its size is kept back: the middleware says it better.
        """
        if self.too_large and not self.started and message.get("status") != 413:
            return
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            message = {**message, "headers": [*message.get("headers", ()), (b"x-request-id", self.request_id.encode())]}
        elif self._headless:
            message = {**message, "body": b""}
        await self._send(message)

    async def refuse(self, status: int, body: bytes) -> None:
        """Send an answer of its own, and end the connection where the body was not read."""
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *self.extra]
        if status == 503:
            headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
        if status in (413, 503):
            headers.append((b"connection", b"close"))
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})
