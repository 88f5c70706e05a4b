"""The command `watch`: verdicts beside the files that a workflow writes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebracket_core.cli.exit_codes import DONE, SOME_FAILED, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, RunOption, workbench_for
from rebracket_core.process import Watchdog

if TYPE_CHECKING:
    from rebracket_core.scoring import ScoredFile, Watch

# How long a file at hand, and then a verdict file that is being written, may take to be finished after a signal.
FINISH_S = 1.0
# Where not even the main thread can run, another process ends this one so long after a signal.
KILL_S = 2.5
# How often the main thread looks up from waiting where the system does not wake it for a signal.
LOOK_S = 0.2
SettleOption = Annotated[
    float, typer.Option("--settle", metavar="SECONDS", help="How long a file must not change to be complete.")
]
EveryOption = Annotated[float, typer.Option("--every", metavar="SECONDS", min=0.05, help="How often to look.")]


@command
def watch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that concepts are written into.")],
    *,
    run: RunOption = None,
    settle_s: SettleOption = 1.0,
    every_s: EveryOption = 0.5,
    once: Annotated[bool, typer.Option("--once", help="Score what is there, then end.")] = False,
    history: Annotated[bool, typer.Option("--history/--no-history", help="Keep the verdicts in the history.")] = True,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Put a file NAME.verdict.json beside every file of concepts in a folder, until SIGTERM or Ctrl-C."""
    from rebracket_core.scoring import Watch

    bench = workbench_for(home)
    vectors = bench.verdicts.reads_vectors(run)
    watching = Watch(bench.verdicts, folder, run_id=run, settle_s=settle_s, keep=history, vectors=vectors)
    stop, seen = _stopped_by_signals(), [0, 0]

    def show(scored: ScoredFile) -> None:
        seen[0] += 1
        seen[1] += bool(scored.error or scored.n_failed)
        tell(f"{scored.path}: {scored.error or _outcome(scored)}")

    def work() -> None:
        if once:
            for scored in watching.settle(stop):
                show(scored)
        else:
            watching.run(stop, every_s=every_s, tell=show)

    tell(f"Watching {folder}; end with Ctrl-C.")
    with Watchdog(KILL_S):
        ended = _ended_in_time(work, stop=stop)
    if as_json:
        out.json({"files": seen[0], "files_with_errors": seen[1]})
    tell(f"{seen[0]:,} file{'' if seen[0] == 1 else 's'} validated.")
    if not ended:
        _end_now(watching, code=SOME_FAILED if once else DONE)
    return SOME_FAILED if once and seen[1] else DONE


def _outcome(scored: ScoredFile) -> str:
    return f"{scored.n} concept{'' if scored.n == 1 else 's'}, {scored.n_failed} failed"


def _ended_in_time(work: Callable[[], None], *, stop: threading.Event) -> bool:
    """Whether the work, in a thread of its own, came to its end; False where `stop` was set and the file at hand goes on.

    The main thread only waits, so a signal reaches it whatever the work does. An error of the work is raised here.
    """
    ended: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:
            ended.set_exception(error)
        else:
            ended.set_result(None)

    threading.Thread(target=run, name="watch", daemon=True).start()
    while not ended.done() and not stop.is_set():
        wait([ended], timeout=LOOK_S)
    wait([ended], timeout=FINISH_S)
    if ended.done():
        ended.result()
    return ended.done()


def _end_now(watching: Watch, *, code: int) -> None:
    """End the process in the middle of a file, no verdict file half written; the file is scored at the next start."""
    with watching.no_writing(wait_s=FINISH_S):
        tell("The file at hand was left; it is validated at the next start.")
        for stream in (out.stream, sys.stderr):
            stream.flush()
        os._exit(code)


def _stopped_by_signals() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set, so that a file at hand that takes no longer than a moment is finished."""
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    return stop
