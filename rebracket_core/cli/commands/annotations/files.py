"""The commands `annotations import|export|agreement`: labels in and out of files, and how far people agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebracket_core.cli.commands.annotations.projects import ByOption, ProjectArgument, acting, group
from rebracket_core.cli.exit_codes import DONE, SOME_FAILED, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for
from rebracket_core.cli.registry_help import RegistryHelp
from rebracket_core.cli.tables import columns, one_line
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from rebracket_core.services.labels import LabelHealth

FormatOption = Annotated[str | None, typer.Option("--format", metavar="NAME", help="The label format: {label_formats}.")]
_SHOWN = 20
_MOST_BYTES = 256 * 2**20

__all__ = ["group"]


@group.command("export", cls=RegistryHelp)
@command
def export_(
    project: ProjectArgument,
    *,
    to: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")],
    form: FormatOption = "jsonl",
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Write all labels of a project to a file; says what the form cannot hold. The count is checked with the database."""
    from rebracket_core.annotation.formats import export_labels
    from rebracket_core.files import export_bytes

    made = export_labels(workbench_for(home).labels.session, project, format_name=form or "jsonl")
    export_bytes(to, made.data)
    companions = [to.with_name(f"{to.name}{suffix}") for suffix in made.companions]
    for path, data in zip(companions, made.companions.values(), strict=True):
        export_bytes(path, data)
    if as_json:
        out.json(
            {
                "file": str(to),
                "format": made.format_name,
                "labels": made.n_written,
                "in_database": made.n_in_database,
                "lost": list(made.lost),
                "labelling_config": next((str(p) for p in companions if p.name.endswith(".config.xml")), None),
                "companions": [str(path) for path in companions],
            }
        )
    else:
        out.text(f"{one_line(to)}: {made.n_written:,} of {made.n_in_database:,} labels.")
    for loss in made.lost:
        tell(f"Not held: {loss}")
    for path in companions:
        tell(f"Beside it: {path}")
    return DONE


@group.command("import", cls=RegistryHelp)
@command
def import_(
    project: ProjectArgument,
    file: Annotated[Path, typer.Argument(help="A file that an export or one of the tools wrote.")],
    *,
    form: FormatOption = None,
    by: ByOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Put the labels of a file into a project, under their own annotators, with the file as their source."""
    from rebracket_core.annotation.formats import import_labels

    data = _bytes_of(file)
    bench = workbench_for(home)
    bench.lifecycle.require_listed("project", project)
    labels = bench.labels
    made = import_labels(labels.session, project, data=data, name=file.name, by=acting(labels, by), format_name=form)
    out.answer(
        made.to_dict(),
        f"{made.n_saved:,} labels taken, {made.n_revised:,} revised, {made.n_already:,} were there already.",
        as_json=as_json,
    )
    for what, n in made.taken_as.items():
        tell(f"Note: {what}: {n:,}")
    if made.skipped:
        tell(f"{len(made.skipped):,} skipped:")
    for skip in made.skipped[:_SHOWN]:
        tell(f"{skip.where}: {skip.reason}", indent=2)
    if len(made.skipped) > _SHOWN:
        tell(f"and {len(made.skipped) - _SHOWN:,} more; --json lists all.", indent=2)
    return SOME_FAILED if made.skipped else DONE


def _bytes_of(file: Path) -> bytes:
    """The bytes of a file of labels. Raises InputError for what is none, such as a pipe, and for one that is too large."""
    try:
        if file.exists() and not file.is_file() and not file.is_dir():
            raise OSError("it is a pipe, socket or device")
        with file.open("rb") as handle:
            data = handle.read(_MOST_BYTES + 1) if file.stat().st_size <= _MOST_BYTES else None
    except OSError as error:
        raise InputError(
            "The file cannot be read.", expected="a file of labels", found=str(error), hint="check the path", where=str(file)
        ) from error
    if data is None or len(data) > _MOST_BYTES:
        raise InputError(
            "The file is too large.",
            expected=f"labels in at most {_MOST_BYTES // 2**20} MiB",
            found=f"{file.stat().st_size:,} bytes",
            hint="split it",
            where=str(file),
        )
    return data


@group.command()
@command
def agreement(project: ProjectArgument, *, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """Say how far people agree beyond chance, with intervals, what suggestions do to them, and how long labels take."""
    from rebracket_core.services.labels import label_health

    bench = workbench_for(home)
    found = label_health(bench.labels.session, project, seed=bench.settings.seed)
    out.answer(found.to_dict(), _health_text(found), as_json=as_json)
    return DONE


def _health_text(found: LabelHealth) -> str:
    report = found.agreement
    rows: list[tuple[Any, ...]] = []
    for question in report.questions:
        for one in (question.main, *question.others, *question.pairs):
            rows.append(
                (
                    question.question,
                    one.name,
                    one.value,
                    one.low,
                    one.high,
                    one.observed,
                    one.expected,
                    one.n_items,
                    one.n_labels,
                    one.why,
                )
            )
    heads = ("question", "coefficient", "value", "low", "high", "observed", "expected", "texts", "labels", "why not")
    lines = [f"{report.n_used:,} of {report.n_labels:,} labels were given alone and count here."]
    lines += [f"Skipped: {why}: {n:,}" for why, n in report.excluded.items()]
    effect = found.automation_bias[0].difference
    effect_text = effect.why if effect.value is None else f"{effect.value:+.3f} [{effect.low:+.3f}, {effect.high:+.3f}]"
    spent = [(t.annotator, t.n_labels, t.median_s, t.low_quartile_s, t.high_quartile_s) for t in found.times]
    return "\n".join(
        [
            *lines,
            "",
            columns(heads, rows),
            "",
            f"Agreement with the model, its prediction seen less not seen: {effect_text}",
            "",
            columns(("person", "labels", "median s", "quartile", "quartile"), spent),
        ]
    )
