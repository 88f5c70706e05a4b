"""A training as a dstack task: one YAML file and a folder beside it, for RunPod or any backend that dstack knows."""

from __future__ import annotations

import re
import shutil
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

from rebracket_core.errors import InputError, StoreError
from rebracket_core.files import export_bytes, give_to_person, make_folder, persons_mode, write_bytes
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

    @property
    def files(self) -> Path:
        """The folder beside the task that goes to the machine with it."""
        return self._task.with_name(f"{self._task.stem}-files")

    def launch(self, folder: JobFolder) -> None:
        """Write the task of the job and the folder of its files; nothing is started.

        The task works on the job, leaves the run as one file, and waits at most two hours for that to be fetched.
        Raises InputError where the folder is there already, StoreError where it cannot be written.
        """
        check_startable(folder)
        check_remote(folder)
        if self.files.exists():
            raise InputError(
                "The folder of the task is there already.",
                expected="a new name",
                found=str(self.files),
                hint="name another file, or remove the folder",
            )
        try:
            parent = self._task.parent
            make_folder(parent, mode=persons_mode(parent, folder=True))
            with remote_bundle(folder, settings=self._settings) as root:
                write_bytes(root / "requirements.txt", "".join(f"{line}\n" for line in _requirements()).encode())
                shutil.copytree(root, self.files)
            give_to_person(self.files, place=self.files)
            task = dstack_task(folder, parts=self.files.name, gpu=self._gpu)
            export_bytes(self._task, _yaml(task).encode("utf-8"))
        except OSError as cause:
            raise StoreError(
                "The task cannot be written.",
                expected="a folder with room",
                found=str(cause),
                hint="name another place",
                where=str(self._task),
            ) from cause

    def cancel(self, folder: JobFolder) -> None:
        """Raise InputError: the worker is not of this home."""
        raise InputError(
            "A dstack task is not cancelled here.",
            expected="a job on an executor of this home",
            found=f"{folder.job_id} as a task",
            hint="run: dstack stop",
        )


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
