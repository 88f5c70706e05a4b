"""The REST API over a workbench: verdicts on one concept or many, runs, thresholds, health and metrics."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from rebracket_core import __version__
from rebracket_core.corpus.readers.labels import read_album
from rebracket_core.errors import DataError, InputError, RebracketError, StoreError
from rebracket_core.serving.api_keys import KeyRing
from rebracket_core.serving.batching import Batcher, QueueFull
from rebracket_core.serving.metrics import CONTENT_TYPE, Counts
from rebracket_core.serving.middleware import RETRY_AFTER_S, Gate, Told, problem, problem_of
from rebracket_core.serving.model_router import Change, Desk, share_of
from rebracket_core.serving.options import ServeOptions
from rebracket_core.serving.schemas import (
    BatchIn,
    BatchOut,
    ConceptIn,
    ErrorOut,
    HealthOut,
    RunOut,
    ThresholdsOut,
    ValidateIn,
    VerdictOut,
)
from rebracket_core.texts import clean_text
from rebracket_core.validation import Concept
from rebracket_core.workbench import Workbench

logger = logging.getLogger(__name__)

REFRESH_S = 0.5
DRIFT_S = 300.0
MAX_CLEANED = 1_000_000
WORKERS = 2
# Answers whose verdicts wait for the history: a database that is locked for long is not to fill the memory.
MAX_UNWRITTEN = 2000
_SAMPLE = b"sample"
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorOut, "description": said}
    for status, said in (
        (400, "The path or the Host is not one that is answered."),
        (401, "No key, or one that is unknown or revoked."),
        (403, "The key lacks the scope."),
        (413, "The request is larger than the server takes."),
        (422, "The request cannot be used."),
        (429, "Too many requests, or too much waits; see Retry-After."),
        (503, "The server is being stopped, or has no run."),
    )
}


class Service:
    """What the handlers share: the run that answers, the queue, the counts, and whether the server is being stopped."""

    def __init__(self, bench: Workbench, options: ServeOptions) -> None:
        self.options = options
        self.desk = Desk(bench, second_run=options.second_run, second_share=options.second_share)
        self.draining = False
        self._batcher: Batcher[Concept, dict[str, Any]] | None = None
        self._history = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._room = threading.BoundedSemaphore(MAX_UNWRITTEN)
        self.counts = Counts(queued=lambda: float(self.queued))

    @property
    def queued(self) -> int:
        """How many texts wait or are being judged."""
        return self._batcher.queued if self._batcher else 0

    async def start(self) -> None:
        """Nothing; opens the run in use and the queue."""
        self._batcher = Batcher(
            self._work, batch_items=self.options.batch_items, max_queued=self.options.max_queued, workers=WORKERS
        )
        await asyncio.get_running_loop().run_in_executor(None, self.desk.refresh)

    async def drain(self) -> None:
        """Nothing, once everything that was taken has its answer or the time for it is over."""
        self.draining = True
        if self._batcher:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._batcher.drain(), self.options.drain_s)

    def stop(self) -> None:
        """Nothing; ends the threads, after the last verdicts are kept."""
        if self._batcher:
            self._batcher.close()
        self._history.shutdown(wait=True)

    async def follow(self) -> None:
        """Nothing, ever; takes a newly promoted run over, and looks for drift from time to time."""
        loop, tested_s = asyncio.get_running_loop(), 0.0
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await loop.run_in_executor(None, self.desk.refresh)
                if (self.options.keep or self.options.sample) and loop.time() - tested_s >= DRIFT_S:
                    await loop.run_in_executor(None, self.test_drift)
                    tested_s = loop.time()
            except Exception:  # the run in use goes on answering, and the next look may be a better one
                logger.exception("The promoted run could not be looked at.")

    def test_drift(self) -> None:
        """Nothing; the counts hold what the test of drift says of the texts that the run in use was asked."""
        run_id = self.desk.run_id
        if run_id is None:
            return
        try:
            found = self.desk.bench.monitoring.drift(run_id)
        except DataError:
            return  # too few texts came in yet
        except RebracketError as error:
            logger.warning("Drift cannot be tested: %s", error)
            return
        self.counts.drift(run_id, mmd2=found.mmd2, p_value=found.p_value, alarm=found.alarm)

    async def judge(self, concepts: Sequence[Concept], *, run: str | None, thresholds: Change) -> list[dict[str, Any]]:
        """The verdicts in order; concepts of one request may be answered by two runs where the server compares them."""
        if self._batcher is None:
            raise RuntimeError("the service was not started")
        arrived_s = time.perf_counter()
        by_run: dict[str, list[int]] = {}
        for i, concept in enumerate(concepts):
            by_run.setdefault(self.desk.choose(concept.text, run), []).append(i)
        answers = await asyncio.gather(
            *(self._batcher.submit([concepts[i] for i in at], kind=(name, thresholds)) for name, at in by_run.items())
        )
        verdicts: list[dict[str, Any]] = [{}] * len(concepts)
        for (name, at), told in zip(by_run.items(), answers, strict=True):
            self.counts.verdicts(name, told, seconds=time.perf_counter() - arrived_s)
            for i, verdict in zip(at, told, strict=True):
                verdicts[i] = verdict
        share = self.options.sample
        kept = verdicts if self.options.keep else [v for v in verdicts if share and share_of(v["text"], salt=_SAMPLE) < share]
        if kept and self._room.acquire(blocking=False):
            self._history.submit(self._keep, kept)
        elif kept:
            self._not_kept(kept, "the database is too slow")
        return verdicts

    def _work(self, kind: Any, concepts: list[Concept]) -> list[dict[str, Any]]:
        run_id, thresholds = kind
        return self.desk.answer(run_id, thresholds, concepts)

    def _keep(self, verdicts: list[dict[str, Any]]) -> None:
        try:
            self.desk.bench.history.keep(iter(verdicts), source="api")
        except StoreError as error:
            self._not_kept(verdicts, str(error))
        finally:
            self._room.release()

    def _not_kept(self, verdicts: list[dict[str, Any]], why: str) -> None:
        """Nothing; the caller has the verdicts, and that they are not kept is counted and said."""
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
        service.stop()

    app = FastAPI(
        title="Rebracket",
        version=__version__,
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
        description="Concepts in, verdicts out. Keys go into `Authorization: Bearer <key>`; every answer has an X-Request-ID.",
    )
    app.state.service = service
    _add_routes(app, service)
    _add_errors(app)
    app.add_middleware(
        Gate,
        options=service.options,
        ring=KeyRing(bench.settings.home / "api_keys.json"),
        draining=lambda: service.draining,
        count=service.counts.request,
    )
    return app


def _add_routes(app: FastAPI, service: Service) -> None:
    @app.get("/health", response_model=HealthOut, responses={503: {"model": HealthOut, "description": "Not ready."}})
    async def health(request: Request) -> Response:
        """Whether the server lives and can give verdicts now; 503 while it cannot."""
        closed = getattr(request.state, "closed", "")
        ready = service.desk.run_id is not None and not service.draining and not closed
        told = {
            "live": True,
            "ready": ready,
            "draining": service.draining,
            "run_id": service.desk.run_id,
            "queued": service.queued,
            "trouble": closed or service.desk.trouble,
        }
        return _json(told, status=200 if ready else 503)

    @app.post("/v1/validate", response_model=VerdictOut, responses=_ERRORS)
    async def validate(request: Request, asked: ValidateIn) -> Response:
        """The verdict on one concept."""
        request.state.told = Told(1, [asked.text])
        thresholds = service.desk.thresholds(asked.run, asked.thresholds)
        verdict = (await service.judge([_concept(asked)], run=asked.run, thresholds=thresholds))[0]
        if verdict["error"]:
            raise InputError("The text cannot be judged.", expected="a concept in words", found=str(verdict["error"]))
        return _json(verdict)

    @app.post("/v1/validate/batch", response_model=BatchOut, responses=_ERRORS)
    async def validate_batch(request: Request, asked: BatchIn) -> Response:
        """The verdicts on many concepts, in their order; an item that cannot be judged carries `error`."""
        if len(asked.items) > service.options.max_items:
            raise InputError(
                "There are too many items.",
                expected=f"at most {service.options.max_items}",
                found=str(len(asked.items)),
                hint="send them in parts",
            )
        concepts = [_item(item, number) for number, item in enumerate(asked.items)]
        request.state.told = Told(len(concepts), [concept.text for concept in concepts])
        thresholds = service.desk.thresholds(asked.run, asked.thresholds)
        verdicts = await service.judge(concepts, run=asked.run, thresholds=thresholds) if concepts else []
        failed = sum(bool(verdict["error"]) for verdict in verdicts)
        return _json({"n": len(verdicts), "n_failed": failed, "verdicts": verdicts})

    @app.get("/v1/runs", response_model=list[RunOut], responses=_ERRORS)
    def runs() -> Response:
        """The finished runs, newest first."""
        return _json([_run(info) for info in service.desk.bench.runs.all()])

    @app.get("/v1/thresholds", response_model=ThresholdsOut, responses=_ERRORS)
    def thresholds() -> Response:
        """The thresholds of the run in use."""
        run_id = service.desk.run_id
        limits = service.desk.bench.resources.model(run_id).thresholds if run_id else service.desk.bench.settings.thresholds
        return _json({"run_id": run_id, "thresholds": limits.to_dict()})

    @app.get("/metrics", responses={200: {"content": {"text/plain": {}}}, **_ERRORS}, response_class=Response)
    def metrics() -> Response:
        """What the server counts, as Prometheus reads it."""
        return Response(service.counts.text(), media_type=CONTENT_TYPE)


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RebracketError)
    async def engine(request: Request, error: RebracketError) -> Response:
        status = 422 if isinstance(error, InputError) else 503
        headers = {} if status == 422 else {"Retry-After": str(RETRY_AFTER_S)}
        body = problem_of(error, request_id=request.state.request_id)
        return Response(body, status_code=status, media_type="application/json", headers=headers)

    @app.exception_handler(QueueFull)
    async def full(request: Request, _: QueueFull) -> Response:
        body = problem("Too much waits already.", hint=f"ask again in {RETRY_AFTER_S} s", request_id=request.state.request_id)
        return Response(body, 429, {"Retry-After": str(RETRY_AFTER_S)}, "application/json")

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
        body = problem(str(error.detail), found=request.url.path, hint="see /docs", request_id=request.state.request_id)
        return Response(body, error.status_code, error.headers, "application/json")


def _concept(asked: ConceptIn) -> Concept:
    album = read_album(asked.expected_album)
    text = asked.text if len(asked.text) > MAX_CLEANED else clean_text(asked.text)  # a longer one is refused as it is
    return Concept(id=asked.id, text=text, source=asked.source, expected_album=album, fields=dict(asked.fields))


def _item(item: object, number: int) -> Concept:
    """An item of a batch as a concept; one that is no concept carries the error."""
    name = str(number)
    try:
        asked = ConceptIn(text=item) if isinstance(item, str) else ConceptIn.model_validate(item)
        concept = _concept(asked)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the item"
        return Concept(id=name, text="", error=f"Item {number} is no concept: {where}: {first['msg']}")
    except InputError as error:
        return Concept(id=name, text="", error=str(error))
    return concept if concept.id else Concept(name, concept.text, concept.source, concept.expected_album, None, concept.fields)


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
