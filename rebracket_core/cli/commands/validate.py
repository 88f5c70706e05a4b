"""The commands `validate` and `predict`: concepts in, verdicts or predictions out, in input order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from rebracket_core.cli.exit_codes import DONE, SOME_FAILED, command, out, tell
from rebracket_core.cli.history_writer import HistoryWriter
from rebracket_core.cli.options import (
    HomeOption,
    JsonOption,
    ModelOption,
    RunOption,
    TextColumnOption,
    ThresholdOption,
    pairs,
    workbench_for,
)
from rebracket_core.cli.parts import (
    PartRowsOption,
    PartsOption,
    PartsRequest,
    RayOption,
    WorkersOption,
    code_of,
    score_in_parts,
    tell_counts,
)
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import columns, one_line, terminal_width
from rebracket_core.errors import ConfigError, InputError
from rebracket_core.thresholds import Value, threshold

if TYPE_CHECKING:
    from rebracket_core.corpus import Concept
    from rebracket_core.corpus.sources.sinks import ConceptsRead
    from rebracket_core.workbench import Workbench

CHUNK = 128
_SMALL = 32
_NOTES_SHOWN = 10
_SNIPPET = 60
_FILE_TABLE_WIDTH = 160
Write = Callable[[bytes], None]


class Format(StrEnum):
    """How verdicts are written."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


