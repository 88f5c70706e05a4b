"""The commands `jobs` and `submit`: work in the background of every registered kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebracket_core.cli.exit_codes import DONE, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, pairs, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import columns, one_line

if TYPE_CHECKING:
    from rebracket_core.jobs import JobKind
    from rebracket_core.services import JobView


@command
def jobs(
    *,
    kinds: Annotated[bool, typer.Option("--kinds", help="List the kinds of jobs and their options instead.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """List the jobs of every kind, newest first: what each does and how far it is."""
    bench = workbench_for(home)
    if kinds:
        out.answer({"kinds": [_kind(kind) for kind in bench.jobs.kinds()]}, _kinds_text(bench.jobs.kinds()), as_json=as_json)
        return DONE
    found = bench.jobs.all()
    out.answer({"jobs": [view.to_dict() for view in found]}, _jobs_text(found), as_json=as_json)
    return DONE


@command
def submit(
    kind: Annotated[str, typer.Argument(help="The kind of job: {job_kinds}; see: rebracket jobs --kinds")],
    *,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Choose one option of the kind; may be repeated.")
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Start a worker and return at once; see it with: rebracket jobs")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Start a job of a kind that describes its options, here or in a worker."""
    bench = workbench_for(home)
    if detach:
        job_id = bench.jobs.submit(kind, values=pairs(values))
        out.answer({"job_id": job_id}, job_id, as_json=as_json)
        tell("A worker has it. How far it is: rebracket jobs; to stop it: rebracket cancel JOB")
        return DONE
    with showing() as progress:
        view = bench.jobs.run(kind, values=pairs(values), progress=progress)
    out.answer(view.to_dict(), f"{view.state.job_id}: {view.state.status}", as_json=as_json)
    return DONE


def _kind(kind: JobKind) -> dict[str, Any]:
    options = [
        {"name": o.name, "default": o.default, "allowed": o.allowed, "label": o.label, "help": o.help}
        for o in kind.options().values()
    ]
    return {"name": kind.name, "label": kind.label, "help": kind.help, "stages": list(kind.stages), "options": options}


def _kinds_text(kinds: tuple[JobKind, ...]) -> str:
    lines = []
    for kind in kinds:
        lines.append(f"{kind.name}, {kind.label}: {kind.help}")
        lines += [f"  {o.name}={o.default}  [{o.allowed}]\n      {one_line(o.help)}" for o in kind.options().values()]
    return "\n".join(lines)


def _jobs_text(found: list[JobView]) -> str:
    if not found:
        return "No jobs. Begin one: rebracket train DATASET --detach, or rebracket submit KIND"
    rows = [
        (
            view.state.job_id,
            view.label,
            view.state.created_at,
            str(view.state.status),
            view.state.stage,
            f"{view.state.done}/{view.state.total}",
        )
        for view in found
    ]
    return columns(("job", "kind", "made", "status", "stage", "done"), rows)
