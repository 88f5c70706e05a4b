"""The worker process of a map: `python -m rebracket_core.jobs.workers.map_worker MAP_FOLDER ATTEMPT` fits it and ends."""

from __future__ import annotations

import sys

from rebracket_core.jobs.kinds.map import fit_map
from rebracket_core.jobs.workers.process import run_worker


def main(arguments: list[str]) -> int:
    """Fit; see `run_worker` for the exit code."""
    return run_worker(arguments, fit_map)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
