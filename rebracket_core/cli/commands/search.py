"""The commands `search`, `searches` and `train-found`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebracket_core.cli.exit_codes import DONE, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, SetOption, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import columns, one_line
from rebracket_core.cli.training_options import config_from

if TYPE_CHECKING:
    from rebracket_core.services import SearchView

_SHOWN = 20


@command
def search(
    dataset: Annotated[str, typer.Argument(help="The name of an imported data set.")],
    *,
    space: Annotated[Path, typer.Option("--space", metavar="FILE", help="A YAML file: the options to vary, and between what.")],
    trials: Annotated[int, typer.Option("--trials", min=1, help="How many settings are tried.")] = 30,
    objective: Annotated[
        str, typer.Option("--objective", help="What is made small: album_log_loss, album_error or axes_log_loss.")
    ] = "album_log_loss",
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="The options that stay, as for train.")
    ] = None,
    values: SetOption = None,
    detach: Annotated[bool, typer.Option("--detach", help="Start a worker and return at once.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Search for good training options. A fifth of the groups is put aside: no trial meets it, the last word comes from it."""
    from rebracket_core.services import plan_from

    bench = workbench_for(home)
    base = config_from(config, values, default=bench.training.default_config(dataset))
    plan = plan_from(space, base=base, n_trials=trials, objective=objective)
    if detach:
        search_id = bench.search.launch(dataset, plan=plan)
        if as_json:
            out.json({"search_id": search_id})
        else:
            out.text(search_id)
            tell("A worker searches. How far it is: rebracket searches; to stop it: rebracket cancel SEARCH")
        return DONE
    with showing() as progress:
        view = bench.search.run(dataset, plan=plan, progress=progress)
    _tell_view(view, as_json=as_json)
    return DONE


@command
def searches(
    search: Annotated[str | None, typer.Argument(help="The id of a search, to see its trials.")] = None,
    *,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """List the searches, newest first; or the trials of one, the best first, with what the groups put aside say."""
    bench = workbench_for(home)
    if search is not None:
        _tell_view(bench.search.view(search), as_json=as_json)
        return DONE
    states = bench.search.states()
    if as_json:
        out.json({"searches": [state.to_dict() for state in states]})
    elif states:
        out.text(
            columns(
                ("search", "data set", "made", "status", "stage"),
                [(s.run_id, s.dataset, s.created_at, str(s.status), s.stage) for s in states],
            )
        )
    else:
        out.text("No searches. Begin one: rebracket search DATASET --space FILE --trials 30")
    return DONE


@command
def train_found(
    search: Annotated[str, typer.Argument(help="The id of a search.")],
    *,
    trial: Annotated[int | None, typer.Option("--trial", help="The number of a trial; by default the best.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Start a worker and return at once.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Train a run on everything with the options that a search found; it can then be promoted like any run."""
    from rebracket_core.cli.commands.train import detached, run_text

    bench = workbench_for(home)
    if detach:
        return detached(bench.training.launch_found(search, trial=trial), as_json=as_json)
    with showing() as progress:
        info = bench.training.train_found(search, trial=trial, progress=progress)
    out.answer(info.to_dict(), run_text(info), as_json=as_json)
    return DONE


def _tell_view(view: SearchView, *, as_json: bool) -> None:
    if as_json:
        out.json(view.to_dict())
        return
    names = list(view.plan.space.options)
    state = view.state
    parts = [
        f"Search {one_line(state.run_id)} on {one_line(state.dataset)}: {state.status}, "
        f"{len(view.trials)} of {view.plan.n_trials} trials, {view.plan.objective} to be small."
    ]
    rows = [
        (
            t["number"],
            t["status"],
            t["value"],
            *_share(t["scores"].get("album")),
            t["folds"],
            t["seconds"],
            *(t["options"].get(name) for name in names),
        )
        for t in view.ranked()[:_SHOWN]
    ]
    heads = ("trial", "ended", "value", "album", "low", "high", "folds", "seconds", *names)
    parts += ["", columns(heads, rows)] if rows else []
    if view.found is not None:
        parts += ["", *_found_lines(view.found), f"To train it on everything: rebracket train-found {state.run_id}"]
    out.text("\n".join(parts))


def _found_lines(found: dict[str, Any]) -> list[str]:
    outer = found["outer"]
    rows = [
        (name, *_share(outer["best"][name]), outer["base"][name]["value"], *_gap(outer["difference"][name]))
        for name in outer["best"]
    ]
    lines = [
        f"Best: trial {found['best']['number']}. On {outer['n_groups']} groups that no trial had met "
        f"({outer['n_rows']:,} texts), against the options that the search began with:"
    ]
    lines.append(columns(("measure", "best", "low", "high", "begun with", "difference", "low", "high", "p"), rows))
    if found["importance"]:
        shares = ", ".join(f"{name} {share:.2f}" for name, share in found["importance"].items())
        lines.append(f"What the differences between trials come from: {shares}.")
    return lines


def _share(estimate: dict[str, Any] | None) -> tuple[Any, ...]:
    return tuple((estimate or {}).get(name) for name in ("value", "ci_low", "ci_high"))


def _gap(estimate: dict[str, Any]) -> tuple[Any, ...]:
    return (*_share(estimate), estimate["p"])
