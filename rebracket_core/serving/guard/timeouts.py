"""Connections that are not left open: a request that does not arrive, or an answer that is not taken, ends with a deadline."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from pydantic_core import to_json
from uvicorn.protocols.http.h11_impl import H11Protocol


class TimedProtocol(H11Protocol):
    """HTTP/1.1 with deadlines, in seconds.

    The head of a request must be there `head_timeout_s` after the connection, or after the answer before it; an answer must
    go on being taken within `answer_timeout_s`.
    The deadline of a head is absolute: what trickles in does not move it. That of a body is the request's own.
    """

    head_timeout_s = 10.0
    answer_timeout_s = 120.0

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head_timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None
        self._bytes_seen = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes; with a whole head the wait is over."""
        self._bytes_seen = True
        super().data_received(data)
        self._head_came()

    def on_response_complete(self) -> None:
        """Wait for the next head, unless it has come already."""
        super().on_response_complete()
        self._bytes_seen = False
        self._await_head()
        self._head_came()

    def connection_lost(self, exc: Exception | None) -> None:
        """End every wait."""
        self._stop_timers()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait until the other side takes what was written."""
        super().pause_writing()
        self._answer_timer = self.loop.call_later(self.answer_timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        """End that wait."""
        super().resume_writing()
        if self._answer_timer is not None:
            self._answer_timer.cancel()

    def _await_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        self._head_timer = self.loop.call_later(self.head_timeout_s, self._head_is_late)

    def _head_came(self) -> None:
        if self._head_timer is not None and self.cycle is not None and not self.cycle.response_complete:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_timers(self) -> None:
        for timer in (self._head_timer, self._answer_timer):
            if timer is not None:
                timer.cancel()

    def _head_is_late(self) -> None:
        """Close the connection; one that began a request is told why."""
        if self.transport.is_closing():
            return
        if self._bytes_seen and self.conn.our_state is h11.IDLE:
            error = {
                "message": "The request did not arrive in time.",
                "expected": f"its head within {self.head_timeout_s:g} s",
                "found": "a part of it",
                "hint": "send it whole",
            }
            body = to_json({"error": error, "request_id": ""})
            head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            head.append((b"connection", b"close"))
            response = h11.Response(status_code=408, headers=head, reason=b"Request Timeout")
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def timed_protocol(*, head_timeout_s: float, answer_timeout_s: float) -> type[TimedProtocol]:
    """The protocol with these deadlines, in seconds."""
    return type("Protocol", (TimedProtocol,), {"head_timeout_s": head_timeout_s, "answer_timeout_s": answer_timeout_s})
