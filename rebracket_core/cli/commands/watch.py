"""The command `watch`: verdicts beside the files that a workflow writes."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebracket_core.cli.exit_codes import DONE, SOME_FAILED, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for

if TYPE_CHECKING:
    from rebracket_core.scoring.watch import Judged


@command
def watch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that concepts are written into.")],
    *,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="The run to ask; by default the promoted one.")
    ] = None,
    settle_s: Annotated[
        float, typer.Option("--settle", metavar="SECONDS", help="How long a file must not change to be complete.")
    ] = 1.0,
    every_s: Annotated[float, typer.Option("--every", metavar="SECONDS", min=0.05, help="How often to look.")] = 0.5,
    once: Annotated[bool, typer.Option("--once", help="Judge what is there, then end.")] = False,
    history: Annotated[bool, typer.Option("--history/--no-history", help="Keep the verdicts in the history.")] = True,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Put a file NAME.verdict.json beside every file of concepts in a folder, until SIGTERM or Ctrl-C."""
    from rebracket_core.scoring.watch import Watch

    bench = workbench_for(home)
    bench.resources.model(run)
    watching = Watch(bench.verdicts, folder, run_id=run, settle_s=settle_s, keep=history)
    stop, seen = _stopped_by_signals(), [0, 0]

    def told(judged: Judged) -> None:
        seen[0] += 1
        seen[1] += bool(judged.error or judged.n_failed)
        said = judged.error or f"{judged.n} concept{'' if judged.n == 1 else 's'}, {judged.n_failed} not judged"
        tell(f"{judged.path}: {said}")

    tell(f"Watching {folder}; end with Ctrl-C.")
    if once:
        for judged in watching.settle(stop):
            told(judged)
    else:
        watching.run(stop, every_s=every_s, tell=told)
    if as_json:
        out.json({"files": seen[0], "files_with_errors": seen[1]})
    tell(f"{seen[0]:,} file{'' if seen[0] == 1 else 's'} judged.")
    return SOME_FAILED if once and seen[1] else DONE


def _stopped_by_signals() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set, so that the file at hand is finished."""
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    return stop
