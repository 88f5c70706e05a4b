"""What the app's server looks at before Streamlit does: who uploads, from which page a socket comes, headers of answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rebracket_core.ui.admissions import Admissions

_UPLOADS = "_stcore/upload_file"
_UPLOAD_SESSION = re.compile(rf"{_UPLOADS}/([^/]+)/[^/]+$")
_METRICS = "_stcore/metrics"
_DEVELOPERS = frozenset(
    {"clear_cache", "set_run_on_save", "debug_disconnect_websocket", "debug_shutdown_runtime", "load_git_info"}
)
_NOT_ADMITTED = (
    "Files are taken only from a page that let its visitor in. Open the app in a browser, and sign in where it asks."
)

# Everything comes from this server: no foreign script, frame, font or address. Streamlit's own pages and Plotly need
# inline styles, evaluated code and blobs.
_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "media-src": "'self' data: blob:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "frame-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
SECURITY_HEADERS = {
    "content-security-policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "x-frame-options": "SAMEORIGIN",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}


_FOREIGN = "this page belongs to another server"


class UploadGuard:
    """Refuses files from sessions that no page has let in, before a byte of them is read.

    Streamlit takes an upload from whoever opened a socket, also where the page that answers asks for a sign-in.
    """

    def __init__(self, app: ASGIApp, *, admissions: Admissions) -> None:
        self._app = app
        self._admissions = admissions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a change of uploads by a session that may not act, and pass on all else."""
        if scope["type"] == "http" and _UPLOADS in scope["path"] and scope["method"] != "OPTIONS":
            found = _UPLOAD_SESSION.search(scope["path"])
            if found is None or found[1] not in self._admissions:
                await PlainTextResponse(_NOT_ADMITTED, status_code=403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class OriginGuard:
    """Refuses sockets that a page of another server opens, and what such a page would change.

    Streamlit refuses these sockets too, but asks a server on the internet first which address this machine has there.
    `hosts` gives the names and addresses, without ports, from which a page may come beside the one that it asks.
    """

    def __init__(self, app: ASGIApp, *, hosts: Callable[[], Sequence[str]]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close a socket of a foreign page before it opens, answer 403 to its changes, and pass on all else."""
        if scope["type"] == "websocket" and self._foreign(Headers(scope=scope)):
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": _FOREIGN})
            return
        changes = scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if changes and self._foreign(Headers(scope=scope)):
            await PlainTextResponse(_FOREIGN, status_code=403)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _foreign(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None:  # no browser: it could claim any
            return False
        try:
            page = urlsplit(origin)
            name = page.hostname
        except ValueError:
            return True
        return page.netloc != headers.get("host") and name not in self._hosts()


class HomeByName:
    """Leads from the overview's own address to the app's, where it stands; Streamlit would say "Page not found"."""

    def __init__(self, app: ASGIApp, *, name: str) -> None:
        self._app = app
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 307 to a visit of `name`, keeping what stands after the question mark, and pass on all else."""
        path = scope["path"] if scope["type"] == "http" else ""
        if scope.get("method") in ("GET", "HEAD") and path.rstrip("/").rpartition("/")[2] == self._name:
            query = scope.get("query_string", b"").decode("latin-1")
            up = "../" if path.endswith("/") else "./"
            await RedirectResponse(up + (f"?{query}" if query else ""), status_code=307)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class DeveloperGuard:
    """Drops what only a developer's browser asks for: Streamlit obeys it before a page has looked at who asks.

    It empties the caches of everyone (`clear_cache`), lets sessions run on their own and tells of the server's sessions
    (`/_stcore/metrics`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 to the path of the metrics, and pass on all else but such messages."""
        if scope["type"] == "http" and scope["path"].rstrip("/").endswith(_METRICS):
            await PlainTextResponse("Not Found", status_code=404)(scope, receive, send)
            return
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return

        async def receive_from_readers() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or not _is_developers(message.get("bytes") or b""):
                    return message

        await self._app(scope, receive_from_readers, send)


def _is_developers(message: bytes) -> bool:
    from google.protobuf.message import DecodeError
    from streamlit.proto.BackMsg_pb2 import BackMsg

    try:
        return BackMsg.FromString(message).WhichOneof("type") in _DEVELOPERS
    except DecodeError:
        return False  # Streamlit refuses it


class SecurityHeaders:
    """Adds `SECURITY_HEADERS` to each answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, with the headers on the way back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
