"""What scoring in parts costs above the encoding of the same texts, and how much memory it takes as the input grows."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.ratio import paired
from benchmarks.texts import distinct_concepts, short_concepts
from rebracket_core.encoders import open_encoder
from rebracket_core.scoring import CHUNK, score_into
from rebracket_core.workbench import Workbench

# REBRACKET_BENCH_ROWS=1000000 measures what is claimed of a million; it takes as long as a million texts take.
ROWS = int(os.environ.get("REBRACKET_BENCH_ROWS") or 100_000)
PEAKS = """
import sys
from pathlib import Path
from rebracket_core.progress import CallingReporter
from rebracket_core.settings import Settings
from rebracket_core.workbench import Workbench
from rebracket_core.scoring.streaming import score_into

def peak():
    return int(next(line.split()[1] for line in Path('/proc/self/status').read_text().splitlines() if line.startswith('VmHWM')))

seen = []
score_into(Workbench(Settings.from_env()).resources, [sys.argv[1]], folder=Path(sys.argv[2]),
           progress=CallingReporter(lambda stage, done, total: seen.append(peak()) if done >= 10_000 and not seen else None))
print(seen[0], peak())
"""
"""Prints the peak of memory in kB at ten thousand rows and at the end: of one process, as two differ."""


def stream(bench: Workbench) -> Iterator[dict[str, Any]]:
    """The cost of the whole way from Parquet to parts against encode alone, then peak memory at two sizes."""
    encoder = open_encoder(bench.resources.runs.encoder_of(bench.resources.model()), settings=bench.settings, cached=False)
    with tempfile.TemporaryDirectory() as room:
        sets = {
            "one-line concepts": short_concepts(8192, seed=5),
            "concepts of 1 to 6 sentences": distinct_concepts(2048, seed=6),
        }
        for name, texts in sets.items():
            source = _table(Path(room) / "in.parquet", texts)
            number = itertools.count()

            def ours(source: Path = source, number: Iterator[int] = number) -> None:
                score_into(bench.resources, [source], folder=Path(room) / f"{source.stat().st_size}-{next(number)}")

            def other(texts: list[str] = texts) -> None:
                for at in range(0, len(texts), CHUNK):
                    encoder.encode(texts[at : at + CHUNK])

            yield {
                "what": f"{len(texts):,} {name}, Parquet to parts, against encode alone (time)",
                "target": "<= 1.11 (rate within 10 %)",
                "result": paired(ours, other, rounds=3, warm_up=1),
            }
        yield from _memory(Path(room))


def _memory(room: Path) -> Iterator[dict[str, Any]]:
    source = _table(room / "many.parquet", short_concepts(ROWS, seed=ROWS))
    line = [sys.executable, "-c", PEAKS, str(source), str(room / "many")]
    early, whole = map(float, subprocess.run(line, capture_output=True, text=True, check=True).stdout.split())
    yield {
        "what": f"{ROWS:,} one-line concepts into parts: peak memory against that at 10,000, of one process",
        "target": "flat (at most 1.05)",
        "value": f"**{whole / early:.3f}** ({whole / 1e3:.0f} MB against {early / 1e3:.0f} MB)",
    }


def _table(path: Path, texts: list[str]) -> Path:
    pq.write_table(pa.table({"concept": texts}), path)
    return path