_BY_SUFFIX = {".jsonl": Format.JSONL, ".ndjson": Format.JSONL, ".csv": Format.CSV, ".txt": Format.TABLE}
FormatOption = Annotated[Format | None, typer.Option("--format", help="By default what the name of --out says, else a table.")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write there instead of stdout.")]
HistoryOption = Annotated[
    bool | None, typer.Option("--history/--no-history", help="Keep the verdicts in the history (not with --parts).")
]

SourcesArgument = Annotated[
    list[str], typer.Argument(metavar="SOURCE...", help="Files, folders or ZIPs; - for stdin. See: rebracket formats")
]


@command
def validate(
    sources: SourcesArgument,
    *,
    run: RunOption = None,
    model: ModelOption = None,
    form: FormatOption = None,
    target: OutOption = None,
    values: ThresholdOption = None,
    history: HistoryOption = None,
    parts: PartsOption = None,
    part_rows: PartRowsOption = 10_000,
    ray: RayOption = None,
    workers: WorkersOption = 0,
    text_column: TextColumnOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Score concepts from files and folders; an item that cannot be scored does not stop the rest."""
    bench = workbench_for(home, model=model)
    thresholds = _thresholds(values, bench=bench)
    if parts is not None or ray is not None:
        wanted = PartsRequest(sources, parts, form, target, history, part_rows, ray, workers, text_column or "")
        return score_in_parts(bench, wanted, run=run, thresholds=thresholds, as_json=as_json)
    chosen = _format(form, target=target, as_json=as_json)
    run_id = bench.resources.model(run).run_id
    writer = HistoryWriter.begin(bench, wanted=history is not False)
    read = _read(sources, bench=bench, run_id=run_id, text_column=text_column)
    chunks = _scored(bench, read.concepts, run_id=run_id, thresholds=thresholds, writer=writer)
    counts, rest = _written(chunks, form=chosen, target=target, as_json=as_json)
    if as_json:
        out.json(_summary(counts, run_id=run_id, read=read, target=target, verdicts=rest) | writer.document())
    tell_counts(counts, target=target)
    return writer.code(code_of(counts))


def _read(sources: list[str], *, bench: Workbench, run_id: str, text_column: str | None) -> ConceptsRead:
    read = bench.verdicts.read(sources, text_column=text_column, vectors=bench.verdicts.reads_vectors(run_id))
    _tell_report(read)
    if not read.concepts:
        raise InputError(
            "There is nothing to score.",
            expected="at least one concept",
            found="none in these sources",
            hint="name a file, a folder, or - for stdin",
        )
    return read


def _scored(
    bench: Workbench, concepts: Sequence[Concept], *, run_id: str, thresholds: dict[str, Value], writer: HistoryWriter
) -> Iterator[list[dict[str, Any]]]:
    """The verdicts as dicts, chunk by chunk, so that answers appear while the rest is being scored."""
    total = len(concepts)
    for start in range(0, total, CHUNK):
        chunk = concepts[start : start + CHUNK]
        with showing(shown=total > _SMALL) as progress:
            progress.update("Scoring concepts", start, total)
            verdicts = writer.add(bench, chunk, run_id=run_id, thresholds=thresholds)
            progress.update("Scoring concepts", start + len(chunk), total)
        yield [verdict.to_dict() for verdict in verdicts]


def _written(
    chunks: Iterator[list[dict[str, Any]]], *, form: Format, target: Path | None, as_json: bool
) -> tuple[Counter[str], list[dict[str, Any]]]:
    """How many verdicts of each kind there were; and those that were not written, which is all for JSON on stdout."""
    counts: Counter[str] = Counter()
    kept: list[dict[str, Any]] = []
    with _sink(target, as_json=as_json) as write:
        for number, verdicts in enumerate(chunks):
            counts.update("error" if verdict["error"] else str(verdict["verdict"]) for verdict in verdicts)
            if as_json and target is None:
                kept += verdicts
            else:
                write(_rendered(verdicts, form=form, first=number == 0, to_file=target is not None))
    return counts, kept


def _thresholds(values: list[str] | None, *, bench: Workbench) -> dict[str, Value]:
    """The thresholds that were set, checked by name, kind and range before anything is loaded."""
    changes: dict[str, Value] = {name: threshold(name).parse(text) for name, text in pairs(values).items()}
    bench.settings.thresholds.with_(**changes)
    return changes


def _format(form: Format | None, *, target: Path | None, as_json: bool) -> Format:
    if form is Format.PARQUET:
        raise ConfigError(
            "Parquet is written in parts.", expected="table, jsonl or csv", found="parquet", hint="add --parts FOLDER"
        )
    if form is not None:
        if as_json and target is None:
            raise ConfigError(
                "--json and --format exclude each other on stdout.",
                expected="one of the two",
                found=f"--json --format {form}",
                hint="leave one out, or add --out FILE",
            )
        return form
    if target is None:
        return Format.TABLE
    found = _BY_SUFFIX.get(target.suffix.casefold())
    if found is None:
        tell(f"Note: the name {target.name!r} says no format, so one JSON document a line is written; see --format.")
    return found or Format.JSONL


@contextmanager
def _sink(target: Path | None, *, as_json: bool) -> Iterator[Write]:
    """Where rendered verdicts go: stdout, or a file that appears whole at the end or not at all."""
    if target is None:
        yield out.data
    elif target.exists() and not (target.is_file() or target.is_dir()):  # a pipe or a device
        with open(target, "wb") as direct:
            yield _writer(direct)
    else:
        with _whole_file(Path(target).resolve()) as handle:
            yield _writer(handle)


def _writer(handle: IO[bytes]) -> Write:
    def write(data: bytes) -> None:
        handle.write(data)

    return write


@contextmanager
def _whole_file(path: Path) -> Iterator[IO[bytes]]:
    from rebracket_core.files import export_file

    if path.is_dir() or not path.parent.is_dir():
        raise InputError(
            "The file cannot be written.",
            expected="a file in a folder that exists",
            found=str(path),
            hint="make the folder or name another file",
        )
    with export_file(path) as handle:
        yield handle


def _rendered(verdicts: list[dict[str, Any]], *, form: Format, first: bool, to_file: bool) -> bytes:
    from rebracket_core.reports.verdict_writers import to_csv, to_jsonl, to_table

    if form is Format.JSONL:
        return to_jsonl(verdicts)
    if form is Format.CSV:
        return to_csv(verdicts, header=first)
    width = _FILE_TABLE_WIDTH if to_file else terminal_width()
    colour = not to_file and out.stream.isatty()
    return to_table(verdicts, width=width, colour=colour, header=first).encode()


def _summary(
    counts: Mapping[str, int], *, run_id: str, read: ConceptsRead, target: Path | None, verdicts: list[dict[str, Any]]
) -> dict[str, Any]:
    from rebracket_core.reports import ordered

    summary: dict[str, Any] = {
        "run_id": run_id,
        "n": sum(counts.values()),
        "n_failed": counts["error"],
        "counts": dict(counts),
        "report": read.report.to_dict(),
    }
    if target is None:
        return {**summary, "verdicts": [ordered(verdict) for verdict in verdicts]}
    return {**summary, "out": str(target)}


def _tell_report(read: ConceptsRead) -> None:
    for note in read.report.notes[:_NOTES_SHOWN]:
        tell(f"Note: {note}")
    failed = {concept.source for concept in read.concepts if concept.error}
    skipped = [skip for skip in read.report.skipped if skip.where not in failed]
    if skipped:
        more = f" and {len(skipped) - 1:,} more" if len(skipped) > 1 else ""
        tell(f"Skipped: {skipped[0].where} ({skipped[0].reason}){more}")


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
    chosen = _prediction_format(form, target=target)
    bench = workbench_for(home, model=model)
    run_id = bench.resources.model(run).run_id
    read = _read(sources, bench=bench, run_id=run_id, text_column=text_column)
    with showing(shown=len(read.concepts) > _SNIPPET) as progress:
        found = [one.to_dict() for one in bench.predict.predict(read.concepts, run_id=run, progress=progress)]
    failed = sum(bool(one["error"]) for one in found)
    if target is not None:
        _write_predictions(target, found, form=chosen)
    if as_json:
        document = {"run_id": found[0]["run_id"], "n": len(found), "n_failed": failed, "report": read.report.to_dict()}
        out.json({**document, **({"predictions": found} if target is None else {"out": str(target)})})
    elif target is None:
        _show_predictions(found, form=chosen)
    tell(f"{len(found):,} texts, {failed:,} failed; {one_line(found[0]['run_id'])}.")
    return SOME_FAILED if failed else DONE


def _prediction_format(form: Format | None, *, target: Path | None) -> Format:
    chosen = form or (_BY_SUFFIX.get(target.suffix.casefold(), Format.JSONL) if target else Format.TABLE)
    if chosen is Format.PARQUET or (chosen is Format.TABLE and target is not None):
        raise ConfigError(
            "Predictions are not written in this format.",
            expected="jsonl or csv" if target else "table, jsonl or csv",
            found=str(chosen),
            hint="choose another --format",
        )
    return chosen


def _write_predictions(target: Path, found: list[dict[str, Any]], *, form: Format) -> None:
    from rebracket_core.files import export_file

    with export_file(target.resolve()) as handle:
        handle.write(_prediction_bytes(found, form=form))


def _show_predictions(found: list[dict[str, Any]], *, form: Format) -> None:
    from rebracket_core.reports.prediction_writers import prediction_rows

    if form is not Format.TABLE:
        out.data(_prediction_bytes(found, form=form))
        return
    rows = [{**row, "text": one_line(row["text"])[:_SNIPPET]} for row in prediction_rows(found)]
    out.text(columns(tuple(rows[0]), [tuple(row.values()) for row in rows]))


def _prediction_bytes(found: list[dict[str, Any]], *, form: Format) -> bytes:
    from rebracket_core.reports.prediction_writers import predictions_csv, predictions_jsonl

    return predictions_csv(found) if form is Format.CSV else predictions_jsonl(found)
