"""Runs, data sets, searches, maps and projects put away, brought back and removed, unless something uses them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation import list_projects
from rebracket_core.errors import InputError, RebracketError, StoreError
from rebracket_core.files import ARCHIVED, is_archived, make_folder, remove_folder, write_json
from rebracket_core.jobs import now
from rebracket_core.services.usage import StoredKind, changing, folder_of_kind, is_busy, listed_projects, uses_of

if TYPE_CHECKING:
    from rebracket_core.annotation import Project
    from rebracket_core.services.labels.labels import Labels
    from rebracket_core.services.resources import Resources

_NAMED = 5
_PARTS = ("spec.json", "meta.json", "attempts", "model")  # one of them tells a folder of ours


@dataclass(frozen=True, slots=True)
class Stored:
    """One thing that a home keeps: its kind and id, whether it is archived, what it takes up, and what uses it."""

    kind: StoredKind
    stored_id: str
    archived: bool
    n_files: int
    n_bytes: int
    uses: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The thing as plain values."""
        return {**asdict(self), "kind": str(self.kind), "uses": list(self.uses)}


class Lifecycle:
    """Archiving, restoring and removing. An archived thing is left out of lists; whoever names it reads it as before."""

    def __init__(self, resources: Resources, *, labels: Labels) -> None:
        self._resources = resources
        self._settings = resources.settings
        self._labels = labels

    def look_at(self, kind: StoredKind | str, stored_id: str) -> Stored:
        """One thing, with what uses it. Raises InputError for an unknown kind or id."""
        known = _kind(kind)
        folder = self._folder(known, stored_id)
        files = [p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()] if not folder.is_symlink() else []
        size = sum(path.stat().st_size for path in files)
        return Stored(known, stored_id, is_archived(folder), len(files), size, self._uses(known, stored_id))

    def archived(self) -> list[tuple[StoredKind, str]]:
        """Everything that is archived, as (kind, id), by kind and id."""
        found = []
        for kind in StoredKind:
            parent = folder_of_kind(kind, self._settings)
            found += [(kind, p.name) for p in sorted(parent.iterdir()) if is_archived(p)] if parent.is_dir() else []
        return found

    def projects(self) -> list[Project]:
        """The labelling projects that are not archived, newest first."""
        return listed_projects(self._labels.session, self._settings)

    def require_listed(self, kind: StoredKind | str, stored_id: str) -> None:
        """Raise InputError where a thing is archived: it is read, and takes nothing new."""
        known = _kind(kind)
        if is_archived(folder_of_kind(known, self._settings) / stored_id):
            raise InputError(
                f"The {known.label} is archived and takes nothing new.",
                expected=f"a {known.label} that is not archived",
                found=repr(stored_id[:80]),
                hint=f"restore it where archived things are listed, or with: rebracket restore {known} {stored_id[:80]}",
            )

    def archive(self, kind: StoredKind | str, stored_id: str) -> None:
        """Leave a thing out of lists. Raises InputError for the production model and for what a worker is at work on."""
        known = _kind(kind)
        with changing(self._settings):
            folder = self._folder(known, stored_id)
            if known is StoredKind.RUN and self._resources.runs.promoted_id() == stored_id:
                raise _used(known, stored_id, ["verdicts: it is the production model"], verb="archived")
            if is_busy(folder):
                raise _used(known, stored_id, ["its own worker, which is at work on it"], verb="archived")
            self._write(folder)

    def restore(self, kind: StoredKind | str, stored_id: str) -> None:
        """Put a thing back into the lists. Raises InputError where it is not archived."""
        known = _kind(kind)
        with changing(self._settings):
            folder = self._folder(known, stored_id)
            if not is_archived(folder):
                raise InputError(
                    f"The {known.label} is not archived.",
                    expected="an archived one",
                    found=repr(stored_id[:80]),
                    hint="see: rebracket archived",
                )
            (folder / ARCHIVED).unlink(missing_ok=True)

    def delete(self, kind: StoredKind | str, stored_id: str) -> Stored:
        """Remove a thing for good, and say what it was. Raises InputError, naming what uses it, where something does."""
        known = _kind(kind)
        if known is StoredKind.PROJECT:
            raise InputError(
                "A project is never deleted.",
                expected="a project to archive",
                found=repr(stored_id[:80]),
                hint=f"the labels of people are events that stay; rebracket archive project {stored_id[:80]}",
            )
        with changing(self._settings):
            found = self.look_at(known, stored_id)
            if found.uses:
                raise _used(known, stored_id, list(found.uses), verb="deleted")
            self._remove(self._folder(known, stored_id))
        self._resources.forget(stored_id)
        return found

    def _uses(self, kind: StoredKind, stored_id: str) -> tuple[str, ...]:
        digest = ""
        if kind is StoredKind.DATASET:
            try:
                digest = self._resources.library.meta(stored_id).digest
            except RebracketError:  # damaged: whatever names it counts
                digest = ""
        projects = list_projects(self._labels.session)
        return tuple(uses_of(kind, stored_id, settings=self._settings, projects=projects, digest=digest))

    def _folder(self, kind: StoredKind, stored_id: str) -> Path:
        """The folder of a thing. Raises InputError where there is none of that id."""
        parent = folder_of_kind(kind, self._settings)
        plain = Path(stored_id).name == stored_id and not stored_id.startswith(".") and "\0" not in stored_id
        if kind is StoredKind.PROJECT:
            ids = [project.project_id for project in list_projects(self._labels.session)]
            good = plain and stored_id in ids
        else:
            there = (p for p in parent.iterdir() if not p.name.startswith(".")) if parent.is_dir() else ()
            ids = [p.name for p in sorted(there) if any((p / part).exists() for part in _PARTS) or p.is_symlink()]
            good = plain and stored_id in ids
        if not good:
            raise InputError(
                f"There is no such {kind.label}.",
                expected=f"one of {', '.join(ids[:_NAMED])}" + (" …" if len(ids) > _NAMED else "") if ids else "none is here",
                found=repr(stored_id[:80]),
                hint="check the id",
            )
        return parent / stored_id

    def _write(self, folder: Path) -> None:
        try:
            write_json(make_folder(folder) / ARCHIVED, {"at": now()})
        except OSError as cause:
            raise _unwritable(cause, folder) from cause

    def _remove(self, folder: Path) -> None:
        try:
            remove_folder(folder)
        except OSError as cause:
            raise _unwritable(cause, folder) from cause


def _kind(name: StoredKind | str) -> StoredKind:
    try:
        return StoredKind(name)
    except ValueError as cause:
        raise InputError(
            "There is no such kind of thing.",
            expected=", ".join(StoredKind),
            found=repr(str(name)[:80]),
            hint="name one of them",
        ) from cause


def _used(kind: StoredKind, stored_id: str, uses: list[str], *, verb: str) -> InputError:
    more = f" and {len(uses) - _NAMED} more" if len(uses) > _NAMED else ""
    return InputError(
        f"The {kind.label} {stored_id} is used, so it is not {verb}.",
        expected="one that nothing uses",
        found=f"it is used by {', '.join(uses[:_NAMED])}{more}",
        hint="promote another model, cancel the worker or delete what uses it first",
    )


def _unwritable(cause: OSError, folder: Path) -> StoreError:
    return StoreError(
        "The folder cannot be changed.",
        expected="a writable folder",
        found=cause.strerror or str(cause),
        hint="check its rights and the free space",
        where=str(folder),
    )
