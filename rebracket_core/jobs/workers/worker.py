"""The worker process: `python -m rebracket_core.jobs.workers.worker RUN ATTEMPT` trains (or searches) and ends."""

from __future__ import annotations

import sys
from pathlib import Path

from rebracket_core.jobs.attempt import execute
from rebracket_core.jobs.folder import RunFolder
from rebracket_core.jobs.kinds.search import execute_search, is_search
from rebracket_core.jobs.workers.process import run_worker


def main(arguments: list[str]) -> int:
    """Train; see `run_worker` for the exit code."""
    return run_worker(arguments, execute_search if is_search(RunFolder(Path(arguments[0]))) else execute)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
