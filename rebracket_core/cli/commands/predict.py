"""The command `predict`: concepts in, everything that a run learnt out, verdict or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebracket_core.cli.commands.validate import Format, SourcesArgument
from rebracket_core.cli.exit_codes import DONE, SOME_FAILED, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, ModelOption, RunOption, TextColumnOption, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import columns, one_line
from rebracket_core.errors import ConfigError, InputError

if TYPE_CHECKING:
    from rebracket_core.corpus.sources.sinks import ConceptsRead

_SNIPPET = 60
_BY_SUFFIX = {".jsonl": Format.JSONL, ".ndjson": Format.JSONL, ".csv": Format.CSV}


@command
def predict(
    sources: SourcesArgument,
    *,
    run: RunOption = None,
    model: ModelOption = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="table, jsonl or csv; by default what --out says, else a table.")
    ] = None,
    target: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write there instead of stdout.")] = None,
    text_column: TextColumnOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Predict types, any type and whatever else a run learnt; unlike a verdict it needs neither axes nor album."""
    chosen = _format(form, target=target)
    bench = workbench_for(home, model=model)
    read = bench.verdicts.read(sources, text_column=text_column)
    _require(read)
    with showing(shown=len(read.concepts) > _SNIPPET) as progress:
        found = [one.to_dict() for one in bench.predict.predict(read.concepts, run_id=run, progress=progress)]
    failed = sum(bool(one["error"]) for one in found)
    if target is not None:
        _write(target, found, form=chosen)
    if as_json:
        document = {"run_id": found[0]["run_id"], "n": len(found), "n_failed": failed, "report": read.report.to_dict()}
        out.json({**document, **({"predictions": found} if target is None else {"out": str(target)})})
    elif target is None:
        _show(found, form=chosen)
    for note in read.report.notes:
        tell(f"Note: {one_line(note)}")
    tell(f"{len(found):,} texts, {failed:,} failed; {one_line(found[0]['run_id'])}.")
    return SOME_FAILED if failed else DONE


def _require(read: ConceptsRead) -> None:
    if not read.concepts:
        raise InputError(
            "There is nothing to predict.",
            expected="at least one concept",
            found="none in these sources",
            hint="name a file, a folder, or - for stdin",
        )


def _format(form: Format | None, *, target: Path | None) -> Format:
    chosen = form or (_BY_SUFFIX.get(target.suffix.casefold(), Format.JSONL) if target else Format.TABLE)
    if chosen is Format.PARQUET or (chosen is Format.TABLE and target is not None):
        raise ConfigError(
            "Predictions are not written in this format.",
            expected="jsonl or csv" if target else "table, jsonl or csv",
            found=str(chosen),
            hint="choose another --format",
        )
    return chosen


def _write(target: Path, found: list[dict[str, Any]], *, form: Format) -> None:
    from rebracket_core.files import export_file

    with export_file(target.resolve()) as handle:
        handle.write(_bytes(found, form=form))


def _show(found: list[dict[str, Any]], *, form: Format) -> None:
    from rebracket_core.reports.prediction_writers import prediction_rows

    if form is not Format.TABLE:
        out.data(_bytes(found, form=form))
        return
    rows = [{**row, "text": one_line(row["text"])[:_SNIPPET]} for row in prediction_rows(found)]
    out.text(columns(tuple(rows[0]), [tuple(row.values()) for row in rows]))


def _bytes(found: list[dict[str, Any]], *, form: Format) -> bytes:
    from rebracket_core.reports.prediction_writers import predictions_csv, predictions_jsonl

    return predictions_csv(found) if form is Format.CSV else predictions_jsonl(found)
