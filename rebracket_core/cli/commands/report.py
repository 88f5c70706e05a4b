"""The command `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebracket_core.cli.exit_codes import DONE, command, out
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for
from rebracket_core.cli.progress import showing


@command
def report(
    run: Annotated[str, typer.Argument(help="The id of a finished run.")],
    *,
    to: Annotated[Path, typer.Option("--out", metavar="FILE", help="The HTML file to write.")],
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Write all figures of a run into one HTML file that opens without a network; it holds none of the texts."""
    from rebracket_core.files import export_bytes

    with showing() as progress:
        document = workbench_for(home).review.report(run, progress=progress)
    export_bytes(to, document.encode("utf-8"))
    out.answer({"run_id": run, "file": str(to)}, str(to), as_json=as_json)
    return DONE
