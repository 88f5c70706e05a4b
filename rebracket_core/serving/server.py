"""The server around the API: it listens, and when it is told to stop it finishes what it has."""

from __future__ import annotations

import asyncio
import logging
import sys
from types import FrameType

import uvicorn

from rebracket_core.blas import one_blas_thread
from rebracket_core.errors import ConfigError
from rebracket_core.serving.api import Service, create_app
from rebracket_core.serving.api_keys import KeyRing
from rebracket_core.serving.options import ServeOptions
from rebracket_core.workbench import Workbench

# How long a server that is told to stop still answers "not ready", so that whoever sends requests goes elsewhere.
NOTICE_S = 0.3


class Server(uvicorn.Server):
    """uvicorn, which at SIGTERM first says that it is not ready, answers what it has taken, and then stops."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._leaving: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Nothing; a second signal stops at once."""
        if self._service.draining:
            super().handle_exit(sig, frame)
            return
        self._service.draining = True
        asyncio.get_running_loop().call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        async def leave() -> None:
            await asyncio.gather(self._service.drain(), asyncio.sleep(NOTICE_S))
            self.should_exit = True

        self._leaving = asyncio.ensure_future(leave())


def serve(bench: Workbench, options: ServeOptions, *, quiet: bool = False) -> None:
    """Nothing; serves until SIGTERM or Ctrl-C. Raises ConfigError for an open server that other machines could reach."""
    ring = KeyRing(bench.settings.home / "api_keys.json")
    if not options.local and not ring.all():
        raise ConfigError(
            "A server without keys is for this machine alone.",
            expected="a key, or a host such as 127.0.0.1",
            found=f"the host {options.host} and no key",
            hint="make one first: rebracket keys add NAME",
        )
    _log_to_stderr(quiet)
    app = create_app(bench, options)
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",  # uvicorn would believe every program on this machine; the middleware decides
        timeout_graceful_shutdown=max(1, int(options.drain_s)),
        backlog=2048,
    )
    # Held throughout: with a thread a core, a batch of 16 waited 63 ms for the heads' products on a busy machine, with one 4.
    with one_blas_thread():
        Server(config, app.state.service).run()


def _log_to_stderr(quiet: bool) -> None:
    """Access lines as JSON, one a line; everything else as it is."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    for name, level in (("rebracket.access", logging.WARNING if quiet else logging.INFO), ("uvicorn.error", logging.INFO)):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
        log.setLevel(level)
