"""A run on disk: an immutable spec, numbered attempts, checkpoints, a model."""

from __future__ import annotations

import datetime as dt
import json
import platform
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebracket_core import __version__
from rebracket_core.corpus.schema import DatasetMeta
from rebracket_core.corpus.soft_targets import HumanTarget
from rebracket_core.errors import DataError, ModelError
from rebracket_core.files import PRIVATE_FOLDER, make_folder, write_json
from rebracket_core.training import TrainingConfig

SCHEMA_VERSION = 1
LABELS = "labels.json"


def now() -> str:
    """The moment in UTC, ISO 8601, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One `runs/<run_id>/`: where its parts lie."""

    path: Path

    @property
    def run_id(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def checkpoints(self) -> Path:
        """The folder of what an interrupted training left for the next attempt."""
        return self.path / "checkpoints"

    def spec(self) -> dict[str, Any]:
        """What the run was asked to be; a ModelError where it cannot be read."""
        try:
            found: dict[str, Any] = json.loads((self.path / "spec.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as cause:
            raise ModelError(
                "The run's description cannot be read.",
                expected="spec.json, as it was written when the run was made",
                found=f"{type(cause).__name__}: {cause}",
                hint="train again",
                where=str(self.path),
            ) from cause
        return found

    def human(self, config: TrainingConfig) -> list[HumanTarget]:
        """What people said of texts, kept when the run was made, so that it can be trained anywhere; a DataError without."""
        if config.data.labels == "none":
            return []
        try:
            found = json.loads((self.path / LABELS).read_text(encoding="utf-8"))
            if found["labels"] != config.data.labels:
                raise ValueError(f"they are of {found['labels']}")
            return [HumanTarget.from_dict(raw) for raw in found["texts"]]
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise DataError(
                "The labels of the run cannot be read.",
                expected=f"{LABELS} with the labels of {config.data.labels}",
                found=f"{type(cause).__name__}: {cause}",
                hint="train a new run",
                where=str(self.path),
            ) from cause

    def attempts(self) -> list[Path]:
        """The folders of the attempts, oldest first."""
        return sorted(p for p in self.path.glob("attempts/[0-9]*") if p.is_dir())

    def new_attempt(self) -> Path:
        """A fresh attempt; two processes that ask at once get two numbers."""
        number = len(self.attempts()) + 1
        while True:
            attempt = self.path / "attempts" / f"{number:04d}"
            make_folder(attempt.parent)
            try:
                attempt.mkdir(mode=PRIVATE_FOLDER)
                return attempt
            except FileExistsError:
                number += 1


def create_run(
    runs: Path,
    *,
    meta: DatasetMeta,
    config: TrainingConfig,
    encoder_id: str,
    human: Sequence[HumanTarget] = (),
    more: Mapping[str, Any] | None = None,
) -> RunFolder:
    """A new run folder below `runs` with its spec, and the people's labels that it learns from; nothing is trained yet.

    `more` is kept in the spec as it is.
    """
    stamp = dt.datetime.now(dt.UTC)
    folder = _fresh_folder(runs, f"{stamp:%Y%m%d-%H%M%S}-{meta.name[:24]}")
    run_id = folder.run_id
    if config.data.labels != "none":
        write_json(folder.path / LABELS, {"labels": config.data.labels, "texts": [target.to_dict() for target in human]})
    write_json(
        folder.path / "spec.json",
        {
            "schema_version": SCHEMA_VERSION,
            "run_id": run_id,
            "created_at": stamp.isoformat(timespec="seconds"),
            "dataset": meta.name,
            "dataset_digest": meta.digest,
            "config": config.to_dict(),
            "encoder_id": encoder_id,
            "code_version": __version__,
            "python": platform.python_version(),
            "seed": config.data.seed,
            **(more or {}),
        },
    )
    return folder


def _fresh_folder(runs: Path, name: str) -> RunFolder:
    """A new folder below `runs`, its name ended by chance; two runs that are made in one second never share one."""
    make_folder(runs)
    while True:
        folder = RunFolder(runs / f"{name}-{secrets.token_hex(2)}")
        try:
            folder.path.mkdir(mode=PRIVATE_FOLDER)
            return folder
        except FileExistsError:
            continue
