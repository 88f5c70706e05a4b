"""A worker process of an attempt: started apart from whoever asked for it, polite to SIGTERM, honest in its exit code."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from rebracket_core.errors import ConfigError, RebracketError
from rebracket_core.files import append_binary, keep_private, private_touch
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.job import DoneHook, JobInputs, hook_name, hook_named
from rebracket_core.jobs.kinds import JOB_KINDS, JobKind, kind_of
from rebracket_core.jobs.state import CANCEL, LOG
from rebracket_core.jobs.workers import warm_pool
from rebracket_core.jobs.workers.liveness import held_for_worker
from rebracket_core.settings import Settings
from rebracket_core.training import Cancelled

DONE, FAILED, CANCELLED = 0, 1, 4
WORKER = "rebracket_core.jobs.workers.worker"
_OWN_KINDS = f"{JobKind.__module__.rpartition('.')[0]}."
logger = logging.getLogger(__name__)


def start_worker(folder: JobFolder, *, settings: Settings, on_done: DoneHook | None = None, module: str = WORKER) -> Path:
    """Start a worker process on a new attempt at a job of any kind, and return the attempt's folder at once.

    The worker outlives this process and writes into the attempt's log; a warm worker is taken where one waits.
    `on_done` is called in the worker, see `JobInputs`. `module` follows the job where it runs on another machine.
    Raises InputError for a kind that is not registered, ConfigError for a kind or hook that no other process can import.
    """
    options = _options(kind_of(folder), on_done)
    attempt = folder.new_attempt()
    arguments, env = [str(folder.path), attempt.name, *options], warm_pool.worker_env(settings)
    with append_binary(attempt / LOG) as log, held_for_worker(attempt) as descriptors:
        if module == WORKER and warm_pool.send(arguments, env=env, log=log, descriptors=descriptors):
            return attempt
        subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=descriptors,
            env=env,
        )
    return attempt


def run_worker(arguments: Sequence[str], work: Callable[..., object]) -> int:
    """Do `work(folder, attempt=, settings=, inputs=)` and return the exit code: 0 done, 1 failed, 4 cancelled.

    A polite kill (SIGTERM) cancels. The process steps back behind others (niceness 10): it is a guest on the machine that
    serves the pages.
    """
    keep_private()
    given = _parser().parse_args(arguments)
    folder, attempt = JobFolder(given.folder), given.folder / "attempts" / given.attempt
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(warm_pool.NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    signal.signal(signal.SIGTERM, lambda *_: private_touch(attempt / CANCEL))
    try:
        _learn_kind(folder, module=given.kind_module, name=given.kind_class)
        inputs = JobInputs(on_done=hook_named(given.on_done) if given.on_done else None)
        work(folder, attempt=attempt, settings=Settings.from_env(), inputs=inputs)
    except Cancelled:
        return CANCELLED
    except Exception as cause:
        print(f"{type(cause).__name__}: {cause}", file=sys.stderr)
        return FAILED
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Work on one attempt at a job.")
    parser.add_argument("folder", type=Path, help="the folder of the job")
    parser.add_argument("attempt", help="the name of the attempt, such as 0001")
    parser.add_argument("--kind-module", default="", help="a module that registers the kind of the job")
    parser.add_argument("--kind-class", default="", help="the class of the kind in it, where its import registers none")
    parser.add_argument("--on-done", default="", help="module:function that is called once the job is through")
    return parser


def _options(kind: JobKind, on_done: DoneHook | None) -> list[str]:
    """The options by which a worker knows the kind and the hook: modules of this process, none of them from a spec."""
    options = []
    if kind.module == "__main__":
        raise ConfigError(
            "A worker could not know this kind of job.",
            expected="a kind that a module registers as it is imported",
            found=f"{kind.name}, which a script registers",
            hint="move the kind into a module, or run the job in this process",
        )
    if not kind.module.startswith(_OWN_KINDS):
        options += ["--kind-module", kind.module, "--kind-class", type(kind).__name__]
    if on_done is not None:
        options += ["--on-done", hook_name(on_done)]
    return options


def _learn_kind(folder: JobFolder, *, module: str, name: str) -> None:
    """Import the module of the job's kind where the kind is not known yet, and register its class where that did not.

    `run_job` reports a kind that stays unknown.
    """
    try:
        kind_of(folder)
    except RebracketError:
        if not module:
            return
        try:
            found = getattr(import_module(module), name, None)
        except ImportError as cause:
            logger.error("The module of the job's kind cannot be imported: %s", cause)
            return
        if isinstance(found, type) and issubclass(found, JobKind) and found.name not in JOB_KINDS:
            JOB_KINDS.register(found)
