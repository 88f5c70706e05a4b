"""The worker process: `python -m rebracket_core.jobs.worker RUN_FOLDER ATTEMPT` trains (or searches) one attempt and ends."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path

from rebracket_core.jobs.execute import execute
from rebracket_core.jobs.folder import RunFolder
from rebracket_core.jobs.searching import execute_search, is_search
from rebracket_core.jobs.state import CANCEL
from rebracket_core.settings import Settings
from rebracket_core.training import Cancelled


def main(arguments: list[str]) -> int:
    """Train; 0 when done, 1 when it failed, 4 when it was cancelled. A polite kill (SIGTERM) cancels."""
    folder, attempt = RunFolder(Path(arguments[0])), Path(arguments[0]) / "attempts" / arguments[1]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: (attempt / CANCEL).touch())
    try:
        work = execute_search if is_search(folder) else execute
        work(folder, attempt=attempt, settings=Settings.from_env())
    except Cancelled:
        return 4
    except Exception as cause:
        print(f"{type(cause).__name__}: {cause}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
