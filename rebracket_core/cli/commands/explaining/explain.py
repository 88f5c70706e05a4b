"""The commands `explain`, `counterfactuals` and `replay`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebracket_core.cli.exit_codes import DONE, SOME_FAILED, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import one_line

if TYPE_CHECKING:
    from rebracket_core.insight.explain import CounterfactualSearch
    from rebracket_core.services.explain import Checks, Explanation, Nearest
    from rebracket_core.workbench import Workbench

RunOption = Annotated[str | None, typer.Option("--run", help="The run that predicts; by default the production model.")]


@command
def explain(
    text: Annotated[str, typer.Argument(help="The concept to explain.")],
    *,
    run: RunOption = None,
    output: Annotated[
        str, typer.Option("--output", help="album, temporal, spatial, ontological, type, any_type or confidence.")
    ] = "album",
    answer: Annotated[str | None, typer.Option("--answer", help="Explain this prediction; by default the first.")] = None,
    against: Annotated[str | None, typer.Option("--against", help="Hold it against this one; by default the second.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Words alone: no checks that ask about parts of the text.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Say which words a prediction rests on, how far to trust that, and which training texts lie nearest."""
    ask = workbench_for(home).explain
    with showing() as progress:
        found = ask.explain(text, output=output, answer=answer, against=against, run_id=run)
        checks = None if quick else ask.check(found, progress=progress)
        nearest = ask.nearest(found.text, run_id=run)
    if as_json:
        near = [{"text": n.text, "album": n.album, "cosine": n.cosine, "same": n.same} for n in nearest.texts]
        out.json(
            {
                **found.to_dict(),
                "checks": checks.to_dict() if checks else None,
                "nearest": near,
                "nearest_among": nearest.n_known,
                "training_texts": nearest.n,
            }
        )
        return DONE
    _tell(found, checks, nearest)
    return DONE


def _tell(found: Explanation, checks: Checks | None, nearest: Nearest) -> None:
    out.text(f"{found.output}: {found.predicted} against {found.runner_up}, {found.margin:+.3f} in the score ({found.run_id})")
    for i in sorted(range(len(found.words)), key=lambda at: -found.gradients[at]):
        slope = f"  {found.gradients[i]:+.3f}"
        if checks is not None:
            slope += f"  SHAP {checks.shap[i]:+.3f}"
            slope += f"  Shapley {checks.shapley[i]:+.3f}" if checks.shapley else ""
        out.text(f"{slope}  {one_line(found.words[i])}")
    holds = "holds" if found.adds_up else "FAILS"
    out.text(f"Check 1, sums to the score: {holds}; the shares miss {found.missed:+.4f} ({found.delta:.2%} of the way).")
    if checks is not None:
        _tell_checks(checks)
    for near in nearest.texts:
        which = "The text itself" if near.same else "Near"
        out.text(f"{which} ({near.cosine:.2f}, {near.album or 'no album'}): {one_line(near.text)}")


def _tell_checks(checks: Checks) -> None:
    b = checks.behaviour
    if b is None:
        out.text("Check 2, removing these words matters: the text is too short for it.")
    else:
        out.text(
            f"Check 2, removing these words matters: {'holds' if b.holds else 'FAILS'}; deleted first "
            f"{b.comprehensiveness:+.3f} (random "
            f"{b.random_comprehensiveness:+.3f}, p {b.comprehensiveness_p:.3f}), kept alone {b.sufficiency:+.3f} (random "
            f"{b.random_sufficiency:+.3f}, p {b.sufficiency_p:.3f}), {b.orders} random orders."
        )
    for name, value in (
        ("a second baseline", checks.second_baseline),
        ("SHAP", checks.with_shap),
        ("exact Shapley", checks.with_shapley),
    ):
        if value is not None:
            out.text(f"Rank correlation with {name}: {value:+.2f}.")


GoalOption = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="GOAL",
        help="album=Green, temporal=past, verdict=accept; or album, temporal, ... alone for anything else.",
    ),
]


