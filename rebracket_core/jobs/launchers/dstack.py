"""A training as a dstack task: one YAML file and a folder beside it, for RunPod or any backend that dstack knows."""

from __future__ import annotations

import re
import shutil
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

from rebracket_core.errors import InputError, StoreError
from rebracket_core.files import write_bytes
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.launchers.base import Launcher, check_startable
from rebracket_core.jobs.launchers.bundle import check_remote, remote_bundle
from rebracket_core.settings import Settings

ROOM = "/rebracket"
RESULT = "run.zip"
FETCHED = "fetched"
_WAIT_MIN = 120
_DEFAULT_GPU = "16GB.."


class DstackLauncher(Launcher):
    """Tasks for dstack: `launch` writes a file and a folder beside it, and people start it with `dstack apply`.

    Args:
        settings: the settings of the home.
        task: the file to write.
        gpu: the graphics card, as dstack names them.
    """

    name = "dstack"
    label = "dstack task"
    help = "Write a task for RunPod, or any backend that dstack knows, to be started with dstack apply."
    starts_at_once = False

    def __init__(self, settings: Settings, *, task: Path, gpu: str = _DEFAULT_GPU) -> None:
        super().__init__(settings)
        self._task = task
        self._gpu = gpu

    def launch(self, folder: JobFolder) -> None:
        """Write the task of the job. Raises InputError where it is there already."""
        check_startable(folder)
        check_remote(folder)
        write_dstack_task(self._task, folder, settings=self._settings, gpu=self._gpu)

    def cancel(self, folder: JobFolder) -> None:
        """Raise InputError: the worker is not of this home."""
        raise InputError(
            "A dstack task is not cancelled here.",
            expected="a job on an executor of this home",
            found=f"{folder.job_id} as a task",
            hint="run: dstack stop",
        )


def write_dstack_task(file: Path, folder: JobFolder, *, settings: Settings, gpu: str = _DEFAULT_GPU) -> Path:
    """Write the task to `file`, to be run with `dstack apply -f`, and return the folder beside it that goes along.

    The task trains the run, leaves it as one file, and waits at most two hours for that to be fetched.
    """
    parts = file.with_name(f"{file.stem}-files")
    if parts.exists():
        raise InputError(
            "The folder of the task is there already.",
            expected="a new name",
            found=str(parts),
            hint="name another file, or remove the folder",
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with remote_bundle(folder, settings=settings) as root:
            write_bytes(root / "requirements.txt", "".join(f"{line}\n" for line in _requirements()).encode())
            shutil.copytree(root, parts)
        write_bytes(file, _yaml(dstack_task(folder, parts=parts.name, gpu=gpu)).encode("utf-8"))
    except OSError as cause:
        raise StoreError(
            "The task cannot be written.",
            expected="a folder with room",
            found=str(cause),
            hint="name another place",
            where=str(file),
        ) from cause
    return parts


def dstack_task(folder: JobFolder, *, parts: str, gpu: str) -> dict[str, Any]:
    """The task as plain values."""
    run_id = folder.run_id
    return {
        "type": "task",
        "name": _name(run_id),
        "python": "3.11",
        "files": [{"local_path": f"./{parts}", "path": ROOM}],
        "env": [f"REBRACKET_HOME={ROOM}/home", "REBRACKET_DEVICE=auto"],
        "commands": [
            f"cd {ROOM}",
            "pip install -r requirements.txt",
            f"mkdir -p home/runs/{run_id}/attempts/0001",
            f"python -m rebracket_core.jobs.workers.worker home/runs/{run_id} 0001",
            f"python -m rebracket_core.cli export-run {run_id} --out {RESULT}",
            f"for minute in $(seq {_WAIT_MIN}); do if [ -e {FETCHED} ]; then break; fi; sleep 60; done",
        ],
        "backends": ["runpod"],
        "resources": {"gpu": gpu, "memory": "16GB..", "disk": "60GB.."},
        "max_duration": "12h",
    }


def _name(run_id: str) -> str:
    """The run's id as dstack takes names: it begins with a letter, and has at most 41 of a-z, 0-9 and "-"."""
    return f"r-{re.sub('[^a-z0-9-]+', '-', run_id.lower())}"[:41].rstrip("-")


def _requirements() -> list[str]:
    """What Rebracket needs on the other machine: the base requirements of this installation, without extras."""
    try:
        return sorted(line for line in requires("rebracket") or () if "extra ==" not in line)
    except PackageNotFoundError as cause:
        raise InputError(
            "What Rebracket needs is not known here.",
            expected="an installed Rebracket",
            found="none",
            hint="run: pip install -e .",
        ) from cause


def _yaml(task: dict[str, Any]) -> str:
    import yaml

    head = "# Train with: dstack apply -f FILE. Then fetch the run: see docs/remote.md.\n"
    return head + yaml.safe_dump(task, sort_keys=False, allow_unicode=True)
