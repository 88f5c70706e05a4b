"""Answers that are no verdicts: each names the cause, what was expected, what was found and what to do."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from rebracket_core.errors import InputError, RebracketError
from rebracket_core.serving.guard.middleware import RETRY_AFTER_S, problem
from rebracket_core.serving.metrics import Counts
from rebracket_core.serving.requests.batching import DeadlinePassed, QueueFull, ServerStopped
from rebracket_core.serving.requests.bodies import TooManyChars, UnreadableBody
from rebracket_core.serving.requests.disconnects import CallerGone
from rebracket_core.serving.schemas import ErrorOut
from rebracket_core.texts import without_paths

# When a request that waited too long may come again, in seconds.
LATER_S = 10
# What nginx logs for a client that closed the connection; nobody receives it.
CLIENT_GONE = 499
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorOut, "description": meaning}
    for status, meaning in (
        (400, "The path or the Host is not one that is answered."),
        (408, "The body did not arrive in time."),
        (401, "No key, or one that is unknown or revoked."),
        (403, "The key lacks the scope."),
        (413, "The request is larger than the server takes."),
        (415, "The body is compressed, or is not marked as JSON."),
        (422, "The request cannot be used."),
        (429, "Too many requests, or too much waits; see Retry-After."),
        (503, "The server is being stopped, or has no run, or did not get to the request in time."),
        (504, "The request could not be finished in time; see Retry-After."),
    )
}


def add_error_handlers(app: FastAPI, *, counts: Counts, deadline_s: float) -> None:
    """Answer what the engine, the queue and the shape of a request raise; `deadline_s` is how long a request may wait."""
    _add_engine_errors(app, counts=counts, deadline_s=deadline_s)
    _add_request_errors(app)


def _add_engine_errors(app: FastAPI, *, counts: Counts, deadline_s: float) -> None:
    """Answer what the engine, the queue and the wait for a verdict raise."""

    @app.exception_handler(RebracketError)
    async def engine(request: Request, error: RebracketError) -> Response:
        status = 413 if isinstance(error, TooManyChars) else 422 if isinstance(error, InputError) else 503
        headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
        if isinstance(error, ServerStopped):
            counts.dropped("stopped")
        found = without_paths(error.found) if status == 503 else error.found  # of the server's own files
        body = problem(
            error.message, expected=error.expected, found=found, hint=error.hint, request_id=request.state.request_id
        )
        return Response(body, status_code=status, media_type="application/json", headers=headers)

    @app.exception_handler(QueueFull)
    async def full(request: Request, _: QueueFull) -> Response:
        body = problem("Too much waits already.", hint=f"ask again in {RETRY_AFTER_S} s", request_id=request.state.request_id)
        return Response(body, 429, {"Retry-After": str(RETRY_AFTER_S)}, "application/json")

    @app.exception_handler(DeadlinePassed)
    async def late(request: Request, error: DeadlinePassed) -> Response:
        counts.dropped("deadline")
        hint = f"send fewer texts at a time, or ask again in {LATER_S} s" if error.begun else f"ask again in {LATER_S} s"
        body = problem(
            "The request waited longer than it may.",
            expected=f"an answer within {deadline_s:g} s",
            found="a part was scored by then" if error.begun else "others were before it",
            hint=hint,
            request_id=request.state.request_id,
        )
        return Response(body, 504 if error.begun else 503, {"Retry-After": str(LATER_S)}, "application/json")

    @app.exception_handler(CallerGone)
    async def gone(_: Request, error: CallerGone) -> Response:
        counts.dropped("gone")
        return Response(status_code=CLIENT_GONE)


def _add_request_errors(app: FastAPI) -> None:
    """Answer requests that no route takes: another shape, another path, another method."""

    @app.exception_handler(RequestValidationError)
    async def unusable(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        body = problem(
            "The request cannot be used.",
            expected=str(first["msg"]),
            found=f"at {where}",
            hint="see /openapi.json for the shape",
            request_id=request.state.request_id,
        )
        return Response(body, 422, media_type="application/json")

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> Response:
        expected, found, hint = "", request.url.path, "see /docs"
        if isinstance(error, UnreadableBody):
            expected, found, hint = error.expected, error.found, error.hint
        elif error.status_code == 405:
            allowed = (error.headers or {}).get("allow") or (error.headers or {}).get("Allow", "")
            expected, found = f"{allowed} at {found}", request.method
        body = problem(str(error.detail), expected=expected, found=found, hint=hint, request_id=request.state.request_id)
        return Response(body, error.status_code, error.headers, "application/json")
