"""What uses what in a home: the one place that knows why a run, data set, search, map or project may not go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import ModelError
from rebracket_core.files import is_archived, lock_file, make_folder
from rebracket_core.runs import RunStore

if TYPE_CHECKING:
    from rebracket_core.annotation import LabelSession, Project
    from rebracket_core.settings import Settings

_LOCK = ".new.usage.lock"


class StoredKind(StrEnum):
    """What a home keeps under an id."""

    RUN = "run"
    DATASET = "dataset"
    SEARCH = "search"
    MAP = "map"
    PROJECT = "project"

    @property
    def label(self) -> str:
        """The kind as people read it."""
        return "data set" if self is StoredKind.DATASET else self.value


@dataclass(frozen=True, slots=True)
class Reference:
    """A run, search or map that names other parts of the home in its spec."""

    kind: StoredKind
    stored_id: str
    spec: dict[str, Any]

    @property
    def words(self) -> str:
        """Its kind and id."""
        return f"the {self.kind.label} {self.stored_id}"

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of the data sets that it reads."""
        return tuple(part.strip() for part in str(self.spec.get("dataset", "")).split("+"))

    @property
    def config(self) -> dict[str, Any]:
        """Its options; empty where there are none."""
        found = self.spec.get("config")
        return found if isinstance(found, dict) else {}


@contextmanager
def changing(settings: Settings) -> Iterator[None]:
    """Hold the home while inside: nothing is removed while something that refers to it is made, in any process."""
    with lock_file(make_folder(settings.home) / _LOCK):
        yield


def folder_of_kind(kind: StoredKind, settings: Settings) -> Path:
    """The folder below which each of the kind has a folder named after its id."""
    from rebracket_core.jobs.kinds import maps_dir

    folders = {
        StoredKind.RUN: settings.runs,
        StoredKind.DATASET: settings.library,
        StoredKind.SEARCH: settings.searches,
        StoredKind.MAP: maps_dir(settings),
        StoredKind.PROJECT: settings.home / "projects",
    }
    return folders[kind]


def listed_projects(session: LabelSession, settings: Settings) -> list[Project]:
    """The labelling projects that are not archived, newest first; closed ones too."""
    from rebracket_core.annotation import list_projects

    parent = folder_of_kind(StoredKind.PROJECT, settings)
    return [project for project in list_projects(session) if not is_archived(parent / project.project_id)]


def references(settings: Settings) -> list[Reference]:
    """Every run, search and map whose spec can be read, archived and broken ones too."""
    found = []
    for kind in (StoredKind.RUN, StoredKind.SEARCH, StoredKind.MAP):
        parent = folder_of_kind(kind, settings)
        for path in sorted(parent.iterdir()) if parent.is_dir() else ():
            try:
                spec = json.loads((path / "spec.json").read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue  # nothing can be read of it, so nothing can be made of it either
            if isinstance(spec, dict):
                found.append(Reference(kind, path.name, spec))
    return found


def uses_of(kind: StoredKind, stored_id: str, *, settings: Settings, projects: list[Project], digest: str = "") -> list[str]:
    """What uses one thing, each in words; empty where nothing does.

    Args:
        kind: of the thing.
        stored_id: of the thing.
        settings: those of the home.
        projects: its labelling projects.
        digest: of a data set's rows: what was made of other rows under the same name does not use it.
    """
    folder = folder_of_kind(kind, settings) / stored_id
    busy = ["its own worker, which is at work on it"] if is_busy(folder) else []
    if kind is StoredKind.RUN:
        production = ["verdicts: it is the production model"] if RunStore(settings.runs).promoted_id() == stored_id else []
        return [*production, *busy, *(r.words for r in references(settings) if _refers_to_run(r, stored_id, folder=folder))]
    if kind is StoredKind.SEARCH:
        return [*busy, *(r.words for r in references(settings) if r.spec.get("search_id") == stored_id)]
    if kind is StoredKind.DATASET:
        readers = [r.words for r in references(settings) if _reads(r, stored_id, digest=digest)]
        same = [p for p in projects if not digest or "+" in p.dataset or p.dataset_digest in ("", digest)]
        labelled = [p for p in same if stored_id in p.dataset.split("+")]
        return [*readers, *(f"the project {p.project_id}" for p in labelled)]
    return busy


def is_busy(folder: Path) -> bool:
    """Whether a worker has the job of a folder or is about to."""
    from rebracket_core.jobs import JobFolder, job_state

    try:
        return job_state(JobFolder(folder)).status.active
    except ModelError:  # no job, or one whose spec is damaged
        return False


def _refers_to_run(reference: Reference, run_id: str, *, folder: Path) -> bool:
    if reference.kind is StoredKind.RUN and reference.stored_id == run_id:
        return False
    encoder = str(reference.config.get("encoder") or "")
    below = bool(encoder) and Path(encoder).is_absolute() and Path(encoder).is_relative_to(folder.absolute())
    return below or reference.config.get("run_id") == run_id


def _reads(reference: Reference, name: str, *, digest: str) -> bool:
    if name not in reference.datasets:
        return False
    return len(reference.datasets) > 1 or not digest or reference.spec.get("dataset_digest") in (None, digest)
