"""The path /v1/predict: what a run predicts of texts, verdict or not."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic_core import to_json

from rebracket_core.errors import InputError
from rebracket_core.serving.error_handlers import ERRORS
from rebracket_core.serving.guard.middleware import RequestRecord
from rebracket_core.serving.model_router import ModelRouter
from rebracket_core.serving.options import ServeOptions
from rebracket_core.serving.requests.disconnects import while_connected
from rebracket_core.serving.requests.reading import checked_chars, read_item
from rebracket_core.serving.schemas import PredictIn, PredictOut


def add_predictions(app: FastAPI, router: ModelRouter, options: ServeOptions) -> None:
    """Add POST /v1/predict to the API."""
    longest = router.bench.settings.max_text_chars
    turns = asyncio.Semaphore(1)  # predictions wait for each other, so that verdicts keep their workers

    @app.post("/v1/predict", response_model=PredictOut, responses=ERRORS)
    async def predict(request: Request, body: PredictIn) -> Response:
        """Types, any type and whatever else a run learnt, of many texts; one that cannot be read carries `error`."""
        if len(body.items) > options.max_items:
            raise InputError(
                "There are too many items.",
                expected=f"at most {options.max_items}",
                found=str(len(body.items)),
                hint="send them in parts",
            )
        checked_chars(body.items, most=options.max_chars)

        def work() -> list[dict[str, Any]]:
            concepts = [read_item(item, number, longest=longest) for number, item in enumerate(body.items)]
            request.state.record = RequestRecord(len(concepts), [concept.text for concept in concepts])
            return router.predict(body.run, concepts)

        async def turn() -> list[dict[str, Any]]:
            async with asyncio.timeout_at(request.state.arrived_s + options.deadline_s), turns:
                return await asyncio.get_running_loop().run_in_executor(None, work)

        found = await while_connected(request, turn())
        failed = sum(bool(one["error"]) for one in found)
        document = {"n": len(found), "n_failed": failed, "predictions": found}
        return Response(to_json(document, inf_nan_mode="null"), media_type="application/json")
