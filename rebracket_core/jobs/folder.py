"""A job on disk: an immutable spec, numbered attempts, checkpoints, and what it makes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebracket_core.errors import ModelError
from rebracket_core.files import PRIVATE_FOLDER, make_folder, write_json

SCHEMA_VERSION = 1
SPEC = "spec.json"


def now() -> str:
    """The moment in UTC, ISO 8601, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class JobFolder:
    """One folder of a job, such as `runs/<run_id>/`: where its parts lie."""

    path: Path

    @property
    def job_id(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def run_id(self) -> str:
        """The job's id under the name that specs, JSON and model manifests use."""
        return self.path.name

    @property
    def checkpoints(self) -> Path:
        """The folder of what an interrupted attempt left for the next one."""
        return self.path / "checkpoints"

    def spec(self) -> dict[str, Any]:
        """Read the description of the job. Raises ModelError where it cannot be read."""
        try:
            found = json.loads((self.path / SPEC).read_text(encoding="utf-8"))
            if not isinstance(found, dict):
                raise ValueError("it is no mapping")
        except (OSError, ValueError) as cause:
            raise ModelError(
                "The run's description cannot be read.",
                expected=f"{SPEC}, as it was written when the run was made",
                found=f"{type(cause).__name__}: {cause}",
                hint="train again",
                where=str(self.path),
            ) from cause
        return found

    def attempts(self) -> list[Path]:
        """The folders of the attempts, oldest first."""
        return sorted(p for p in self.path.glob("attempts/[0-9]*") if p.is_dir())

    def new_attempt(self) -> Path:
        """Make the folder of a fresh attempt; two processes that ask at once get two numbers."""
        number = len(self.attempts()) + 1
        while True:
            attempt = self.path / "attempts" / f"{number:04d}"
            make_folder(attempt.parent)
            try:
                attempt.mkdir(mode=PRIVATE_FOLDER)
                return attempt
            except FileExistsError:
                number += 1


def create_job(path: Path, *, spec: Mapping[str, Any]) -> JobFolder:
    """Make the folder of a job with its spec; nothing is started.

    Args:
        path: the folder; its name is the job's id. It may exist already, without a spec.
        spec: the description of the job, plain values; `kind` names its kind (see `jobs.kinds`).
    """
    folder = JobFolder(path)
    make_folder(path)
    core = {"schema_version": SCHEMA_VERSION, "run_id": folder.job_id, "created_at": now()}
    write_json(path / SPEC, {**core, **spec})
    return folder
