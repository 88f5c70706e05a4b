"""One process of a fine-tuning that several share: `torchrun ... -m rebracket_core.training.tuning_process FOLDER PARENT`.

What it has to say goes to files of the folder: points of the curves, one JSON a line, and how far it is; the file `cancel`
there asks it to stop. It ends on its own when the process PARENT, for which it works, is gone.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rebracket_core.files import keep_private, write_json
from rebracket_core.records import append_records
from rebracket_core.training.tuning_job import TuningJob
from rebracket_core.training.watch import Cancelled

POINTS, STEP, CANCEL = "points.jsonl", "step.json", "cancel"
CANCELLED_CODE = 4
_EVERY_S = 0.2


def main(arguments: list[str]) -> int:
    """Train this process' share; 0 when done, CANCELLED_CODE when somebody stopped it."""
    keep_private()
    folder, parent = Path(arguments[0]), int(arguments[1])
    from rebracket_core.training.tuning import run_tuning

    wrote_s = 0.0

    def step(done: int, total: int) -> None:
        nonlocal wrote_s
        if time.monotonic() - wrote_s > _EVERY_S or done == total:
            wrote_s = time.monotonic()
            write_json(folder / STEP, {"done": done, "total": total})
        if (folder / CANCEL).exists() or not _lives(parent):
            raise Cancelled("The training was cancelled.")

    def point(values: Mapping[str, Any]) -> None:
        append_records(folder / POINTS, [values], lasting=False)

    try:
        run_tuning(TuningJob.load(folder), folder, step=step, point=point)
    except Cancelled:
        return CANCELLED_CODE
    return 0


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
