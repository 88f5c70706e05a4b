"""A client of the API that needs httpx alone: verdicts as plain values, in order, with patience."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from rebracket_core.errors import InputError, MissingExtraError, RebracketError

try:
    import httpx
except ImportError as cause:
    raise MissingExtraError("client", what="The client of the API") from cause

Verdict = dict[str, Any]
_AGAIN = frozenset({429, 503})
_PART = 200


class ApiError(RebracketError):
    """The server did not give a verdict; `status` is its HTTP status, 0 where it could not be reached."""

    def __init__(self, message: str, *, status: int, **details: str) -> None:
        super().__init__(message, **details)
        self.status = status


class Client:
    """Asks one server. What is refused for a moment (429, 503) or does not come through is asked again, `tries` times.

    Sending again is safe: a verdict changes nothing. Use it as a context manager, or call `close`.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8600",
        *,
        key: str = "",
        timeout_s: float = 60.0,
        tries: int = 5,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s, transport=transport)
        self._tries = max(1, tries)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def validate(
        self, text: str, *, run: str | None = None, thresholds: Mapping[str, float | bool | str] | None = None, **concept: Any
    ) -> Verdict:
        """The verdict on one text. `concept` may hold id, source, expected_album, fields and vectors.

        Raises InputError for a text that cannot be scored, ApiError where the server gives no verdict.
        """
        body = {"text": text, **concept, **_options(run, thresholds)}
        verdict: Verdict = self._call("POST", "/v1/validate", body)
        return verdict

    def validate_many(
        self,
        items: Iterable[str | Mapping[str, Any]],
        *,
        run: str | None = None,
        thresholds: Mapping[str, float | bool | str] | None = None,
    ) -> Iterator[Verdict]:
        """A verdict an item, in order, as they come; an item that cannot be scored carries `error`."""
        for number, part in enumerate(_parts(items, _PART)):
            reply = self._call("POST", "/v1/validate/batch", {"items": part, **_options(run, thresholds)})
            for at, verdict in enumerate(reply["verdicts"]):
                if verdict["id"] == str(at):  # a text without an id is named by its place in the whole
                    verdict["id"] = str(number * _PART + at)
                yield verdict

    def health(self) -> dict[str, Any]:
        """Whether the server lives and is ready; asked once, whatever it says."""
        try:
            found: dict[str, Any] = self._http.get("/health").json()
        except (httpx.HTTPError, ValueError) as cause:
            raise _unreachable(cause) from cause
        return found

    def runs(self) -> list[dict[str, Any]]:
        """The server's runs, newest first."""
        found: list[dict[str, Any]] = self._call("GET", "/v1/runs")
        return found

    def thresholds(self) -> dict[str, Any]:
        """The production run and its thresholds."""
        found: dict[str, Any] = self._call("GET", "/v1/thresholds")
        return found

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        content = None if body is None else _encoded(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        for left in reversed(range(self._tries)):
            try:
                answer = self._http.request(method, path, content=content, headers=headers)
            except httpx.TransportError as cause:
                if not left:
                    raise _unreachable(cause) from cause
                time.sleep(_pause(self._tries - left))
                continue
            if answer.status_code in _AGAIN and left:
                wait = answer.headers.get("retry-after", "")
                time.sleep(min(30.0, float(wait)) if wait.isdigit() else _pause(self._tries - left))
                continue
            return _checked(answer)
        raise AssertionError("unreachable")


def _options(run: str | None, thresholds: Mapping[str, float | bool | str] | None) -> dict[str, Any]:
    options: dict[str, Any] = {"run": run} if run else {}
    return {**options, "thresholds": dict(thresholds)} if thresholds else options


def _encoded(body: Mapping[str, Any]) -> bytes:
    """The body as JSON in ASCII: half a surrogate pair, where a generator was cut off, goes as JSON's own escape.

    Raises InputError for a number that JSON cannot carry.
    """
    try:
        return json.dumps(body, allow_nan=False).encode("ascii")
    except (ValueError, RecursionError) as cause:
        raise InputError(
            "The request cannot be sent.",
            expected="texts and finite numbers",
            found=str(cause),
            hint="leave out NaN, infinity and what holds itself",
        ) from cause


def _checked(answer: httpx.Response) -> Any:
    """The document of a good answer; else the server's own words as an error."""
    if answer.is_success:
        return answer.json()
    try:
        problem = answer.json()["error"]
        words = {name: str(problem.get(name, "")) for name in ("expected", "found", "hint")}
        message = str(problem["message"])
    except (ValueError, KeyError, TypeError):
        message, words = f"The server answered {answer.status_code}.", {"found": answer.text[:200]}
    if answer.status_code == 422:
        raise InputError(message, **words)
    raise ApiError(message, status=answer.status_code, **words)


def _unreachable(cause: Exception) -> ApiError:
    return ApiError(
        "The server cannot be reached.",
        status=0,
        expected="a server started with `rebracket serve`",
        found=f"{type(cause).__name__}: {cause}",
        hint="check the address and that it runs",
    )


def _parts(items: Iterable[str | Mapping[str, Any]], size: int) -> Iterator[Sequence[Any]]:
    part: list[Any] = []
    for item in items:
        part.append(item if isinstance(item, str) else dict(item))
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def _pause(attempt: int) -> float:
    return min(5.0, 0.2 * 2.0**attempt)
