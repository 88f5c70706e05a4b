"""The commands `import` and `audit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebracket_core.cli.exit_codes import DONE, SOME_FAILED, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, TextColumnOption, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import columns as in_columns, one_line
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from rebracket_core.corpus import ReadReport
    from rebracket_core.corpus.audit import AuditReport, Finding
    from rebracket_core.services import ImportHints

STARTER = "starter"
_SHOWN = 20
_EVIDENCE = 3


GroupColumnOption = Annotated[
    str | None, typer.Option("--group-column", metavar="NAME", help="The column or field that names the song.")
]
ConfigOption = Annotated[
    str | None, typer.Option("--config", metavar="NAME", help="The config of a Hugging Face data set that has several.")
]
SplitOption = Annotated[
    str | None, typer.Option("--split", metavar="NAME", help="The split of a Hugging Face data set that has several.")
]
RevisionOption = Annotated[
    str | None,
    typer.Option("--revision", metavar="REV", help="SOURCE is a data set on the Hugging Face hub, at this commit or branch."),
]
VectorsOption = Annotated[
    Path | None,
    typer.Option("--vectors", metavar="FILE", help="A Parquet table of the rows' vectors, joined by id, one to one."),
]
VectorsEncoderOption = Annotated[
    str, typer.Option("--vectors-encoder", metavar="NAME", help="What made the vectors: it tells people what a new text needs.")
]


@command
def import_(
    source: Annotated[
        str, typer.Argument(help="A file, folder or ZIP (see: rebracket formats); or 'starter', the corpus that is shipped.")
    ],
    *,
    name: Annotated[str | None, typer.Option("--name", help="The data set's name; by default the source's.")] = None,
    text_column: TextColumnOption = None,
    group_column: GroupColumnOption = None,
    config: ConfigOption = None,
    split: SplitOption = None,
    revision: RevisionOption = None,
    vectors: VectorsOption = None,
    vectors_encoder: VectorsEncoderOption = "",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Read a source of texts and keep it as a data set; says what was taken, what was not, what was skipped and why."""
    bench = workbench_for(home)
    columns: ImportHints = {"text_column": text_column, "group_column": group_column, "config": config, "split": split}
    if source == STARTER and name in (None, STARTER) and not Path(source).exists():
        dataset, report = bench.datasets.import_starter()
    elif revision:
        _refuse_both(revision=revision, vectors=vectors)
        dataset, report = bench.datasets.import_hub(
            source, revision=revision, name=name, vectors_encoder=vectors_encoder, **columns
        )
    else:
        dataset, report = bench.datasets.import_path(
            Path(source), name=name, vectors=vectors, vectors_encoder=vectors_encoder, **columns
        )
    if as_json:
        out.json({**dataset.meta.to_dict(), "report": report.to_dict()})
    else:
        meta = dataset.meta
        out.text(f"{meta.name}: {meta.n_rows:,} rows in {meta.n_groups:,} groups ({', '.join(meta.origins)}) taken.")
    _tell_report(report)
    return SOME_FAILED if report.skipped else DONE


def _refuse_both(*, revision: str, vectors: Path | None) -> None:
    """Raise InputError for a table of vectors beside a data set of the hub, whose own columns are taken."""
    if vectors is not None:
        raise InputError(
            "Vectors of their own go with files of this machine.",
            expected="--revision or --vectors",
            found=f"--revision {revision} --vectors {vectors}",
            hint="download the data set and import it with --vectors",
        )


def _tell_report(report: ReadReport) -> None:
    for note in report.notes:
        tell(f"Note: {note}")
    if report.skipped:
        tell(f"{len(report.skipped):,} skipped:")
    for skip in report.skipped[:_SHOWN]:
        tell(f"{skip.where}: {skip.reason}" + (f" ({skip.hint})" if skip.hint else ""), indent=2)
    if len(report.skipped) > _SHOWN:
        tell(f"and {len(report.skipped) - _SHOWN:,} more; --json lists all.", indent=2)


@command
def audit(
    dataset: Annotated[str, typer.Argument(help="The name of an imported data set.")],
    *,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Say what a data set can teach: groups, duplicates, leakage, confounded axes, balance, missing labels."""
    with showing() as progress:
        report = workbench_for(home).datasets.audit(dataset, progress=progress)
    out.answer(report.to_dict(), _audit_text(report), as_json=as_json)
    return DONE


def _audit_text(report: AuditReport) -> str:
    albums = [(name, c.rows, c.groups) for name, c in report.albums.items()]
    modes = [(axis, mode, c.rows, c.groups) for axis, found in report.modes.items() for mode, c in found.items()]
    parts = [
        f"{report.name}: {report.n_rows:,} rows, {report.n_groups:,} groups, {report.n_texts:,} different texts, "
        f"{report.n_leak_safe_groups:,} groups that share nothing",
        "",
        in_columns(("album", "rows", "groups"), albums),
        "",
        in_columns(("axis", "mode", "rows", "groups"), modes),
        "",
        "Without a label: " + ", ".join(f"{name} {n:,}" for name, n in report.missing.items()),
        "",
        *(_finding_text(finding) for finding in report.findings),
    ]
    return "\n".join(parts)


def _finding_text(finding: Finding) -> str:
    lines = [f"{finding.level.upper()}  {one_line(finding.title)}", f"  {one_line(finding.detail)}"]
    if finding.evidence:
        more = len(finding.evidence) - _EVIDENCE
        lines.append(f"  e.g. {'; '.join(one_line(e) for e in finding.evidence[:_EVIDENCE])}" + (f"; {more} more" * (more > 0)))
    return "\n".join(lines)
