"""One process of a fine-tuning that several share: `torchrun ... -m rebracket_core.training.finetuning.process FOLDER PARENT`.

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
from rebracket_core.training.callbacks import Callback, Cancelled
from rebracket_core.training.finetuning.job import TuningJob

POINTS, STEP, CANCEL = "points.jsonl", "step.json", "cancel"
CANCELLED_CODE = 4
_EVERY_S = 0.2


class _ToFiles(Callback):
    """Writes progress into files of the folder, and hears there that it shall stop."""

    def __init__(self, folder: Path, *, parent: int) -> None:
        self._folder, self._parent, self._wrote_s = folder, parent, 0.0

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        if time.monotonic() - self._wrote_s > _EVERY_S or done == total:
            self._wrote_s = time.monotonic()
            write_json(self._folder / STEP, {"done": done, "total": total})
        if (self._folder / CANCEL).exists() or not _lives(self._parent):
            raise Cancelled("The training was cancelled.")

    def on_epoch(self, figures: Mapping[str, Any]) -> None:
        append_records(self._folder / POINTS, [dict(figures)], lasting=False)


def main(arguments: list[str]) -> int:
    """Train this process' share; 0 when done, CANCELLED_CODE when somebody stopped it."""
    keep_private()
    folder, parent = Path(arguments[0]), int(arguments[1])
    from rebracket_core.training.finetuning.loop import run_tuning

    try:
        run_tuning(TuningJob.load(folder), folder, callback=_ToFiles(folder, parent=parent))
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
