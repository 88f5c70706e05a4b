"""A worker process of an attempt: started apart from whoever asked for it, polite to SIGTERM, honest in its exit code."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rebracket_core.files import append_binary, keep_private, private_touch
from rebracket_core.jobs.folder import RunFolder
from rebracket_core.jobs.state import CANCEL, LOG
from rebracket_core.jobs.workers import warm_pool
from rebracket_core.jobs.workers.liveness import held_for_worker
from rebracket_core.settings import Settings
from rebracket_core.training import Cancelled

DONE, FAILED, CANCELLED = 0, 1, 4
TRAINER = "rebracket_core.jobs.workers.worker"


def start_worker(module: str, folder: RunFolder, *, attempt: Path, settings: Settings) -> None:
    """Start `python -m MODULE FOLDER ATTEMPT`, which outlives this process and writes into the attempt's log.

    A training goes to the warm worker where one waits.
    """
    arguments, env = [str(folder.path), attempt.name], warm_pool.worker_env(settings)
    with append_binary(attempt / LOG) as log, held_for_worker(attempt) as descriptors:
        if module == TRAINER and warm_pool.hand_over(arguments, env=env, log=log, descriptors=descriptors):
            return
        subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=descriptors,
            env=env,
        )


def run_worker(arguments: list[str], work: Callable[..., object]) -> int:
    """The exit code of `work(folder, attempt=, settings=)`: 0 done, 1 failed, 4 cancelled. A polite kill (SIGTERM) cancels.

    The process steps back behind others (niceness 10): it is a guest on the machine that serves the pages.
    """
    keep_private()
    folder, attempt = RunFolder(Path(arguments[0])), Path(arguments[0]) / "attempts" / arguments[1]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(warm_pool.NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    signal.signal(signal.SIGTERM, lambda *_: private_touch(attempt / CANCEL))
    try:
        work(folder, attempt=attempt, settings=Settings.from_env())
    except Cancelled:
        return CANCELLED
    except Exception as cause:
        print(f"{type(cause).__name__}: {cause}", file=sys.stderr)
        return FAILED
    return DONE
