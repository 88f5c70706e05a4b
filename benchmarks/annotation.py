"""The labelling queue: 8 processes on 2,000 texts, a million texts, kills at random. `python -m benchmarks.annotation`."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebracket_core.annotation import LabelSession, NewItem, NewProject, ProjectSettings
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import create_project
from rebracket_core.annotation.queries import list_labels
from rebracket_core.annotation.queue.leases import claim_items

_SCRIPT = Path(__file__).parents[1] / "tests" / "unit" / "annotation" / "labelling_process.py"
_ROOT = Path(__file__).resolve().parents[1]
PROCESSES = 8


def annotation(*, million: int = 1_000_000, items: int = 2000, writes: int = 10_000) -> Iterator[dict[str, Any]]:
    """The rows of the table: exact counts and claim times, a large queue, and what is left after kills."""
    for overlap in (1, 2, 3):
        yield shared_queue(overlap, n=items)
    yield large_queue(million)
    yield killed(writes)


def p95(values: list[float]) -> float:
    """The 95th percentile in milliseconds."""
    return sorted(values)[int(0.95 * len(values))] * 1e3


def shared_queue(overlap: int, *, n: int, at_once: int = 5) -> dict[str, Any]:
    """8 processes that label a queue until it is empty, each claiming five at a time."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'w.db'}"
        session = _project(url, n=n, overlap=overlap)
        workers = [_worker(url, f"p{k}", at_once) for k in range(PROCESSES)]
        for worker in workers:
            assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
        started = time.perf_counter()
        with ThreadPoolExecutor(PROCESSES) as pool:  # reads all of them at once: nobody waits for a full pipe
            outputs = list(pool.map(lambda worker: worker.communicate("go\n"), workers))
        took_s = time.perf_counter() - started
        failed = [error.strip().splitlines()[-1] for _, error in outputs if error.strip()]
        counts = Counter(Counter(label.item_id for label in list_labels(session, "p")).values())
        exact = counts == {overlap: n} and not failed and check_consistency(session) == []
        times = [json.loads(out.splitlines()[-1]) for out, _ in outputs]
        claims, submits = ([s for one in times for s in one[name]] for name in ("claims", "submits"))
        session.close()
    result = "exact counts, no error" if exact else f"NOT EXACT: {dict(counts)} {failed}"
    rate = f"{len(claims):,} claims; submit {p95(submits):.1f} ms; {n * overlap / took_s:.0f} labels/s"
    return {
        "what": f"{PROCESSES} processes, {n:,} texts, overlap {overlap}: claim of {at_once}, p95",
        "target": "≤ 25 ms",
        "value": f"{p95(claims):.1f} ms ({result}; {rate})",
    }


def killed(n: int) -> dict[str, Any]:
    """Kills at random moments while labels are written: what was acknowledged and is not there, or is there twice."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'w.db'}"
        session = _project(url, n=n + n // 5, overlap=1, lease_s=5)
        found = kills(url, session, n=n)
        whole = check_consistency(session) == []
        session.close()
    result = "events and tables agree" if whole else "EVENTS AND TABLES DIFFER"
    counts = f"{found.n_acked:,} acknowledged, {found.n_kills} kills, {found.n_twice} twice"
    return {
        "what": f"kill -9 at random during {n:,} writes: acknowledged labels lost",
        "target": "0",
        "value": f"{len(found.lost)} ({counts}, {result})",
    }


@dataclass(frozen=True, slots=True)
class Killed:
    """What came of kills: how many labels were acknowledged, which of them are not there, how many texts have two."""

    n_acked: int
    n_kills: int
    lost: frozenset[str]
    n_twice: int


def kills(
    url: str, session: LabelSession, *, n: int, n_kills: int = 1, a_turn: tuple[int, int] = (100, 900), seed: int = 7
) -> Killed:
    """Workers one after the other, each killed after a random number of acknowledged labels, until n are written.

    A fast machine writes on between the last line read and the kill, so it may need fewer kills for n labels: at least
    n_kills are made.
    """
    chance, acked, killed = random.Random(seed), set[str](), 0
    while len(acked) < n or killed < n_kills:
        worker = _worker(url, f"p{killed % PROCESSES}", 7, waits=False)
        assert worker.stdout is not None
        lines = [worker.stdout.readline() for _ in range(chance.randint(*a_turn))]
        time.sleep(chance.uniform(0.0, 0.05))  # in the middle of whatever it does then
        worker.kill()
        out, error = worker.communicate(timeout=60)
        if error:
            raise RuntimeError(error)
        killed += 1
        whole = [line.split() for line in [*lines, *out.splitlines(keepends=True)] if line.endswith("\n")]
        acked |= {words[0] for words in whole if len(words) == 2 and words[1] == "saved"}
    there = list_labels(session, "p")
    twice = len(there) - len({label.item_id for label in there})
    return Killed(len(acked), killed, frozenset(acked - {label.label_id for label in there}), twice)


def _worker(url: str, person: str, at_once: int, *, waits: bool = True) -> subprocess.Popen[str]:
    line = [sys.executable, str(_SCRIPT), url, "p", person, str(at_once), *(["ready"] if waits else [])]
    env = {"PYTHONPATH": str(_ROOT), "PATH": ""}
    return subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=_ROOT, env=env
    )


def large_queue(n: int, *, claims: int = 300) -> dict[str, Any]:
    """Claims from a queue of a million texts, each labelled at once; how long it took to fill."""
    from tests.unit.annotation.conftest import answer

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        session = _project(f"sqlite:///{Path(folder) / 'w.db'}", n=n, overlap=1)
        filled_s = time.perf_counter() - started
        took = []
        for _ in range(claims):
            started = time.perf_counter()
            got = claim_items(session, "p", n=1, by="p0").items
            took.append(time.perf_counter() - started)
            submit_labels(session, "p", submissions=[answer(c) for c in got], by="p0")
        session.close()
    return {
        "what": f"a queue of {n:,} texts: claim of one, p95",
        "target": "≤ 50 ms",
        "value": f"{p95(took):.1f} ms ({claims} claims; filled in {filled_s:.0f} s)",
    }


def _project(url: str, *, n: int, overlap: int, lease_s: int = 900) -> LabelSession:
    session = LabelSession.open(url)
    for k in range(PROCESSES):
        enrol(session, f"p{k}")
    create_project(
        session,
        NewProject(
            "p", (NewItem(f"t{k}", f"text {k}") for k in range(n)), settings=ProjectSettings(overlap=overlap, lease_s=lease_s)
        ),
        by="p0",
    )
    return session


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--million", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--writes", type=int, default=10_000)
    options = parser.parse_args()
    for row in annotation(million=options.million, items=options.items, writes=options.writes):
        print(f"| {row['what']} | {row['target']} | {row['value']} |", flush=True)
