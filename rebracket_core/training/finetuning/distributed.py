"""A fine-tuning shared by several processes: torchrun starts them, their words come back through files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from rebracket_core.errors import ModelError
from rebracket_core.files import private_touch
from rebracket_core.records import records_in
from rebracket_core.training.callbacks import Callback, Cancelled
from rebracket_core.training.finetuning.job import TuningJob
from rebracket_core.training.finetuning.process import CANCEL, POINTS, STEP

_POLL_S = 0.1
_LEAVE_S = 120.0  # to write a checkpoint after a cancel


def share_tuning(job: TuningJob, folder: Path, *, callback: Callback) -> None:
    """The same as `tuning.run_tuning`, in `processes` processes of this machine that share each batch (DDP).

    Raises Cancelled where the callback does, once the processes have written a checkpoint; ModelError where they failed.
    """
    for name in (CANCEL, POINTS, STEP):
        (folder / name).unlink(missing_ok=True)
    job.save(folder)
    processes = subprocess.Popen(_torchrun(job, folder), env={**os.environ, "OMP_NUM_THREADS": str(job.threads)})
    listener = _Listener(folder, callback=callback)
    try:
        while processes.poll() is None:
            time.sleep(_POLL_S)
            listener.listen()
        listener.listen()
    except Cancelled:
        private_touch(folder / CANCEL)
        processes.wait(timeout=_LEAVE_S)
        raise
    finally:
        if processes.poll() is None:
            processes.terminate()
            processes.wait(timeout=_LEAVE_S)
    if processes.returncode != 0:
        raise ModelError(
            "The processes that share the training failed.",
            expected="each to end well",
            found=f"torchrun ended with {processes.returncode}",
            hint="see the log; resume the run, with processes=1 if it fails again",
        )


def _torchrun(job: TuningJob, folder: Path) -> list[str]:
    """The command that starts the job's processes, which end where this process does."""
    return [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        str(job.config.finetuning.processes),
        "-m",
        "rebracket_core.training.finetuning.process",
        str(folder),
        str(os.getpid()),
    ]


class _Listener:
    """Reads what the processes wrote since the last time, and tells it."""

    def __init__(self, folder: Path, *, callback: Callback) -> None:
        self._folder, self._callback = folder, callback
        self._read = 0

    def listen(self) -> None:
        try:
            with open(self._folder / POINTS, "rb") as file:
                file.seek(self._read)
                fresh = file.read()
        except FileNotFoundError:
            fresh = b""
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read += len(whole)
        for point in records_in(whole, where=self._folder / POINTS):
            self._callback.on_epoch(point)
        try:
            step = json.loads((self._folder / STEP).read_text(encoding="utf-8"))
        except FileNotFoundError:
            step = {"done": 0, "total": 1}
        self._callback.update("", int(step["done"]), int(step["total"]))
