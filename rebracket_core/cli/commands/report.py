"""The commands `report` and `review-sections`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebracket_core.cli.exit_codes import DONE, command, out
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import columns


@command
def report(
    run: Annotated[str, typer.Argument(help="The id of a finished run.")],
    *,
    to: Annotated[Path, typer.Option("--out", metavar="FILE", help="The HTML file to write.")],
    section: Annotated[
        list[str] | None,
        typer.Option("--section", metavar="NAME", help="Write this section alone; may be repeated. See review-sections."),
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Write the review of a run into one HTML file that opens without a network; it holds none of the texts."""
    from rebracket_core.files import export_bytes

    with showing() as progress:
        document = workbench_for(home).review.report(run, sections=section or (), progress=progress)
    export_bytes(to, document.encode("utf-8"))
    out.answer({"run_id": run, "file": str(to)}, str(to), as_json=as_json)
    return DONE


@command
def review_sections(*, as_json: JsonOption = False) -> int:
    """List the sections of a review: those of the review pages and of `rebracket report`."""
    from rebracket_core.reports.sections import REVIEW_SECTIONS

    if as_json:
        out.json(
            [
                {"name": s.name, "label": s.label, "help": s.help, "page": s.page, "needs": [str(need) for need in s.needs]}
                for s in REVIEW_SECTIONS
            ]
        )
        return DONE
    out.text(columns(("name", "page", "label"), [(s.name, s.page, s.label) for s in REVIEW_SECTIONS]))
    return DONE