@command
def counterfactuals(
    text: Annotated[str, typer.Argument(help="The concept whose result is to change.")],
    *,
    to: GoalOption = "album",
    run: RunOption = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.5, help="How long to search at most.")] = 8.0,
    edits: Annotated[int, typer.Option("--edits", min=1, max=6, help="How many words may change.")] = 4,
    keep: Annotated[bool, typer.Option("--keep/--no-keep", help="Save what is found in the counterfactual store.")] = True,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Find the fewest word changes that flip a result, each scored by the run itself."""
    from rebracket_core.insight.explain import Goal

    goal = Goal.parse(to)
    with showing() as progress:
        found = workbench_for(home).counterfactuals.find(
            text, goal, run_id=run, budget_s=seconds, most_edits=edits, keep=keep, progress=progress
        )
    if as_json:
        out.json(_search_document(found))
        return DONE
    out.text(f"Now: {found.before.album}, {found.before.verdict}. Goal: {goal}.")
    for one in found.counterfactuals:
        fluent = "" if one.fluency is None else f", fluency {one.fluency:+.2f}"
        out.text(
            f"  {len(one.edits)} edit{'s' if len(one.edits) > 1 else ''}{fluent}: {one_line('; '.join(map(str, one.edits)))}"
        )
        out.text(f"      {one.verdict.album}, {one.verdict.verdict}: {one_line(one.text)}")
    if not found.counterfactuals:
        why = f"with up to {found.most_edits} edits" if found.complete else "before the time was up"
        out.text(f"Nothing was found {why}.")
    out.text(f"{found.tried} texts were scored in {found.seconds:.1f} s.")
    return DONE


def _search_document(found: CounterfactualSearch) -> dict[str, object]:
    rows = [
        {
            "edits": [{"at": e.at, "old": e.old, "new": e.new} for e in counterfactual.edits],
            "text": counterfactual.text,
            "fluency": counterfactual.fluency,
            "verdict": counterfactual.verdict.to_dict(),
        }
        for counterfactual in found.counterfactuals
    ]
    return {
        "goal": str(found.goal),
        "before": found.before.to_dict(),
        "flips": rows,
        "tried": found.tried,
        "seconds": found.seconds,
        "most_edits": found.most_edits,
        "complete": found.complete,
    }


@command
def replay(
    run: Annotated[str | None, typer.Argument(help="The run to try; by default the production model.")] = None,
    *,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Try every saved counterfactual on a run; exit code 3 where one no longer flips."""
    from rebracket_core.services.explain import Outcome

    with showing() as progress:
        found = workbench_for(home).counterfactuals.replay(run, progress=progress)
    broken = found.count(Outcome.BROKEN) + found.count(Outcome.UNJUDGED)
    if as_json:
        rows = [
            {
                "entry_id": r.counterfactual.entry_id,
                "goal": r.counterfactual.goal,
                "outcome": str(r.outcome),
                "before": r.before,
                "after": r.after,
                "edits": list(r.counterfactual.edits),
                "text": r.counterfactual.text,
                "edited": r.counterfactual.edited,
                "found_on": r.counterfactual.run_id,
                "at": r.counterfactual.at,
            }
            for r in found.rows
        ]
        out.json({"run_id": found.run_id, "flips": rows, **{o.name.lower(): found.count(o) for o in Outcome}})
        return SOME_FAILED if broken else DONE
    for row in found.rows:
        edits = one_line("; ".join(row.counterfactual.edits))
        out.text(f"{row.outcome}: {row.counterfactual.goal}, {row.before} -> {row.after}: {edits}")
    outcomes = ", ".join(f"{o}: {found.count(o)}" for o in Outcome if found.count(o))
    out.text(
        f"{len(found.rows)} saved counterfactuals on {found.run_id}: {outcomes}."
        if found.rows
        else "No counterfactual is saved."
    )
    return SOME_FAILED if broken else DONE


def report_replay(bench: Workbench, run_id: str) -> None:
    """Report on stderr what a new run makes of the saved counterfactuals, where there are any that it can score."""
    from rebracket_core.errors import ModelError
    from rebracket_core.services.explain import Outcome

    try:
        found = bench.counterfactuals.replay(run_id)
    except ModelError:  # it gives no verdicts
        return
    if found.rows:
        outcomes = ", ".join(f"{o}: {found.count(o)}" for o in Outcome if found.count(o))
        tell(f"Saved counterfactuals on this run: {outcomes}. Which: rebracket replay {run_id}")
