"""The production run: one small file names it, with the runs that were in production before it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from rebracket_core.encoders import VECTORS_PREFIX
from rebracket_core.errors import InputError, ModelError
from rebracket_core.files import is_archived, lock_file, make_folder, write_json
from rebracket_core.jobs import SPEC, JobFolder, now
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig
from rebracket_core.validation import untrained_tasks

_PROMOTED = "promoted.json"
_MOST_KEPT = 50


def promoted_id(runs: Path) -> str | None:
    """The id of the production run, or None."""
    note = _note(runs)
    return str(note["run_id"]) if note else None


def gives_verdicts(folder: JobFolder) -> bool:
    """Whether a run learnt what a verdict needs: axes and album."""
    return not _untrained(folder)


def _untrained(folder: JobFolder) -> tuple[str, ...]:
    """What a verdict needs and the run did not learn: it is no task of it, or its labels could not teach it."""
    tasks = _config(folder).tasks.tasks
    try:
        metrics = json.loads((folder.path / "evaluation.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not finished, or of an earlier version: the tasks alone say it
        metrics = {}
    return untrained_tasks({"config": {"tasks": tasks}, "metrics": metrics})


def _config(folder: JobFolder) -> TrainingConfig:
    return TrainingConfig.from_dict(folder.spec()["config"])


def promote_first(folder: JobFolder, settings: Settings) -> None:
    """Promote a run where none is in production and it gives verdicts on texts; a `jobs.DoneHook` for trainings.

    A run on vectors of its data waits for a person to promote it: it could not say anything of a plain text.
    """
    if not gives_verdicts(folder) or _config(folder).features.encoder.startswith(VECTORS_PREFIX):
        return
    with _alone(settings.runs):
        if promoted_id(settings.runs) is None:
            _promote(settings.runs, folder.run_id)


def promote(runs: Path, run_id: str) -> None:
    """Make a run the production run; the one before it is remembered. Raises ModelError for a run that gives no verdicts."""
    folder = JobFolder(runs / run_id)
    if (folder.path / SPEC).is_file() and not gives_verdicts(folder):
        raise ModelError(
            "The run cannot be promoted.",
            expected="a run that was trained on axes and album, which every verdict needs",
            found=f"it did not learn {' and '.join(_untrained(folder))}",
            hint=f"what it learnt it predicts without being promoted: rebracket predict FILE --run {run_id}; for verdicts, "
            "train a run with the tasks axes and album on texts of several albums, and promote that one",
        )
    if is_archived(folder.path):
        raise ModelError(
            "The run cannot be promoted.",
            expected="a run that is not archived",
            found=f"{run_id} is archived",
            hint=f"rebracket restore run {run_id}",
        )
    with _alone(runs):
        _promote(runs, run_id)


def roll_back(runs: Path) -> str:
    """Promote the previous production run again, and return its id. Raises InputError where there was none."""
    with _alone(runs):
        note = _note(runs)
        earlier = [old for old in _earlier(note) if _is_listed(runs / old)]
        if not note or not earlier:
            raise InputError(
                "There is nothing to roll back to.",
                expected="a production model before this one",
                found="none",
                hint="promote another run by name",
            )
        _write(runs, earlier[0], earlier=earlier[1:])
        return str(earlier[0])


def previous_id(runs: Path) -> str | None:
    """The id of the run that was in production before this one and is still there, or None."""
    return next((old for old in _earlier(_note(runs)) if _is_listed(runs / old)), None)


def _is_listed(folder: Path) -> bool:
    return folder.is_dir() and not is_archived(folder)


@contextmanager
def _alone(runs: Path) -> Iterator[None]:
    """Hold the note while it is read and written anew: two processes that promote at once forget no run of each other's."""
    with lock_file(make_folder(runs) / f".{_PROMOTED}.lock"):
        yield


def _promote(runs: Path, run_id: str) -> None:
    note = _note(runs)
    earlier = [note["run_id"], *_earlier(note)] if note and note["run_id"] != run_id else _earlier(note)
    _write(runs, run_id, earlier=earlier)


def _write(runs: Path, run_id: str, *, earlier: list[str]) -> None:
    write_json(runs / _PROMOTED, {"run_id": run_id, "at": now(), "earlier": earlier[:_MOST_KEPT]})


def _earlier(note: dict[str, Any] | None) -> list[str]:
    return list(note.get("earlier", [])) if note else []


@lru_cache(maxsize=16)
def _read(path: Path, _version: tuple[int, int, int]) -> dict[str, Any] | None:
    """The note of a file; every verdict needs it, and a file that has not changed (time, inode, size) has the same content."""
    note: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return note if note["run_id"] else None


def _note(runs: Path) -> dict[str, Any] | None:
    path = runs / _PROMOTED
    try:
        file = path.stat()
        return _read(path, (file.st_mtime_ns, file.st_ino, file.st_size))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ModelError(
            "The note of the production model cannot be read.",
            expected="a JSON document",
            found=str(cause),
            hint="promote a run again",
            where=str(path),
        ) from cause
