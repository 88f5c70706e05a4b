"""The commands `archive`, `restore`, `archived` and `delete`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rebracket_core.cli.exit_codes import DONE, command, out
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for
from rebracket_core.cli.tables import columns, one_line
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from rebracket_core.services import Stored

KindArgument = Annotated[str, typer.Argument(metavar="KIND", help="run, dataset, search, map or project.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The id, or the name of a data set.")]


@command
def archive(kind: KindArgument, stored: IdArgument, *, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """Leave a run, data set, search, map or project out of lists; by its id it is read as before, and `restore` undoes it."""
    workbench_for(home).lifecycle.archive(kind, stored)
    out.answer(
        {"archived": {"kind": kind, "id": stored}}, f"{one_line(stored)} is archived, and in no list any more.", as_json=as_json
    )
    return DONE


@command
def restore(kind: KindArgument, stored: IdArgument, *, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """Put what was archived back into the lists."""
    workbench_for(home).lifecycle.restore(kind, stored)
    out.answer({"restored": {"kind": kind, "id": stored}}, f"{one_line(stored)} is in the lists again.", as_json=as_json)
    return DONE


@command
def archived(*, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """List what is archived."""
    found = workbench_for(home).lifecycle.archived()
    text = columns(("kind", "id"), [(kind.label, name) for kind, name in found]) if found else "Nothing is archived."
    out.answer({"archived": [{"kind": str(kind), "id": name} for kind, name in found]}, text, as_json=as_json)
    return DONE


@command
def delete(
    kind: KindArgument,
    stored: IdArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Delete it without asking.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Remove a run, data set, search or map for good, unless something uses it."""
    lifecycle = workbench_for(home).lifecycle
    if not yes:
        _confirm(lifecycle.look_at(kind, stored), as_json=as_json)
    gone = lifecycle.delete(kind, stored)
    document = {"deleted": {"kind": str(gone.kind), "id": stored, "files": gone.n_files, "bytes": gone.n_bytes}}
    out.answer(document, f"{one_line(stored)} is deleted ({gone.n_files:,} files, {gone.n_bytes:,} bytes).", as_json=as_json)
    return DONE


def _confirm(found: Stored, *, as_json: bool) -> None:
    """Ask on the terminal. Raises InputError where there is none, or the reply is no."""
    if as_json or not sys.stdin.isatty():
        raise InputError(
            "It is not clear that this may go.",
            expected="--yes, where no terminal can ask",
            found="no --yes",
            hint=f"rebracket delete {found.kind} {found.stored_id} --yes",
        )
    size = f"{found.n_files:,} files, {found.n_bytes:,} bytes"
    if not typer.confirm(f"Delete the {found.kind.label} {one_line(found.stored_id)} ({size}) for good?", err=True):
        raise InputError("Nothing was deleted.", expected="yes", found="no", hint="run it again to delete it")
