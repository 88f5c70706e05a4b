"""`python -m benchmarks.soak --minutes 30`: a server under mixed load, bad requests among it, and what became of it.

No status but those that a request asks for, no answer lost or mixed up, every verdict in the history, no growth of memory
above 5 % once the server is warm; at the end it is told to stop under load and answers what it has taken.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.texts import distinct_concepts
from rebracket_core.settings import Settings
from rebracket_core.workbench import Workbench
from rebracket_core.workbench.prepare import prepare
from tests.support.http_load import Caller, free_port, running

GROWTH = 0.05
WARM_SHARE = 0.2
CLIENTS = 6
DRAIN_S = 60.0  # for what many clients have asked at once, on a machine of few cores
RESTED_S = 4.0  # a connection that rests for 5 s is closed; a busy client may come too late for it
_BAD: tuple[tuple[str, bytes, int], ...] = (
    ("/v1/validate", b"{", 422),
    ("/v1/validate", b'{"text": "   "}', 422),
    ("/v1/validate", b'{"text": "\\ud800"}', 422),
    ("/v1/validate", b'{"text": "a bell", "run": "nowhere"}', 422),
    ("/v1/validate", b"\xff\xfe", 422),
    ("/v1/validate", b'{"text": "a bell", "thresholds": {"domnant": 1}}', 422),
    ("/v1/nothing", b"{}", 404),
    ("/v1/validate", b'{"text": "' + b"bell " * 2_000_000 + b'"}', 413),
    ("/v1/validate/batch", b'{"items": 7}', 422),
)


@dataclass(slots=True)
class Soaked:
    """What a soak saw: answers by status, verdicts given, what was wrong, resident bytes by second since the start."""

    statuses: Counter[int] = field(default_factory=Counter)
    verdicts: int = 0
    kept: int = 0
    wrong: list[str] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """How much more memory the last tenth took than the tenth after warming up, as a share."""
        end = self.memory[-1][0]
        part = max(end * 0.1, 1e-9)
        first = [size for at, size in self.memory if end * WARM_SHARE <= at <= end * WARM_SHARE + part]
        last = [size for at, size in self.memory if at >= end - part]
        return (sum(last) / len(last)) / (sum(first) / len(first)) - 1.0

    def problems(self, *, growth: float = GROWTH) -> list[str]:
        """What was not as it should be, in words."""
        found = self.wrong[:10]
        if self.kept != self.verdicts:
            found.append(f"{self.verdicts:,} verdicts were given and {self.kept:,} are in the history")
        if self.growth > growth:
            found.append(f"memory grew by {self.growth:.1%}")
        return found


def soak(settings: Settings, *, seconds: float, clients: int = CLIENTS, log: Path) -> Soaked:
    """What a server over this home did in that time, stopped under load at the end."""
    found, lock, stop, leaving = Soaked(), threading.Lock(), threading.Event(), threading.Event()
    before = _kept(settings)
    port = free_port()
    serve = ["-m", "rebracket_core.cli", "serve", "--home", str(settings.home), "--port", str(port), "--history", "--quiet"]
    serve += ["--per-minute", "10000000", "--drain", str(DRAIN_S)]
    with running(serve, port=port, log=log) as process:
        threads = [threading.Thread(target=_client, args=(port, n, found, lock, stop, leaving)) for n in range(clients)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        while (passed := time.monotonic() - start) < seconds:
            found.memory.append((passed, _resident(process.pid)))
            time.sleep(min(1.0, seconds / 40))
        leaving.set()
        process.terminate()
        ended = process.wait(DRAIN_S + 30)
        stop.set()
        for thread in threads:
            thread.join(60)
    if ended != 0:
        found.wrong.append(f"the server ended with {ended}: {log.read_text(errors='replace')[-200:]}")
    found.kept = _kept(settings) - before
    return found


def _client(
    port: int, which: int, found: Soaked, lock: threading.Lock, stop: threading.Event, leaving: threading.Event
) -> None:
    rng = random.Random(which)
    texts = distinct_concepts(400, seed=which)
    while not stop.is_set():
        path, body, wanted, items = _request(rng, texts)
        n, rested = 0, time.monotonic()
        try:
            with Caller(port) as caller:
                for _ in range(8):  # some requests on one connection, as clients do
                    n, rested = n + 1, time.monotonic() - rested
                    status, answer = caller.post(path, body)
                    rested = time.monotonic()
                    _check_answer(found, lock, status, answer, wanted=wanted, items=items, leaving=leaving.is_set())
                    if status in (413, 503):
                        break
                    path, body, wanted, items = _request(rng, texts)
        except (OSError, http.client.HTTPException) as error:
            if leaving.is_set():
                return  # the server has gone
            if n > 1 and rested >= RESTED_S:
                continue  # the server had closed a connection on which nothing was asked, as HTTP lets it
            if wanted != 413:  # a body that is too large may be cut off while it is sent
                with lock:
                    found.wrong.append(f"{path}: {type(error).__name__}: {error}")


def _request(rng: random.Random, texts: list[str]) -> tuple[str, bytes, int, list[str]]:
    """Path, body, the status that belongs to it, and the ids in order where it is one with verdicts."""
    dice = rng.random()
    if dice < 0.15:
        path, body, status = rng.choice(_BAD)
        return path, body, status, []
    ids = [f"{rng.random():.12f}" for _ in range(1 if dice < 0.85 else rng.randint(2, 12))]
    items = [{"id": name, "text": f"{rng.choice(texts)} {name}"} for name in ids]
    if len(items) == 1:
        return "/v1/validate", json.dumps(items[0]).encode(), 200, ids
    return "/v1/validate/batch", json.dumps({"items": items}).encode(), 200, ids


def _check_answer(
    found: Soaked, lock: threading.Lock, status: int, answer: bytes, *, wanted: int, items: list[str], leaving: bool
) -> None:
    with lock:
        found.statuses[status] += 1
        if status == 503 and leaving:
            return
        if status != wanted:
            found.wrong.append(f"{status} instead of {wanted}: {answer[:200]!r}")
        elif items:
            body: Any = json.loads(answer)
            verdicts = body.get("verdicts", [body])
            found.verdicts += len(verdicts)
            if [verdict["id"] for verdict in verdicts] != items or any(verdict["error"] for verdict in verdicts):
                found.wrong.append(f"an answer is not that of its request: {items[:3]}")


def _resident(pid: int) -> int:
    import psutil

    return int(psutil.Process(pid).memory_info().rss)


def _kept(settings: Settings) -> int:
    from sqlalchemy import create_engine, inspect, text

    engine = create_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            if "validations" not in inspect(connection).get_table_names():
                return 0
            return int(connection.execute(text("select count(*) from validations")).scalar_one())
    finally:
        engine.dispose()


def main() -> int:
    """Soak a home of its own that has the starter model; 0 where all was as it should be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    options = parser.parse_args()
    settings = Settings.from_env()
    prepare(Workbench(settings))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for part in ("runs", "library"):
            (home / part).symlink_to(getattr(settings, part))
        (home / "cache").mkdir()
        (home / "cache" / "encoders").symlink_to(settings.cache / "encoders")
        mine = Settings.from_env({**os.environ, "REBRACKET_HOME": str(home), "REBRACKET_DB": ""})
        found = soak(mine, seconds=options.minutes * 60, clients=options.clients, log=home / "log")
        problems = found.problems()
    print(
        f"{sum(found.statuses.values()):,} requests: {dict(sorted(found.statuses.items()))}; {found.verdicts:,} verdicts, "
        f"{found.kept:,} kept; memory {found.memory[-1][1] / 1e6:.0f} MB at the end, growth {found.growth:.1%}"
    )
    for problem in problems:
        print(f"wrong: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
