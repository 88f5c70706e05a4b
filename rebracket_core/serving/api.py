"""The REST API over a workbench: verdicts on one concept or many, runs, thresholds, health and metrics."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic_core import to_json

from rebracket_core import __version__
from rebracket_core.errors import DataError, InputError, RebracketError, StoreError
from rebracket_core.services import plan_from_verdict
from rebracket_core.serving.docs_page import add_docs
from rebracket_core.serving.error_handlers import ERRORS, add_error_handlers
from rebracket_core.serving.guard.api_keys import ApiKeyStore
from rebracket_core.serving.guard.middleware import AccessMiddleware, RequestRecord
from rebracket_core.serving.metrics import CONTENT_TYPE, Counts
from rebracket_core.serving.model_router import Change, ModelRouter, share_of
from rebracket_core.serving.options import ServeOptions
from rebracket_core.serving.predictions import add_predictions
from rebracket_core.serving.requests.batching import SLICE_CHARS, Batcher, ServerStopped
from rebracket_core.serving.requests.bodies import BodyRoute
from rebracket_core.serving.requests.disconnects import while_connected
from rebracket_core.serving.requests.reading import caller_of, chars_of, checked_chars, read_concept, read_item
from rebracket_core.serving.schemas import (
    BatchIn,
    BatchOut,
    ConceptIn,
    HealthOut,
    RulesOut,
    RunOut,
    ThresholdsOut,
    TransmigrationIn,
    TransmigrationOut,
    ValidateIn,
    VerdictOut,
)
from rebracket_core.validation import Concept, place_of, rules_document, thresholds_document
from rebracket_core.workbench import Workbench

logger = logging.getLogger(__name__)

REFRESH_S = 0.5
DRIFT_S = 300.0
WORKERS = 2
# How long after the drain time verdicts that were given are still written to the history.
FLUSH_S = 1.0
# Answers whose verdicts wait for the history: a database that is locked for long is not to fill the memory.
MAX_UNWRITTEN = 2000
_SAMPLE = b"sample"


class Service:
    """What the handlers share: the run that answers, the queue, the counts, and whether the server is being stopped."""

    def __init__(self, bench: Workbench, options: ServeOptions) -> None:
        self.options = options
        self.router = ModelRouter(bench, second_run=options.second_run, second_share=options.second_share)
        self.draining = False
        self._batcher: Batcher[Concept, dict[str, Any]] | None = None
        self._history = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._room = threading.BoundedSemaphore(MAX_UNWRITTEN)
        self._writing: dict[Future[None], int] = {}
        self._hurried = asyncio.Event()
        self._drain_until = 0.0
        self._unanswered = self._cut_off = 0
        self.counts = Counts(queued=lambda: float(self.queued))

    @property
    def queued(self) -> int:
        """How many texts wait or are being scored."""
        return self._batcher.queued if self._batcher else 0

    @property
    def unanswered(self) -> int:
        """How many requests were taken and have no verdict: those that wait, and those that the end of the server cut off."""
        return self._unanswered + self._cut_off

    @property
    def unwritten(self) -> int:
        """How many verdicts that were given still wait to be written to the history."""
        return sum(list(self._writing.values()))

    async def start(self) -> None:
        """Open the production run and the queue."""
        options = self.options
        self._batcher = Batcher(
            self._work,
            batch_items=options.batch_items,
            max_queued=options.max_queued,
            workers=WORKERS,
            size=chars_of,
            max_queued_chars=options.max_queued_chars,
        )
        await asyncio.get_running_loop().run_in_executor(None, self.router.refresh)

    async def drain(self) -> None:
        """Wait until everything that was taken has its answer, at most `drain_s` from the first call on."""
        self.draining = True
        loop = asyncio.get_running_loop()
        self._drain_until = self._drain_until or loop.time() + self.options.drain_s
        if self._batcher is None:
            return
        drained, hurried = asyncio.ensure_future(self._batcher.drain()), asyncio.ensure_future(self._hurried.wait())
        await asyncio.wait(
            {drained, hurried}, timeout=max(0.0, self._drain_until - loop.time()), return_when=asyncio.FIRST_COMPLETED
        )
        if not drained.done():
            self._batcher.abandon()
        drained.cancel()
        hurried.cancel()

    @property
    def drain_left_s(self) -> float:
        """How many seconds of the drain time are left; 0 before it begins."""
        return max(0.0, self._drain_until - asyncio.get_running_loop().time()) if self._drain_until else 0.0

    def hurry(self) -> None:
        """End the drain time now."""
        self._drain_until = asyncio.get_running_loop().time()
        self._hurried.set()

    async def flush(self) -> None:
        """Wait until the verdicts that were given are written, at most until `FLUSH_S` after the drain time."""
        if writing := list(self._writing):
            await asyncio.wait([asyncio.wrap_future(future) for future in writing], timeout=self.drain_left_s + FLUSH_S)

    def stop(self) -> None:
        """Let the threads end with what they are doing; nothing more is begun."""
        if self._batcher:
            self._batcher.close()
        self._history.shutdown(wait=False)

    async def follow(self) -> None:
        """Take a newly promoted run over and look for drift from time to time, without end."""
        loop, tested_s = asyncio.get_running_loop(), 0.0
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await loop.run_in_executor(None, self.router.refresh)
                if (self.options.keep or self.options.keep_first or self.options.sample) and loop.time() - tested_s >= DRIFT_S:
                    await loop.run_in_executor(None, self.test_drift)
                    tested_s = loop.time()
            except Exception:  # the production run goes on answering, and the next look may be a better one
                logger.exception("The promoted run could not be looked at.")

    def test_drift(self) -> None:
        """Put into the counts what the test of drift says of the texts that the run in use was asked."""
        run_id = self.router.run_id
        if run_id is None:
            return
        try:
            found = self.router.bench.monitoring.drift(run_id)
        except DataError:
            return  # too few texts came in yet
        except RebracketError as error:
            logger.warning("Drift cannot be tested: %s", error)
            return
        self.counts.drift(run_id, mmd2=found.mmd2, p_value=found.p_value, alarm=found.alarm)

    async def score(
        self,
        concepts: Sequence[Concept],
        *,
        run: str | None,
        thresholds: Change,
        caller: str = "",
        deadline: float | None = None,
    ) -> list[dict[str, Any]]:
        """The verdicts in order; concepts of one request may be answered by two runs where the server compares them.

        `caller` takes turns with other callers; `deadline` is a time of the event loop's clock.
        """
        self._unanswered += 1
        try:
            verdicts = await self._scored_items(concepts, run=run, thresholds=thresholds, caller=caller, deadline=deadline)
            kept = self._to_keep(verdicts)
            if kept and self.options.keep_first:
                await self._kept_first(kept, deadline=deadline)
                return verdicts
        except ServerStopped:
            self._cut_off += 1
            raise
        finally:
            self._unanswered -= 1
        if kept and self._room.acquire(blocking=False):
            writing = self._history.submit(self._keep, kept)
            self._writing[writing] = len(kept)
            writing.add_done_callback(lambda done: self._writing.pop(done, None))
        elif kept:
            self._not_kept(kept, "the database is too slow")
        return verdicts

    def _to_keep(self, verdicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        share = self.options.sample
        if self.options.keep or self.options.keep_first:
            return verdicts
        return [v for v in verdicts if share and share_of(v["text"], salt=_SAMPLE) < share]

    async def _kept_first(self, verdicts: list[dict[str, Any]], *, deadline: float | None) -> None:
        """Write verdicts before they are answered. Raises StoreError where the history refuses, or takes too long."""
        loop = asyncio.get_running_loop()
        add = self.router.bench.history.add
        writing = loop.run_in_executor(self._history, lambda: add(iter(verdicts), source="api", durable=True))
        try:
            async with asyncio.timeout_at(deadline):
                await writing
        except TimeoutError:
            error = StoreError(
                "The verdict could not be kept in time.",
                expected="a history that answers",
                found="none within the deadline of the request",
                hint="ask again later",
            )
            self._not_kept(verdicts, str(error))
            raise error from None
        except StoreError as error:
            self._not_kept(verdicts, str(error))
            raise

    async def _scored_items(
        self, concepts: Sequence[Concept], *, run: str | None, thresholds: Change, caller: str, deadline: float | None
    ) -> list[dict[str, Any]]:
        if self._batcher is None:
            raise RuntimeError("the service was not started")
        arrived_s = time.perf_counter()
        by_run: dict[str, list[int]] = {}
        if run is None:
            for i, concept in enumerate(concepts):
                by_run.setdefault(self.router.choose(concept.text), []).append(i)
        else:  # whether there is such a run, the disk says: once a request, and not on the event loop
            chosen = await asyncio.get_running_loop().run_in_executor(None, self.router.choose, "", run)
            by_run[chosen] = list(range(len(concepts)))
        answers = await asyncio.gather(
            *(
                self._batcher.submit([concepts[i] for i in at], kind=(name, thresholds), caller=caller, deadline=deadline)
                for name, at in by_run.items()
            )
        )
        verdicts: list[dict[str, Any]] = [{}] * len(concepts)
        for (name, at), found in zip(by_run.items(), answers, strict=True):
            self.counts.verdicts(name, found, seconds=time.perf_counter() - arrived_s)
            for i, verdict in zip(at, found, strict=True):
                verdicts[i] = verdict
        return verdicts

    def _work(self, kind: Any, concepts: list[Concept]) -> list[dict[str, Any]]:
        run_id, thresholds = kind
        return self.router.answer(run_id, thresholds, concepts)

    def _keep(self, verdicts: list[dict[str, Any]]) -> None:
        try:
            self.router.bench.history.add(iter(verdicts), source="api")
        except StoreError as error:
            self._not_kept(verdicts, str(error))
        finally:
            self._room.release()

    def _not_kept(self, verdicts: list[dict[str, Any]], why: str) -> None:
        """Count and log verdicts that the caller has and that could not be saved."""
        self.counts.history_failed()
        logger.error("%d verdicts could not be kept: %s", len(verdicts), why)


def create_app(bench: Workbench, options: ServeOptions | None = None) -> FastAPI:
    """The API as an ASGI app, `state.service` being what it shares with the server around it."""
    service = Service(bench, options or ServeOptions())

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        following = asyncio.create_task(service.follow())
        yield
        following.cancel()
        await service.drain()
        await service.flush()
        service.stop()

    app = FastAPI(
        title="Rebracket",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        servers=[{"url": service.options.root_path}] if service.options.root_path else None,
        redirect_slashes=False,
        description="Concepts in, verdicts out. Keys go into `Authorization: Bearer <key>`; every answer has an X-Request-ID.",
    )
    app.state.service = service
    app.router.route_class = BodyRoute
    _add_health(app, service)
    _add_verdicts(app, service)
    _add_runs(app, service)
    _add_metrics(app, service)
    add_error_handlers(app, counts=service.counts, deadline_s=service.options.deadline_s)
    add_docs(app)
    app.add_middleware(
        AccessMiddleware,
        options=service.options,
        key_store=ApiKeyStore(bench.settings.home / "api_keys.json"),
        draining=lambda: service.draining,
        count=service.counts.request,
    )
    return app


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/health", response_model=HealthOut, responses={503: {"model": HealthOut, "description": "Not ready."}})
    async def health(request: Request) -> Response:
        """Whether the server lives and can give verdicts now; 503 while it cannot."""
        closed = getattr(request.state, "closed", "")
        ready = service.router.run_id is not None and not service.draining and not closed
        details = {
            "live": True,
            "ready": ready,
            "draining": service.draining,
            "run_id": service.router.run_id,
            "queued": service.queued,
            "trouble": closed or service.router.trouble,
        }
        return _json(details, status=200 if ready else 503)


def _add_verdicts(app: FastAPI, service: Service) -> None:
    longest = service.router.bench.settings.max_text_chars
    add_predictions(app, service.router, service.options)

    @app.post("/v1/validate", response_model=VerdictOut, responses=ERRORS)
    async def validate(request: Request, body: ValidateIn) -> Response:
        """The verdict on one concept."""
        chars = checked_chars(body.model_dump(), most=service.options.max_chars)
        verdict = (await _scored(service, request, body, chars=chars, read=lambda: [read_concept(body, longest=longest)]))[0]
        if verdict["error"]:
            raise InputError("The text cannot be scored.", expected="a concept in words", found=str(verdict["error"]))
        return _json(verdict)

    @app.post("/v1/validate/batch", response_model=BatchOut, responses=ERRORS)
    async def validate_batch(request: Request, body: BatchIn) -> Response:
        """The verdicts on many concepts, in their order; an item that cannot be scored carries `error`."""
        if len(body.items) > service.options.max_items:
            raise InputError(
                "There are too many items.",
                expected=f"at most {service.options.max_items}",
                found=str(len(body.items)),
                hint="send them in parts",
            )
        chars = checked_chars(body.items, most=service.options.max_chars)
        verdicts = await _scored(
            service,
            request,
            body,
            chars=chars,
            read=lambda: [read_item(item, number, longest=longest) for number, item in enumerate(body.items)],
        )
        failed = sum(bool(verdict["error"]) for verdict in verdicts)
        return _json({"n": len(verdicts), "n_failed": failed, "verdicts": verdicts})

    _add_transmigration(app, service)


def _add_transmigration(app: FastAPI, service: Service) -> None:
    bench = service.router.bench

    @app.post("/v1/transmigration", response_model=TransmigrationOut, responses=ERRORS)
    async def transmigration(request: Request, body: TransmigrationIn) -> Response:
        """The plan from an album, a triple of modes or a text to an album or a triple."""
        if (body.text is None) == (body.start is None):
            raise InputError(
                "A move has one start.",
                expected="from or text",
                found="neither" if body.text is None else "both",
                hint="leave one out",
            )
        chars = checked_chars(body.model_dump(), most=service.options.max_chars)
        if body.text is None:
            plan = bench.transmigrations.between(
                body.start or "", body.to, thresholds=dict(body.thresholds), max_distance=body.max_distance
            )
            return _json(plan.to_dict())
        place_of(body.to)  # a word that is no place costs no scoring
        item = ConceptIn(text=body.text)
        longest = bench.settings.max_text_chars
        verdict = (await _scored(service, request, body, chars=chars, read=lambda: [read_concept(item, longest=longest)]))[0]
        return _json(plan_from_verdict(verdict, body.to, max_distance=body.max_distance).to_dict())


def _add_runs(app: FastAPI, service: Service) -> None:
    @app.get("/v1/runs", response_model=list[RunOut], responses=ERRORS)
    def runs() -> Response:
        """The finished runs, newest first."""
        return _json([_run(info) for info in service.router.bench.runs.all()])

    @app.get("/v1/thresholds", response_model=ThresholdsOut, responses=ERRORS)
    def thresholds() -> Response:
        """The thresholds of the production run."""
        run_id = service.router.run_id
        limits = service.router.bench.resources.model(run_id).thresholds if run_id else service.router.bench.settings.thresholds
        return _json({"run_id": run_id, "thresholds": limits.to_dict()})

    @app.get("/v1/rules", response_model=RulesOut, responses=ERRORS)
    def rules() -> Response:
        """The verdict rules in their order, and every threshold with its description."""
        run_id = service.router.run_id
        limits = service.router.bench.resources.model(run_id).thresholds if run_id else None
        return _json({"run_id": run_id, "rules": rules_document(limits), "thresholds": thresholds_document(limits)})


def _add_metrics(app: FastAPI, service: Service) -> None:
    @app.get("/metrics", responses={200: {"content": {"text/plain": {}}}, **ERRORS}, response_class=Response)
    def metrics() -> Response:
        """What the server counts, as Prometheus reads it."""
        return Response(service.counts.text(), media_type=CONTENT_TYPE)


async def _scored(
    service: Service,
    request: Request,
    body: ValidateIn | BatchIn | TransmigrationIn,
    *,
    chars: int,
    read: Callable[[], list[Concept]],
) -> list[dict[str, Any]]:
    """The verdicts on the concepts that `read` gives, unless the caller goes or the deadline passes before."""

    async def work() -> list[dict[str, Any]]:
        concepts = read() if chars <= SLICE_CHARS else await asyncio.get_running_loop().run_in_executor(None, read)
        request.state.record = RequestRecord(len(concepts), [concept.text for concept in concepts])
        thresholds = service.router.thresholds(body.run, body.thresholds)
        if not concepts:
            return []
        deadline = request.state.arrived_s + service.options.deadline_s
        return await service.score(concepts, run=body.run, thresholds=thresholds, caller=caller_of(request), deadline=deadline)

    return await while_connected(request, work())


def _run(info: Any) -> dict[str, Any]:
    album = info.metrics.get("album", {})
    return {
        "run_id": info.run_id,
        "dataset": info.dataset,
        "promoted": info.promoted,
        "leaked": info.leaked,
        "album_accuracy": album.get("accuracy"),
        "album_ci_low": album.get("ci_low"),
        "album_ci_high": album.get("ci_high"),
        "n": album.get("n"),
        "groups": info.metrics.get("n_groups"),
    }


def _json(value: Any, *, status: int = 200) -> Response:
    return Response(to_json(value, inf_nan_mode="null"), status_code=status, media_type="application/json")
