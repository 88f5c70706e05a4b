"""The commands `annotations create|status|close|reopen|order|suggest|snapshot|backup`: people's labels without a browser."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebracket_core.cli.exit_codes import DONE, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.registry_help import RegistryHelp
from rebracket_core.cli.tables import columns
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from rebracket_core.annotation import Progress, Project
    from rebracket_core.services.labels import Labels

group = typer.Typer(
    name="annotations",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="People's labels: make projects, see how far they are, order them, name what a training takes, back up.",
)
_HEADS = ("project", "texts", "complete", "labels", "with people", "to adjudicate", "decided", "state")
PredictingRunOption = Annotated[
    str | None, typer.Option("--run", help="The run that predicts; by default the production model.")
]
ByOption = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who acts; by default the name of the system's user.")
]
ProjectArgument = Annotated[str, typer.Argument(help="The id of a labelling project.")]
OrderOption = Annotated[str, typer.Option("--order", metavar="NAME", help="The query strategy of the queue: {strategies}.")]
SuggestionsOption = Annotated[
    str, typer.Option("--suggestions", help="When the model's answer is shown: never, after one's own, before it.")
]


def acting(labels: Labels, by: str | None) -> str:
    """The person_id of whoever acts, enrolled on the first time."""
    from rebracket_core.annotation import enrol

    return enrol(labels.session, by or getpass.getuser()).person_id


@group.command(cls=RegistryHelp)
@command
def create(
    name: Annotated[str, typer.Argument(help="The name of the new project.")],
    dataset: Annotated[str, typer.Argument(help="The imported data set whose texts are labelled.")],
    *,
    overlap: Annotated[int, typer.Option("--overlap", min=1, max=20, help="Labels wanted of each text.")] = 1,
    order: OrderOption = "random",
    suggestions: SuggestionsOption = "never",
    blind: Annotated[float, typer.Option("--blind", min=0, max=1, help="Share of texts that never show one.")] = 0.2,
    chance: Annotated[float, typer.Option("--chance", min=0, max=1, help="Share of texts given out as a random sample.")] = 0.2,
    repeats: Annotated[float, typer.Option("--repeats", min=0, max=1, help="Share of texts that come a second time.")] = 0.0,
    guideline: Annotated[Path | None, typer.Option("--guideline", metavar="FILE", help="The guideline, Markdown.")] = None,
    by: ByOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Make a labelling project over the texts of a data set and put them in their order."""
    from rebracket_core.annotation import ProjectSettings, SuggestionPolicy, get_progress
    from rebracket_core.annotation.queue.strategies import canonical_order

    labels = workbench_for(home).labels
    settings = ProjectSettings(
        overlap=overlap,
        order=canonical_order(order),
        suggestions=_word(SuggestionPolicy, suggestions),
        blind_share=blind,
        random_share=chance,
        repeat_share=repeats,
    )
    me = acting(labels, by)
    project = labels.create_project(name, dataset, by=me, settings=settings, guideline=_read(guideline))
    if settings.order != "random":
        with showing() as progress:
            labels.put_in_order(project.project_id, by=me, progress=progress)
    out.answer(
        _project(project, get_progress(labels.session, project.project_id)),
        f"{project.project_id}: {project.n_items:,} texts, {overlap} labels wanted of each.",
        as_json=as_json,
    )
    return DONE


