"""The server around the API: it listens, and when it is told to stop it finishes what it has."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from types import FrameType

import uvicorn

from rebracket_core.errors import ConfigError
from rebracket_core.process import Watchdog, one_blas_thread
from rebracket_core.serving.api import Service, create_app
from rebracket_core.serving.guard.api_keys import ApiKeyStore
from rebracket_core.serving.guard.timeouts import timed_protocol
from rebracket_core.serving.options import ServeOptions
from rebracket_core.workbench import Workbench

logger = logging.getLogger(__name__)

# After the drain time: verdicts are written for one second (api.FLUSH_S), then the process ends whatever a thread does.
END_S = 2.0
# Where a library takes Python's lock then, the thread that ends the process cannot run; this much later a thread of C does it.
HELD_S = 0.5
# Where a library has kept the lock since before the signal no handler runs at all: this much later another process does it.
KILL_S = 0.7
# How long the last bytes of answers may take to be sent once the drain time is over.
SEND_S = 0.5
DONE, FAILED = 0, 1
# How long a server that is told to stop still answers "not ready", so that whoever sends requests goes elsewhere.
NOTICE_S = 0.3


class Server(uvicorn.Server):
    """uvicorn, which at SIGTERM first says that it is not ready, answers what it has taken, and then stops."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._leaving: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the drain time; a second signal ends it."""
        loop = asyncio.get_running_loop()
        if self._service.draining:
            end_within(END_S, self._service)
            loop.call_soon_threadsafe(self._service.hurry)
            return
        self._service.draining = True
        end_within(self._service.options.drain_s + END_S, self._service)
        loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        async def leave() -> None:
            await asyncio.gather(self._service.drain(), asyncio.sleep(NOTICE_S))
            self.config.timeout_graceful_shutdown = max(SEND_S, self._service.drain_left_s)  # type: ignore[assignment]
            self.should_exit = True

        self._leaving = asyncio.ensure_future(leave())


def end_within(seconds: float, service: Service) -> None:
    """Make sure that the process is gone then, whatever its threads do: two daemon threads wait, one of them in C."""
    timer = threading.Timer(seconds, end, args=(service,))
    timer.daemon = True
    timer.start()
    faulthandler.dump_traceback_later(seconds + HELD_S, exit=True)


def end(service: Service) -> None:
    """End the process now: threads that hang would be waited for without end. The log says what got no answer."""
    requests, verdicts = service.unanswered, service.unwritten
    logger.error(
        "The server ends with its drain time: %d request%s got no verdict, %d verdict%s could not be written to the history.",
        requests,
        "" if requests == 1 else "s",
        verdicts,
        "" if verdicts == 1 else "s",
    )
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(FAILED if requests or verdicts else DONE)


def serve(bench: Workbench, options: ServeOptions, *, quiet: bool = False) -> int:
    """Serve until SIGTERM or Ctrl-C; returns the exit code 0.

    Where a thread hangs, a request got no verdict or a verdict could not be written when the drain time is over, the
    process ends here, with 1 if anything was lost; where not even that can run it is killed. Raises ConfigError for an
    open server that other machines could reach.
    """
    key_store = ApiKeyStore(bench.settings.home / "api_keys.json")
    if not options.local and not key_store.all():
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
        http=timed_protocol(head_timeout_s=options.head_timeout_s, answer_timeout_s=options.deadline_s),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",  # uvicorn would believe every program on this machine; the middleware decides
        timeout_graceful_shutdown=max(1, int(options.drain_s)),
        backlog=2048,
    )
    # Held throughout: with a thread a core, a batch of 16 waited 63 ms for the heads' products on a busy machine, with one 4.
    with one_blas_thread(), _watchdog(options):
        service: Service = app.state.service
        Server(config, service).run()
    if service.unanswered or service.unwritten or service.queued:
        end(service)
    faulthandler.cancel_dump_traceback_later()
    return DONE


def _watchdog(options: ServeOptions) -> AbstractContextManager[object]:
    """What ends this process when nothing in it can; a server in a thread has its process's owner for that."""
    if threading.current_thread() is not threading.main_thread():
        return nullcontext()
    return Watchdog(options.drain_s + END_S + KILL_S, second_s=END_S + KILL_S)


def _log_to_stderr(quiet: bool) -> None:
    """Access lines as JSON, one a line; everything else as it is."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    for name, level in (("rebracket.access", logging.WARNING if quiet else logging.INFO), ("uvicorn.error", logging.INFO)):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
        log.setLevel(level)
