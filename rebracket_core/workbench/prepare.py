"""What `make run` does before the app is served: build the encoder's graph and train the starter model, once, visibly."""

from __future__ import annotations

import sys
import time

from rebracket_core.errors import RebracketError
from rebracket_core.files import keep_private
from rebracket_core.runs import STARTER
from rebracket_core.workbench.bench import Workbench, get_workbench


def prepare(bench: Workbench) -> None:
    """Leave a home that can score: the encoder's graph built, the starter corpus imported, a model promoted.

    What is there already is left alone. Progress is written to stderr.
    """
    from rebracket_core.encoders import build_minilm

    if bench.resources.runs.promoted_id() is not None:
        return
    build_minilm(bench.settings, progress=_Lines())
    if STARTER not in [meta.name for meta in bench.datasets.all()]:
        print("Importing the starter corpus ...", file=sys.stderr, flush=True)
        bench.datasets.import_starter()
    print("Training the starter model on it (about a minute, once) ...", file=sys.stderr, flush=True)
    info = bench.training.train(STARTER, progress=_Lines())
    album = info.metrics["album"]
    print(
        f"Starter model {info.run_id}: album accuracy {album['accuracy']:.2f} on held-out groups "
        f"(95 % interval {album['ci_low']:.2f} to {album['ci_high']:.2f}).",
        file=sys.stderr,
        flush=True,
    )


class _Lines:
    """Progress as plain lines, at most one a second a stage."""

    def __init__(self) -> None:
        self._stage = ""
        self._at_s = 0.0

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        now = time.monotonic()
        if stage == self._stage and done < total and now - self._at_s < 1.0:
            return
        self._stage, self._at_s = stage, now
        print(f"  {stage}: {done}/{total}", file=sys.stderr, flush=True)


def main() -> int:
    """Prepare the home of the environment; the exit code."""
    keep_private()
    try:
        prepare(get_workbench())
    except RebracketError as error:
        print(f"rebracket: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
