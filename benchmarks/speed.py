"""How fast a verdict comes, against sentence-transformers on the same texts, threads and machine."""

from __future__ import annotations

import itertools
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.ratio import paired
from benchmarks.texts import SHORT, distinct_concepts, short_concepts, starter_texts
from rebracket_core.validation import Concept
from rebracket_core.workbench import Workbench

_COLD_OURS = """
from rebracket_core.settings import Settings
from rebracket_core.validation import Concept
from rebracket_core.workbench import get_workbench
v, = get_workbench(Settings.from_env()).verdicts.validate([Concept(id="1", text={text!r})], keep=False)
print(v.verdict)
"""
_COLD_PEER = """
from sentence_transformers import SentenceTransformer
SentenceTransformer({folder!r}, device="cpu").encode([{text!r}])
"""
_SCALE = """
import time
from pathlib import Path
from rebracket_core.settings import Settings
from rebracket_core.validation import Concept
from rebracket_core.workbench import get_workbench
from benchmarks.texts import short_concepts
n = {n}
bench = get_workbench(Settings.from_env())
texts = short_concepts(n, seed={n})
bench.verdicts.validate([Concept(id="w", text="a first text to open everything")], keep=False)
start = time.perf_counter()
for k in range(0, n, 512):
    bench.verdicts.validate([Concept(id=str(i), text=t) for i, t in enumerate(texts[k:k + 512], k)], keep=False)
peak = next(line.split()[1] for line in Path('/proc/self/status').read_text().splitlines() if line.startswith('VmHWM'))
print(time.perf_counter() - start, peak)
"""


def peer(threads: int) -> Any:
    """sentence-transformers with the same weights, on the CPU with as many threads as the engine uses."""
    import torch
    from sentence_transformers import SentenceTransformer

    from rebracket_core.encoders.onnx import installed_folder

    torch.set_num_threads(threads)
    return SentenceTransformer(str(installed_folder()), device="cpu")


def one_concept(bench: Workbench, model: Any) -> Iterator[dict[str, Any]]:
    """One concept through the whole validation, never cached, against the encoding alone of the same text."""
    long = max((t for t in starter_texts() if len(t.split()) < 165), key=len)
    number = itertools.count()
    for name, text in (("a short concept", SHORT), ("a concept that fills the window", long)):

        def ours(text: str = text) -> object:
            return bench.verdicts.validate([Concept(id="x", text=f"{text} {next(number)}")], keep=False)

        def other(text: str = text) -> object:
            return model.encode([f"{text} {next(number)}"], show_progress_bar=False)

        yield {
            "what": f"whole validation of {name}, p50, against encode alone",
            "target": "<= 0.60",
            "result": paired(ours, other, rounds=61, warm_up=5, rest_s=0.02),
        }


def throughput(bench: Workbench, model: Any) -> Iterator[dict[str, Any]]:
    """2,000 distinct concepts through the whole validation; then the same from the cache."""
    fresh, fresh_peer = (iter([distinct_concepts(2000, seed=start + k) for k in range(4)]) for start in (100, 200))
    last: list[str] = []

    def ours() -> None:
        last[:] = next(fresh)
        bench.verdicts.validate([Concept(id=str(i), text=t) for i, t in enumerate(last)], keep=False)

    def other() -> None:
        model.encode(next(fresh_peer), batch_size=32, show_progress_bar=False)

    result = paired(ours, other, rounds=3, warm_up=1)
    yield {
        "what": "2,000 distinct concepts, whole validation, against encode alone (time)",
        "target": "<= 0.667 (1.5 x)",
        "result": result,
    }
    start = time.perf_counter()
    bench.verdicts.validate([Concept(id=str(i), text=t) for i, t in enumerate(last)], keep=False)
    again = time.perf_counter() - start
    yield {
        "what": "the same 2,000 again, from the cache: times faster",
        "target": ">= 20",
        "value": f"{result.ours_s / again:.0f} x ({again:.2f} s)",
    }


def scale() -> Iterator[dict[str, Any]]:
    """Cost a concept and peak memory at 1,000 and 50,000 concepts, each in a process of its own."""
    cost = {}
    for n in (1000, 50_000):
        out = subprocess.run([sys.executable, "-c", _SCALE.format(n=n)], capture_output=True, text=True, check=True)
        seconds, peak_kb = out.stdout.split()[-2:]
        cost[n] = float(seconds) / n
        yield {
            "what": f"{n:,} one-line concepts: cost each, peak memory",
            "target": "memory < 1.5 GB",
            "value": f"{cost[n] * 1e3:.2f} ms, {int(peak_kb) / 1e6:.2f} GB",
        }
    yield {
        "what": "cost a concept at 50,000 against 1,000",
        "target": "flat (about 1)",
        "value": f"{cost[50_000] / cost[1000]:.2f}",
    }


def cold() -> Iterator[dict[str, Any]]:
    """A fresh process: importing the package, and the way to the first verdict."""
    from rebracket_core.encoders.onnx import installed_folder

    def run(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    bare = paired(lambda: run("import rebracket_core"), lambda: run("pass"), rounds=9)
    yield {
        "what": "import rebracket_core, seconds above an empty process",
        "target": "< 0.3 s",
        "value": f"{bare.ours_s - bare.other_s:.3f} s",
    }
    result = paired(
        lambda: run(_COLD_OURS.format(text=SHORT)),
        lambda: run(_COLD_PEER.format(folder=str(installed_folder()), text=SHORT)),
        rounds=7,
    )
    yield {
        "what": "cold process to first verdict, against a sentence-transformers script",
        "target": "<= 0.35",
        "result": result,
    }


def peak_memory_gb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


__all__ = ["cold", "one_concept", "peer", "scale", "short_concepts", "throughput"]
