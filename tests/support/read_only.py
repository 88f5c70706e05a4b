"""Disks that take nothing, for real: a folder mounted read-only for one command, or files that may not grow."""

from __future__ import annotations

import os
import resource
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 120


@cache
def can_mount() -> bool:
    """Whether this process may mount folders for a command of its own; root's writes are stopped by nothing else."""
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run(["unshare", "-m", "true"], capture_output=True, timeout=TIMEOUT_S, check=False)
    return done.returncode == 0


def run_read_only(home: Path, arguments: Sequence[object]) -> subprocess.CompletedProcess[str]:
    """The command `rebracket` over a home that it can read and not write."""
    place = shlex.quote(str(home))
    mount = f'mount --bind {place} {place} && mount -o remount,ro,bind {place} && exec "$@"'
    return _run(["unshare", "-m", "sh", "-c", mount, "sh", *_command(arguments)], home)


def run_full(home: Path, arguments: Sequence[object], *, most_bytes: int) -> subprocess.CompletedProcess[str]:
    """The same over a disk on which no file may hold more than so many bytes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    return _run(_command(arguments), home, limit)


def _command(arguments: Sequence[object]) -> list[str]:
    return [sys.executable, "-m", "rebracket_core.cli", *map(str, arguments)]


def _run(command: list[str], home: Path, limit: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "REBRACKET_HOME": str(home)}
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, preexec_fn=limit
    )
