"""The worker on a remote machine, which prints what it writes: `python -m ...remote_worker FOLDER ATTEMPT`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from rebracket_core.files import append_binary, keep_private
from rebracket_core.jobs.state import LOG
from rebracket_core.jobs.workers.log_transport import FolderSender
from rebracket_core.jobs.workers.process import WORKER

_EVERY_S = 0.5


def main(arguments: list[str]) -> int:
    """Run a worker, print the files that it writes while it works, and return its exit code. SIGTERM asks it to stop."""
    keep_private()
    folder, attempt = Path(arguments[0]).resolve(), arguments[1]
    os.environ.setdefault("REBRACKET_HOME", str(folder.parents[1]))
    os.environ["REBRACKET_HOME"] = str(Path(os.environ["REBRACKET_HOME"]).resolve())
    sender = FolderSender(folder)  # before the worker writes: what came with the job is not sent back
    # The worker logs into the job's own log: two that print into one job log would cut each other's lines.
    # It has a session of its own: who stops the job signals the whole group, and the worker is to hear of it once.
    with append_binary(folder / "attempts" / attempt / LOG) as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", WORKER, str(folder), attempt],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    signal.signal(signal.SIGTERM, lambda *_: worker.terminate())
    while (code := worker.poll()) is None:
        _send(sender)
        time.sleep(_EVERY_S)
    _send(sender)
    return code


def _send(sender: FolderSender) -> None:
    for line in sender.lines():
        print(line)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