@group.command()
@command
def status(
    project: Annotated[str | None, typer.Argument(help="One project; by default all that are not archived.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Archived projects too.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Say how far the labelling projects are, and which snapshots were taken."""
    from rebracket_core.annotation import get_progress, get_project, list_projects, list_snapshots

    bench = workbench_for(home)
    session, listed = bench.labels.session, bench.lifecycle.projects()
    chosen = [get_project(session, project)] if project else list_projects(session) if every else listed
    found = [(one, get_progress(session, one.project_id)) for one in chosen]
    snaps = list_snapshots(session, project)
    if as_json:
        out.json({"projects": [_project(*pair) for pair in found], "snapshots": [_plain(snap) for snap in snaps]})
        return DONE
    out.text(columns(_HEADS, [_row(one, p, listed=one in listed) for one, p in found]))
    if n := len(list_projects(session)) - len(listed) if not (project or every) else 0:
        tell(f"{n:,} archived, not shown; see: rebracket annotations status --all")
    if snaps:
        out.text("")
        out.text(
            columns(
                ("snapshot", "project", "labels", "texts", "taken"),
                [(s.snapshot_id, s.project_id, s.n_labels, s.n_items, s.at) for s in snaps],
            )
        )
    return DONE


@group.command()
@command
def close(project: ProjectArgument, *, by: ByOption = None, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """Close a project: nobody labels there any more, and what it has stays."""
    return _set_closed(project, closed=True, by=by, as_json=as_json, home=home)


@group.command()
@command
def reopen(project: ProjectArgument, *, by: ByOption = None, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """Open a closed project again: it takes labels as before."""
    return _set_closed(project, closed=False, by=by, as_json=as_json, home=home)


def _set_closed(project: str, *, closed: bool, by: str | None, as_json: bool, home: Path | None) -> int:
    from rebracket_core.annotation import set_closed

    labels = workbench_for(home).labels
    made = set_closed(labels.session, project, closed=closed, by=acting(labels, by))
    words = "is closed and takes no labels" if closed else "takes labels again"
    out.answer({"project": made.project_id, "closed": made.closed}, f"{made.project_id} {words}.", as_json=as_json)
    return DONE


@group.command("order", cls=RegistryHelp)
@command
def order_(
    project: ProjectArgument,
    order: Annotated[str | None, typer.Argument(help="The query strategy: {strategies}; by default the project's own.")] = None,
    *,
    run: PredictingRunOption = None,
    by: ByOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Put the texts of a project in their order anew, from models and labels as they are now."""
    labels = workbench_for(home).labels
    with showing() as progress:
        n = labels.put_in_order(project, by=acting(labels, by), order=order, run_id=run, progress=progress)
    out.answer({"project": project, "ordered": n}, f"{n:,} texts are in a new order.", as_json=as_json)
    return DONE


@group.command()
@command
def suggest(
    project: ProjectArgument,
    *,
    run: PredictingRunOption = None,
    by: ByOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Keep what a run says of each text, to be shown as the project's policy allows."""
    labels = workbench_for(home).labels
    with showing() as progress:
        n = labels.suggest(project, by=acting(labels, by), run_id=run, progress=progress)
    out.answer({"project": project, "suggestions": n}, f"{n:,} texts have a suggestion.", as_json=as_json)
    return DONE


@group.command()
@command
def snapshot(project: ProjectArgument, *, by: ByOption = None, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """Name the labels of a project as they are now; train with: --set labels=NAME"""  # noqa: D415 - to be copied as it is
    from rebracket_core.annotation import take_snapshot

    labels = workbench_for(home).labels
    snap = take_snapshot(labels.session, project, by=acting(labels, by))
    if as_json:
        out.json(_plain(snap))
    else:
        out.text(snap.snapshot_id)
        tell(f"{snap.n_labels:,} labels of {snap.n_items:,} texts.")
    return DONE


@group.command()
@command
def backup(
    to: Annotated[Path, typer.Argument(help="The new file.")], *, as_json: JsonOption = False, home: HomeOption = None
) -> int:
    """Copy the labels' database while others write, and check the copy against its events."""
    made = workbench_for(home).labels.back_up(to)
    if as_json:
        out.json(
            {
                "path": str(made.path),
                "bytes": made.n_bytes,
                "events": made.n_events,
                "labels": made.n_labels,
                "sha256": made.digest,
            }
        )
    else:
        out.text(f"{made.path}: {made.n_labels:,} labels, {made.n_events:,} events, checked.")
    return DONE


def _row(project: Project, progress: Progress, *, listed: bool) -> tuple[Any, ...]:
    p, state = progress, "closed" if project.closed else "open"
    counts = (p.n_items, p.n_complete, p.n_labels, p.n_leased, p.n_to_adjudicate, p.n_decided)
    return (project.project_id, *counts, state if listed else f"{state}, archived")


def _word(kind: Any, word: str) -> Any:
    try:
        return kind(word)
    except ValueError:
        raise InputError("This word is not known.", expected=", ".join(kind), found=repr(word), hint="choose one") from None


def _read(path: Path | None) -> str:
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except (OSError, UnicodeDecodeError) as cause:
        raise InputError(
            "The guideline cannot be read.", expected="a text file", found=str(cause), hint="check the file", where=str(path)
        ) from cause


def _project(project: Project, progress: Progress) -> dict[str, Any]:
    return {**_plain(project), "settings": project.settings.to_dict(), "progress": _plain(progress)}


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).__slots__}
