"""The command `explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rebracket_core.cli.ending import DONE, command, out
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import one_line

if TYPE_CHECKING:
    from rebracket_core.workbench.explaining import Checks, Explanation, Nearest

RunOption = Annotated[str | None, typer.Option("--run", help="The run to ask; by default the promoted one.")]


@command
def explain(
    text: Annotated[str, typer.Argument(help="The concept to explain.")],
    *,
    run: RunOption = None,
    output: Annotated[
        str, typer.Option("--output", help="album, temporal, spatial, ontological, type or confidence.")
    ] = "album",
    answer: Annotated[str | None, typer.Option("--answer", help="Explain this answer; by default the first.")] = None,
    against: Annotated[str | None, typer.Option("--against", help="Hold it against this one; by default the second.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Words alone: no checks that ask about parts of the text.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Say which words an answer rests on, how far to trust that, and which training texts lie nearest."""
    ask = workbench_for(home).explaining
    with showing() as progress:
        found = ask.explain(text, output=output, answer=answer, against=against, run_id=run)
        checks = None if quick else ask.check(found, progress=progress)
        nearest = ask.nearest(found.text, run_id=run)
    if as_json:
        near = [{"text": n.text, "album": n.album, "cosine": n.cosine} for n in nearest.texts]
        out.json({
            **found.to_dict(), "checks": checks.to_dict() if checks else None, "nearest": near,
            "nearest_among": nearest.n_known, "training_texts": nearest.n,
        })
        return DONE
    _tell(found, checks, nearest)
    return DONE


def _tell(found: Explanation, checks: Checks | None, nearest: Nearest) -> None:
    out.text(f"{found.output}: {found.predicted} against {found.runner_up}, {found.margin:+.3f} logits ({found.run_id})")
    for i in sorted(range(len(found.words)), key=lambda at: -found.gradients[at]):
        said = f"  {found.gradients[i]:+.3f}"
        if checks is not None:
            said += f"  SHAP {checks.shap[i]:+.3f}"
            said += f"  Shapley {checks.shapley[i]:+.3f}" if checks.shapley else ""
        out.text(f"{said}  {one_line(found.words[i])}")
    holds = "holds" if found.adds_up else "FAILS"
    out.text(f"Numerical check: {holds}; the shares miss {found.missed:+.4f} logits ({found.delta:.2%} of the way).")
    if checks is not None:
        _tell_checks(checks)
    for near in nearest.texts:
        out.text(f"Near ({near.cosine:.2f}, {near.album or 'no album'}): {one_line(near.text)}")


def _tell_checks(checks: Checks) -> None:
    b = checks.behaviour
    if b is None:
        out.text("Behavioural check: the text is too short for it.")
    else:
        out.text(f"Behavioural check: {'holds' if b.holds else 'FAILS'}; deleted first {b.comprehensiveness:+.3f} (random "
                 f"{b.random_comprehensiveness:+.3f}, p {b.comprehensiveness_p:.3f}), kept alone {b.sufficiency:+.3f} (random "
                 f"{b.random_sufficiency:+.3f}, p {b.sufficiency_p:.3f}), {b.orders} random orders.")
    for name, value in (
        ("a second baseline", checks.second_baseline), ("SHAP", checks.with_shap), ("exact Shapley", checks.with_shapley)
    ):
        if value is not None:
            out.text(f"Rank correlation with {name}: {value:+.2f}.")
