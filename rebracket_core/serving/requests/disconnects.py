"""Work that ends where its caller goes: a client that closes the connection, or gives up waiting, gets nothing scored."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

R = TypeVar("R")
# A request that is answered sooner is not watched: watching takes a task of its own, and most are answered sooner.
WATCH_AFTER_S = 0.05


class CallerGone(Exception):
    """The client closed the connection before its answer was there."""


async def while_connected(request: Request, work: Coroutine[Any, Any, R]) -> R:
    """The result of the work, which is cancelled where the client disconnects. The body must have been read before.

    Raises CallerGone then, or whatever the work raises.
    """
    task = asyncio.ensure_future(work)
    watch: asyncio.Future[None] | None = None
    try:
        await asyncio.wait({task}, timeout=WATCH_AFTER_S)
        if not task.done():
            watch = asyncio.ensure_future(_disconnected(request))
            await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise CallerGone
        return task.result()
    finally:
        for future in (task, watch):
            if future is not None:
                future.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
