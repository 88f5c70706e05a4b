"""The command `export-onnx`: a run as a folder that needs ONNX Runtime alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebracket_core.cli.exit_codes import DONE, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import one_line
from rebracket_core.errors import ConfigError

if TYPE_CHECKING:
    from rebracket_core.reports.onnx_bundle import Difference, ExportReport, Precision
    from rebracket_core.validation import Concept
    from rebracket_core.workbench import Workbench

_SHOWN = 10


@command
def export_onnx(
    run: Annotated[str | None, typer.Argument(help="The id of a finished run; by default the promoted one.")] = None,
    *,
    to: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder to write; it must not be there yet.")],
    precision: Annotated[
        str, typer.Option("--precision", metavar="float32|bf16|int8", help="bf16 and int8 need --check: they change verdicts.")
    ] = "float32",
    check: Annotated[
        list[str] | None, typer.Option("--check", metavar="SOURCE", help="Concepts to compare on; may be repeated.")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Write a run as one folder that gives its verdicts with ONNX Runtime alone, once they are equal to PyTorch's."""
    from rebracket_core.reports.onnx_bundle import export_onnx as export

    wanted = _precision(precision)
    bench = workbench_for(home)
    concepts = _concepts(bench, check or [])
    with showing() as progress:
        report = export(
            bench.resources.runs,
            bench.resources.runs.chosen(run),
            to=to,
            settings=bench.settings,
            precision=wanted,
            check=concepts,
            progress=progress,
        )
    if as_json:
        out.json(report.to_dict())
    else:
        out.text(_text(report))
    return DONE


def _precision(precision: str) -> Precision:
    from rebracket_core.reports.onnx_bundle import Precision

    try:
        return Precision(precision)
    except ValueError:
        raise ConfigError(
            "There is no such precision.",
            expected=", ".join(Precision),
            found=repr(precision),
            hint="leave --precision out for the verdicts of the run itself",
        ) from None


def _concepts(bench: Workbench, sources: list[str]) -> list[Concept]:
    if not sources:
        return []
    read = bench.verdicts.read(sources)
    broken = len(read.concepts) - len(read.usable)
    if broken:
        tell(f"Note: {broken:,} of the concepts to check cannot be scored and are left out.")
    return list(read.usable)


def _text(report: ExportReport) -> str:
    same = report.equality
    lines = [
        f"{one_line(report.run_id)} is in {one_line(report.folder)} ({report.bytes:,} bytes, {report.precision}).",
        f"As float32 it is equal to PyTorch on {same.concepts:,} texts ({same.longer_than_window:,} longer than the window): "
        f"scores differ by at most {same.score_difference:.0e}, no verdict does.",
    ]
    if report.lowered is not None:
        lines += _lowered(report.lowered, precision=report.precision)
    use = "validate" if report.gives_verdicts else "predict"
    lines.append(f"To use it: rebracket {use} --model {one_line(report.folder)} SOURCE")
    return "\n".join(lines)


def _lowered(found: Difference, *, precision: Precision) -> list[str]:
    share = found.changed / found.concepts
    lines = [
        f"{precision} changes {found.changed:,} of {found.concepts:,} verdicts ({share:.1%}); "
        f"scores differ by at most {found.score_difference:.4f}, p-values by {found.p_difference:.4f}."
    ]
    lines += [f"  {one_line(c.id)}: {c.before} -> {c.after}" for c in found.changes[:_SHOWN]]
    more = found.changed - min(found.changed, _SHOWN)
    return [*lines, f"  and {more:,} more, see the folder's manifest.json"] if more > 0 else lines
