"""The command `explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from rebracket_core.cli.ending import DONE, command, out
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import one_line


@command
def explain(
    text: Annotated[str, typer.Argument(help="The concept to explain.")],
    *,
    run: Annotated[str | None, typer.Option("--run", help="The run to ask; by default the promoted one.")] = None,
    output: Annotated[
        str, typer.Option("--output", help="album, temporal, spatial, ontological or type.")
    ] = "album",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Say which words an answer rests on, how far to trust that, and which training texts lie nearest."""
    bench = workbench_for(home)
    with showing() as progress:
        progress("Explaining", 0, 1)
        found = bench.explain(text, output=output, run_id=run)
        progress("Explaining", 1, 1)
    if as_json:
        out.json(found.to_dict())
        return DONE
    out.text(f"{found.output}: {found.predicted} before {found.runner_up}, logit margin {found.margin:+.3f} ({found.run_id})")
    for i in sorted(range(len(found.words)), key=lambda at: -found.gradients[at]):
        exact = f"  Shapley {found.shapley[i]:+.3f}" if found.shapley else ""
        out.text(f"  {found.gradients[i]:+.3f}{exact}  {one_line(found.words[i])}")
    out.text(f"Numerical check: {'holds' if found.adds_up else 'FAILS'}, the shares miss {found.delta:.2%} of the margin.")
    b = found.behaviour
    if b is not None:
        out.text(f"Behavioural check: {'holds' if b.holds else 'FAILS'}; deleted first {b.comprehensiveness:+.3f} (random "
                 f"{b.random_comprehensiveness:+.3f}), kept alone {b.sufficiency:+.3f} (random {b.random_sufficiency:+.3f}).")
    for near in found.nearest:
        out.text(f"Near ({near.cosine:.2f}, {near.album or 'no album'}): {one_line(near.text)}")
    return DONE
