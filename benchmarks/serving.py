"""The API against plain FastAPI with the same encoder, and an exported folder against a sentence-transformers script."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ratio import paired
from benchmarks.texts import SHORT, distinct_concepts, short_concepts
from rebracket_core.encoders.onnx import installed_folder
from rebracket_core.reports.onnx_bundle import export_onnx
from rebracket_core.workbench import Workbench
from tests.support.http_load import Caller, free_port, running, timed_requests

CLIENTS = 16
REQUESTS = 320
ROUNDS = 5
SINGLE_ROUNDS = 61
_COLD_OURS = """
from rebracket_core.reports.onnx_bundle import open_exported
print(open_exported({folder!r}).validate([{text!r}])[0].verdict)
"""
_COLD_PEER = """
from sentence_transformers import SentenceTransformer
SentenceTransformer({folder!r}, device="cpu").encode([{text!r}])
"""


def serving(bench: Workbench) -> Iterator[dict[str, Any]]:
    """Throughput and latency of the two servers, and the cold start of a folder."""
    yield from _two_servers()
    with tempfile.TemporaryDirectory() as room:
        report = export_onnx(
            bench.resources.runs, bench.resources.runs.chosen(None), settings=bench.settings, to=Path(room) / "run"
        )
        yield _cold(report.folder)


def _two_servers() -> Iterator[dict[str, Any]]:
    ours_port, peer_port = free_port(), free_port()
    serve = ["-m", "rebracket_core.cli", "serve", "--port", str(ours_port), "--quiet", "--per-minute", "100000000"]
    with running(serve, port=ours_port), running(["-m", "benchmarks.plain_api", str(peer_port)], port=peer_port):
        n = REQUESTS * 2 * (ROUNDS + 1)
        yield from _throughput(ours_port, peer_port, what="one-line concepts", texts=short_concepts(n, seed=9))
        yield from _throughput(ours_port, peer_port, what="concepts of 1 to 6 sentences", texts=distinct_concepts(n, seed=9))
        yield _latency(ours_port, peer_port)


def _throughput(ours_port: int, peer_port: int, *, what: str, texts: list[str]) -> Iterator[dict[str, Any]]:
    parts = iter(np.array_split(texts, 2 * (ROUNDS + 1)))
    waits: dict[int, list[float]] = {ours_port: [], peer_port: []}

    def load(port: int) -> None:
        waits[port] += timed_requests(port, [str(text) for text in next(parts)], clients=CLIENTS)

    result = paired(lambda: load(ours_port), lambda: load(peer_port), rounds=ROUNDS)
    yield {
        "what": f"{CLIENTS} clients, {REQUESTS} {what}, whole verdicts, against plain FastAPI that only encodes (time)",
        "target": "<= 0.667 (1.5 x the throughput)",
        "result": result,
    }
    p50, p99 = (np.quantile(waits[ours_port], q) * 1e3 for q in (0.5, 0.99))
    peer_p99 = np.quantile(waits[peer_port], 0.99) * 1e3
    yield {
        "what": f"wait for a verdict with {CLIENTS} clients at once, {what}",
        "target": "named",
        "value": f"p50 {p50:.0f} ms, p99 {p99:.0f} ms (plain FastAPI: p99 {peer_p99:.0f} ms)",
    }


def _latency(ours_port: int, peer_port: int) -> dict[str, Any]:
    number = itertools.count()
    with Caller(ours_port) as ours, Caller(peer_port) as peer:
        result = paired(
            lambda: ours.ask(f"{SHORT} {next(number)}"),
            lambda: peer.ask(f"{SHORT} {next(number)}"),
            rounds=SINGLE_ROUNDS,
            warm_up=5,
            rest_s=0.01,
        )
    return {"what": "one client, a short concept, p50, against the same", "target": "<= 1.1", "result": result}


def _cold(folder: str) -> dict[str, Any]:
    def run(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    result = paired(
        lambda: run(_COLD_OURS.format(folder=folder, text=SHORT)),
        lambda: run(_COLD_PEER.format(folder=str(installed_folder()), text=SHORT)),
        rounds=5,
    )
    return {
        "what": "exported folder, cold process to first verdict, against a sentence-transformers script",
        "target": "<= 0.35",
        "result": result,
    }
