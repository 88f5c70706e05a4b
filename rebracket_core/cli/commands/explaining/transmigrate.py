"""The command `transmigrate`: how an album, a triple of modes or a text becomes another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebracket_core.cli.exit_codes import DONE, command, out
from rebracket_core.cli.options import HomeOption, JsonOption, RunOption, ThresholdOption, pairs, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import columns, one_line
from rebracket_core.errors import InputError
from rebracket_core.thresholds import threshold

if TYPE_CHECKING:
    from rebracket_core.insight.explain import CounterfactualSearch
    from rebracket_core.services import TransmigrationPlan

FromArgument = Annotated[
    str, typer.Argument(metavar="FROM", help="An album, a triple of modes such as past_thing_imagined, or with --text a text.")
]
ToArgument = Annotated[str, typer.Argument(metavar="TO", help="An album or a triple of modes.")]


@command
def transmigrate(
    start: FromArgument,
    to: ToArgument,
    *,
    text: Annotated[
        bool, typer.Option("--text", help="FROM is a text: a run scores it, and its minimal edits are shown.")
    ] = False,
    words: Annotated[bool, typer.Option("--words", help="With --text: also search for the fewest word changes.")] = False,
    seconds: Annotated[float, typer.Option("--seconds", min=0.5, help="How long to search for words at most.")] = 8.0,
    max_distance: Annotated[
        float, typer.Option("--max-distance", min=0.01, help="A move farther than this is no move in one go.")
    ] = 2.0,
    run: RunOption = None,
    values: ThresholdOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Plan a transmigration: the vector of each axis, the distance, and the states on the way, one axis a step."""
    _check_start(text, needs_text=words or run is not None)
    service = workbench_for(home).transmigrations
    limits = {name: threshold(name).parse(value) for name, value in pairs(values).items()}
    found = None
    if text:
        plan = service.from_text(start, to, run_id=run, thresholds=limits, max_distance=max_distance)
    else:
        plan = service.between(start, to, thresholds=limits, max_distance=max_distance)
    if words:
        with showing() as progress:
            found = service.word_edits(plan, thresholds=limits, budget_s=seconds, progress=progress)
    if as_json:
        out.json({**plan.to_dict(), "word_edits": None if found is None else _word_edits(found)})
        return DONE
    _print_plan(plan)
    if found is not None:
        _print_words(found)
    return DONE


def _check_start(text: bool, *, needs_text: bool) -> None:
    if needs_text and not text:
        raise InputError(
            "A run scores texts alone.",
            expected="--text with --words or --run",
            found="no --text",
            hint="add --text, or leave the others out",
        )


def _word_edits(found: CounterfactualSearch) -> dict[str, Any]:
    rows = [
        {"edits": [str(edit) for edit in one.edits], "text": one.text, "album": one.verdict.album, "mode": one.verdict.mode}
        for one in found.counterfactuals
    ]
    return {"goal": str(found.goal), "found": rows, "tried": found.tried, "complete": found.complete}


def _print_plan(plan: TransmigrationPlan) -> None:
    way = plan.way
    out.text(f"{plan.start} -> {plan.to.name}: {way.difficulty}, distance {way.distance:.4f}.")
    out.text("")
    rows = [(one.axis, one.rank or "-", f"{one.size:.4f}", _vector(one.vector), one.direction) for one in plan.changes]
    out.text(columns(("axis", "order", "size", "vector", "direction"), rows))
    for number, (step, state) in enumerate(zip(way.steps, plan.states, strict=True), start=1):
        out.text("")
        out.text(f"{number}. {step.text} ({step.distance:.4f}; {step.remaining:.4f} left after it)")
        out.text(f"   then {state.mode}, nearest album {state.nearest_album} ({state.nearest_distance:.4f})")
    if not way.steps:
        out.text("Nothing to do: the start is there already.")
    for edit in plan.edits:
        out.text(f"Minimal edit, {edit.axis}: {edit.text}")
    for warning in plan.warnings:
        out.text(f"Warning: {warning}")


def _vector(values: tuple[float, float, float]) -> str:
    return " ".join(f"{value + 0.0:+.2f}" for value in values)


def _print_words(found: CounterfactualSearch) -> None:
    for one in found.counterfactuals:
        out.text(f"Words: {one_line('; '.join(map(str, one.edits)))}")
        out.text(f"   {one.verdict.album}, {one.verdict.verdict}: {one_line(one.text)}")
    if not found.counterfactuals:
        out.text(f"No word changes lead to {found.goal} {'within the edits allowed' if found.complete else 'in the time'}.")
