"""The worker process of a job of any kind: `python -m rebracket_core.jobs.workers.worker FOLDER ATTEMPT` runs it and ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rebracket_core.jobs.attempt import run_job
from rebracket_core.jobs.workers.process import run_worker


def main(arguments: Sequence[str]) -> int:
    """Run the job; see `run_worker` for the arguments and the exit code."""
    return run_worker(arguments, run_job)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
