"""How fast the labelling queue is: 8 processes on 2,000 texts, one queue of a million. `python -m tests.bench.annotation`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rebracket_core.annotation import AnnotationService, NewItem, ProjectSettings

_SCRIPT = Path(__file__).parents[1] / "unit" / "annotation" / "labelling_process.py"
_ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 8


def annotation(*, million: int = 1_000_000, items: int = 2000) -> Iterator[dict[str, Any]]:
    """The rows of the table: exact counts and claim times."""
    for overlap in (1, 2, 3):
        yield shared_queue(overlap, n=items)
    yield large_queue(million)


def p95(values: list[float]) -> float:
    """The 95th percentile in milliseconds."""
    return sorted(values)[int(0.95 * len(values))] * 1e3


def shared_queue(overlap: int, *, n: int, at_once: int = 5) -> dict[str, Any]:
    """8 processes that label a queue until it is empty, each claiming five at a time."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'w.db'}"
        service = _project(url, n=n, overlap=overlap)
        started = time.perf_counter()
        line = [sys.executable, str(_SCRIPT), url, "p"]
        env = {"PYTHONPATH": str(_ROOT), "PATH": ""}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": _ROOT, "env": env}
        workers = [subprocess.Popen([*line, f"p{k}", str(at_once)], **pipes) for k in range(PROCESSES)]
        told = [worker.communicate() for worker in workers]
        took_s = time.perf_counter() - started
        failed = [error.strip().splitlines()[-1] for _, error in told if error.strip()]
        counts = Counter(Counter(label.item_id for label in service.labels("p")).values())
        exact = counts == {overlap: n} and not failed and service.replay() == []
        claims = [s for out, _ in told for s in json.loads(out.splitlines()[-1])["claims"]]
        service.close()
    said = "exact counts, no error" if exact else f"NOT EXACT: {dict(counts)} {failed}"
    return {"what": f"{PROCESSES} processes, {n:,} texts, overlap {overlap}: claim of {at_once}, p95", "target": "≤ 25 ms",
            "value": f"{p95(claims):.1f} ms ({said}; {len(claims):,} claims, {n * overlap / took_s:.0f} labels/s)"}


def large_queue(n: int, *, claims: int = 300) -> dict[str, Any]:
    """Claims from a queue of a million texts, each labelled at once."""
    from tests.unit.annotation.conftest import answer

    with tempfile.TemporaryDirectory() as folder:
        service = _project(f"sqlite:///{Path(folder) / 'w.db'}", n=n, overlap=1)
        took = []
        for _ in range(claims):
            started = time.perf_counter()
            got = service.claim("p", 1, by="p0").items
            took.append(time.perf_counter() - started)
            service.submit("p", [answer(c) for c in got], by="p0")
        service.close()
    return {"what": f"a queue of {n:,} texts: claim of one, p95", "target": "≤ 50 ms",
            "value": f"{p95(took):.1f} ms ({claims} claims)"}


def _project(url: str, *, n: int, overlap: int) -> AnnotationService:
    service = AnnotationService(url)
    for k in range(PROCESSES):
        service.enrol(f"p{k}")
    service.create_project("p", (NewItem(f"t{k}", f"text {k}") for k in range(n)), by="p0",
                           settings=ProjectSettings(overlap=overlap))
    return service


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--million", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=2000)
    asked = parser.parse_args()
    for row in annotation(million=asked.million, items=asked.items):
        print(f"| {row['what']} | {row['target']} | {row['value']} |", flush=True)
