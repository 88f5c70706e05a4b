"""The commands `compare`, `card`, `export-run` and `import-run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebracket_core.aliases import with_old_names
from rebracket_core.cli.exit_codes import DONE, command, out
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for
from rebracket_core.cli.tables import columns, one_line

if TYPE_CHECKING:
    from rebracket_core.training.evaluation import Comparison

_HEADS = ("question", "first", "second", "difference", "low", "high", "p", "p corrected", "n", "groups")
_SHOWN = 10
_SNIPPET = 60


@command
def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Ids of runs; the later ones against the first.")],
    *,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Compare runs on the held-out texts that both predicted: paired differences with intervals and p-values over songs."""
    found = workbench_for(home).runs.compare(runs)
    comparisons = [{**one.to_dict(), "config": with_old_names(one.config)} for one in found]
    out.answer({"comparisons": comparisons}, "\n\n".join(_comparison_text(one) for one in found), as_json=as_json)
    return DONE


def _comparison_text(found: Comparison) -> str:
    parts = [f"{one_line(found.second)} (second) against {one_line(found.first)} (first)"]
    parts += [f"LEAKED: {one_line(note)}" for note in found.notes]
    only_one = f"{found.only_first:,} texts only the first predicted, {found.only_second:,} only the second"
    parts.append(f"{found.n_rows:,} common texts in {found.n_groups:,} groups; {only_one}.")
    if found.relabelled:
        parts.append(f"{found.relabelled:,} common texts were labelled anew in between; what changed counts for neither.")
    rows = [
        (
            m.metric + (" (less is better)" if m.lower_is_better else ""),
            m.first,
            m.second,
            m.difference,
            m.ci_low,
            m.ci_high,
            _chance(m.p),
            _chance(m.p_holm),
            m.n,
            m.n_groups,
        )
        for m in found.metrics
    ]
    parts += ["", columns(_HEADS, rows), "", "Options that differ:" if found.config else "No option differs."]
    parts += [f"  {one_line(name)}: {one_line(a)} -> {one_line(b)}" for name, (a, b) in found.config.items()]
    differing = [
        (
            d.row_id,
            d.truth or "-",
            f"{d.first} {d.first_probability:.2f}",
            f"{d.second} {d.second_probability:.2f}",
            d.text if len(d.text) <= _SNIPPET else d.text[: _SNIPPET - 1] + "…",
        )
        for d in found.disagreements[:_SHOWN]
    ]
    parts.append(f"\nThey give different albums to {len(found.disagreements):,} texts" + (":" if differing else "."))
    if differing:
        parts.append(columns(("row", "truth", "first", "second", "text"), differing))
    return "\n".join(parts)


def _chance(p: float | None) -> str:
    return "-" if p is None else f"{p:.4f}"


@command
def card(
    run: Annotated[str, typer.Argument(help="The id of a finished run.")],
    *,
    to: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there and not to stdout.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Write the model card of a run as Markdown: data, split, scores, limits, licence, use."""
    from rebracket_core.files import export_bytes

    text = workbench_for(home).runs.card(run)
    if to is not None:
        export_bytes(to, text.encode("utf-8"))
    if as_json:
        out.json({"run_id": run, "file": str(to) if to else None, "card": text})
    elif to is not None:
        out.text(f"The card of {one_line(run)} is in {one_line(to)}.")
    else:
        out.data(text.encode("utf-8"))
    return DONE


@command
def export_run(
    run: Annotated[str, typer.Argument(help="The id of a finished run.")],
    *,
    to: Annotated[Path, typer.Option("--out", metavar="FILE.zip", help="The file to write.")],
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Write a run as one file, to import it in another home. It holds the texts that the run was measured on."""
    workbench_for(home).runs.export(run, to=to)
    out.answer(
        {"run_id": run, "file": str(to), "bytes": to.stat().st_size},
        f"{one_line(run)} is in {one_line(to)} ({to.stat().st_size:,} bytes), with its held-out texts.",
        as_json=as_json,
    )
    return DONE


@command
def import_run(
    file: Annotated[Path, typer.Argument(help="A file that export-run wrote.")],
    *,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Take in a run from one file after checking the digest of every part. It does not become the production model."""
    info = workbench_for(home).runs.take_in(file)
    out.answer(
        info.to_dict(),
        f"Run {one_line(info.run_id)} is here; to use it: rebracket promote {one_line(info.run_id)}",
        as_json=as_json,
    )
    return DONE
