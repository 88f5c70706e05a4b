"""`make bench`: every figure that the project claims, measured in one run and written as a page."""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata as metadata
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import quality, speed
from benchmarks.annotation import annotation
from benchmarks.attack import attack_rows
from benchmarks.deberta import deberta
from benchmarks.explain import explain
from benchmarks.heads import heads
from benchmarks.launch import launches
from benchmarks.map import maps
from benchmarks.ratio import Ratio
from benchmarks.review import review_rows
from benchmarks.serving import serving
from benchmarks.setfit import setfit
from benchmarks.stream import stream
from benchmarks.tuning import tuning
from rebracket_core.encoders import thread_count
from rebracket_core.settings import Settings
from rebracket_core.workbench import Workbench
from rebracket_core.workbench.prepare import prepare

Part = Callable[[Workbench, Path | None], Iterator[dict[str, Any]]]
_MARK = "<!-- figures -->"


def _speed(bench: Workbench, _corpus: Path | None) -> Iterator[dict[str, Any]]:
    peer = speed.peer(thread_count(bench.settings))
    yield from speed.one_concept(bench, peer)
    yield from speed.throughput(bench, peer)


def _on_corpus(measure: Callable[[Path, Settings], Iterator[dict[str, Any]]]) -> Part:
    def rows(bench: Workbench, corpus: Path | None) -> Iterator[dict[str, Any]]:
        if corpus is None:
            yield {"what": "figures on the users' corpus", "target": "", "value": "not measured: set REBRACKET_CORPUS"}
        else:
            yield from measure(corpus, bench.settings)

    return rows


PARTS: dict[str, Part] = {
    "speed": _speed,
    "cold": lambda _bench, _corpus: speed.cold(),
    "scale": lambda _bench, _corpus: speed.scale(),
    "deberta": lambda bench, _corpus: deberta(threads=thread_count(bench.settings)),
    "heads": lambda bench, _corpus: heads(threads=thread_count(bench.settings)),
    "tuning": lambda bench, _corpus: tuning(bench, threads=thread_count(bench.settings)),
    "setfit": lambda bench, _corpus: setfit(bench, threads=thread_count(bench.settings)),
    "launch": lambda bench, _corpus: launches(bench),
    "map": lambda _bench, _corpus: maps(),
    "explain": lambda bench, _corpus: explain(bench),
    "annotation": lambda _bench, _corpus: annotation(),
    "serving": lambda bench, _corpus: serving(bench),
    "stream": lambda bench, _corpus: stream(bench),
    "quality": _on_corpus(quality.quality),
    "review": _on_corpus(review_rows),
    "attacks": lambda _bench, _corpus: attack_rows(),
}
"""What is measured, by name, in the order of the page."""


def _cell(row: dict[str, Any]) -> str:
    if "value" in row:
        return str(row["value"])
    r: Ratio = row["result"]
    times = f"{r.ours_s * 1e3:.1f} ms against {r.other_s * 1e3:.1f} ms, {r.rounds} rounds"
    return f"**{r.ratio:.2f}** [{r.low:.2f}, {r.high:.2f}] ({times})"


def _machine(bench: Workbench) -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    versions = ", ".join(
        f"{name} {metadata.version(name)}" for name in ("onnxruntime", "torch", "sentence-transformers", "transformers")
    )
    return (
        f"{dt.date.today().isoformat()} · {model or platform.machine()}, {os.cpu_count()} cores, no GPU · "
        f"{bench.resources.device()} · Python {platform.python_version()}, {versions}"
    )


def main() -> int:
    """Measure the parts asked for and write one Markdown table a part."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args()
    prepare(Workbench(Settings.from_env()))
    with tempfile.TemporaryDirectory() as folder:
        return _measure(options, _without_vectors(Settings.from_env(), Path(folder)))


def _without_vectors(settings: Settings, home: Path) -> Settings:
    """A home with the same runs and encoder graph that remembers no vector, so that "uncached" is true in every run."""
    (home / "cache").mkdir()
    (home / "runs").symlink_to(settings.runs)
    (home / "library").symlink_to(settings.library)
    (home / "cache" / "encoders").symlink_to(settings.cache / "encoders")
    os.environ["REBRACKET_HOME"] = str(home)  # what the processes of the cold and scale parts see
    return Settings.from_env()


def _measure(options: argparse.Namespace, settings: Settings) -> int:
    bench = Workbench(settings)
    folder = Path(os.environ.get("REBRACKET_CORPUS") or Path(__file__).resolve().parents[2] / "shared" / "corpus")
    corpus = folder if folder.is_dir() else None
    tables = {}
    for part in options.only or PARTS:
        lines = [_machine(bench), "", "| what | target | measured |", "|---|---|---|"]
        for row in PARTS[part](bench, corpus):
            line = f"| {row['what']} | {row['target']} | {_cell(row)} |"
            print(line, file=sys.stderr, flush=True)
            lines.append(line)
        tables[part.capitalize()] = "\n".join(lines)
    print(_page(tables))
    if options.out:
        head, _, before = options.out.read_text(encoding="utf-8").partition(_MARK) if options.out.exists() else ("", "", "")
        options.out.write_text(f"{head}{_MARK}\n\n{_page(_tables(before) | tables)}", encoding="utf-8")
    return 0


def _tables(page: str) -> dict[str, str]:
    """The tables of a page by their headings: what was not measured this time stays as it was, with its own date."""
    return {part.partition("\n")[0].strip(): part.partition("\n")[2].strip() for part in page.split("\n## ")[1:]}


def _page(tables: dict[str, str]) -> str:
    return "\n\n".join(f"## {heading}\n\n{table}" for heading, table in tables.items()) + "\n"


if __name__ == "__main__":
    sys.exit(main())
