"""The commands `train`, `runs`, `promote` and `evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebracket_core.cli.commands.explaining.explain import report_replay
from rebracket_core.cli.exit_codes import DONE, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, SetOption, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import columns, one_line
from rebracket_core.cli.training_options import config_from
from rebracket_core.errors import InputError

if TYPE_CHECKING:
    from rebracket_core.runs import AccuracyScore, RunInfo, RunMetrics
    from rebracket_core.services import Jobs, Searches, Trainings
    from rebracket_core.training.config import TrainingConfig
    from rebracket_core.training.evaluation import Evaluation
    from rebracket_core.workbench import Workbench

_SCORE_HEADS = ("question", "accuracy", "low", "high", "n", "majority", "lookup", "tfidf_lr")
LEAKED = "LEAKED: the split is by row, so these figures measure memory, not skill."


@command
def train(
    dataset: Annotated[str, typer.Argument(help="The name of an imported data set.")],
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="A YAML or JSON training config, ours or the training pipeline's."),
    ] = None,
    values: SetOption = None,
    follow: Annotated[bool, typer.Option("--follow/--quiet", help="Show how far the training is, on stderr.")] = True,
    detach: Annotated[
        bool, typer.Option("--detach", help="Start a worker and return at once; see it with: rebracket runs")
    ] = False,
    executor: Annotated[
        str, typer.Option("--on", help="Where: {launchers} (ray: the cluster at REBRACKET_RAY_ADDRESS); all but here detach.")
    ] = "here",
    dstack: Annotated[
        Path | None, typer.Option("--write-dstack", metavar="FILE", help="Train nothing: write a dstack task, for RunPod.")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Train a run on a data set and measure it on held-out groups; rebracket encoders lists what --set encoder= takes."""
    bench = workbench_for(home)
    chosen = _of_vectors(config_from(config, values, default=bench.training.default_config(dataset)))
    if dstack is not None:
        parts = bench.training.write_dstack(dataset, config=chosen, to=dstack)
        if as_json:
            out.json({"task": str(dstack), "files": str(parts)})
        else:
            out.text(f"The task is {one_line(dstack)}, what it takes along is {one_line(parts)}.")
            out.text(f"dstack apply -f {one_line(dstack)}")
        return DONE
    if detach or executor != "here":
        return detached(bench.training.launch(dataset, config=chosen, executor=executor), as_json=as_json)
    with showing(shown=follow) as progress:
        info = bench.training.train(dataset, config=chosen, progress=progress)
    out.answer(info.to_dict(), run_text(info), as_json=as_json)
    if not as_json:
        report_replay(bench, info.run_id)
    return DONE


def detached(run_id: str, *, as_json: bool) -> int:
    """The exit code; says which run a worker trains now."""
    if as_json:
        out.json({"run_id": run_id})
    else:
        out.text(run_id)
        tell("A worker trains it. How far it is: rebracket runs; to stop it: rebracket cancel RUN")
    return DONE


@command
def cancel(
    run: Annotated[str, typer.Argument(help="The id of a run, a search or another job that is waiting or at work.")],
    *,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Ask the worker of a run, a search or another job to stop at its next step; what is finished is kept for `resume`."""
    bench = workbench_for(home)
    _service_of(bench, run).cancel(run)
    out.answer({"cancelling": run}, f"{one_line(run)} stops at its next step.", as_json=as_json)
    return DONE


@command
def resume(
    run: Annotated[str, typer.Argument(help="The id of a run, a search or another job that was cancelled, failed or lost.")],
    *,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Start a worker that goes on where a job stopped; a run comes to the numbers that it would have had anyway."""
    bench = workbench_for(home)
    _service_of(bench, run).resume(run)
    return detached(run, as_json=as_json)


def _service_of(bench: Workbench, job_id: str) -> Jobs | Searches | Trainings:
    """The service that has the job: an id of no search and no other job is a run's."""
    return bench.search if bench.search.has(job_id) else bench.jobs if bench.jobs.has(job_id) else bench.training


def _of_vectors(chosen: TrainingConfig) -> TrainingConfig:
    """The same config; where it trains on vectors of the data, stderr tells what follows from that."""
    from rebracket_core.encoders import VECTORS_PREFIX

    if chosen.features.encoder.startswith(VECTORS_PREFIX):
        tell("Note: it is trained on the vectors that came with the data, and can score only texts that bring such a vector.")
        tell("To train on what MiniLM makes of the texts: --set encoder=minilm", indent=2)
    return chosen


def run_text(info: RunInfo) -> str:
    """A finished run with its figures, as text."""
    use = "promote" if info.gives_verdicts else "predict FILE --run"
    state = "verdicts come from it" if info.promoted else f"to use it: rebracket {use} {info.run_id}"
    size = f"{info.n_rows:,} rows, {info.n_groups:,} groups"
    return f"Run {info.run_id} on {one_line(info.dataset)} ({size}); {state}.\n\n{_scores_text(info.measured)}"


@command
def runs(*, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """List the runs, newest first: those in training, and the finished ones with their figures on held-out groups."""
    snapshot = workbench_for(home).resources.runs.snapshot()
    if as_json:
        out.json(
            {
                "runs": [info.to_dict() for info in snapshot.finished],
                "active": [state.to_dict() for state in snapshot.active],
                "broken": [{"run_id": run_id, "why": why} for run_id, why in snapshot.broken],
            }
        )
        return DONE
    if snapshot.finished:
        heads = ["run", "made", "data set", "rows", "groups", "album", "low", "high", "production", "leaked"]
        with_types = any(info.measured.types.measured for info in snapshot.finished)
        rows = [(*_run_row(info), *(_type_cells(info) if with_types else ())) for info in snapshot.finished]
        out.text(columns([*heads, *(("types", "any type") if with_types else ())], rows))
    else:
        out.text("No finished runs. Train one: rebracket train DATASET")
    for info in snapshot.finished:
        if missing := info.measured.not_learnt:
            tell(f"{info.run_id} did not learn: {', '.join(missing)} (see: rebracket card {info.run_id})")
    for state in snapshot.active:
        part = f" {state.done}/{state.total}" if state.total > 1 else ""
        tell(f"{state.run_id} on {one_line(state.dataset)}: {state.status}, {state.stage}{part}")
    for run_id, why in snapshot.broken:
        tell(f"{run_id} cannot be used: {why or 'it is not finished'}")
    return DONE


def _run_row(info: RunInfo) -> tuple[Any, ...]:
    album = info.measured.album
    figures = (album.accuracy, album.low, album.high)
    production = "production" if info.promoted else ""
    leaked = "LEAKED" if info.leaked else ""
    return (info.run_id, info.created_at, info.dataset, info.n_rows, info.n_groups, *figures, production, leaked)


def _type_cells(info: RunInfo) -> tuple[str, str]:
    """The macro F1 of a run's types and the AUC of having any, with their intervals; "-" where there is none."""
    types = info.measured.types
    auc = next((figure for figure in types.any_type if figure.name.endswith("AUC")), None)
    return f"macro F1 {types.figures[0]}" if types.figures else "-", f"AUC {auc}" if auc else "-"


@command
def promote(
    run: Annotated[str | None, typer.Argument(help="The id of a finished run.")] = None,
    *,
    back: Annotated[bool, typer.Option("--back", help="Roll back to the production model before.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Make a run the one that verdicts come from, or go back to the one before."""
    if (run is None) != back:
        raise InputError(
            "It is not clear which run is meant.",
            expected="the id of a run, or --back",
            found="both" if back else "neither",
            hint="rebracket promote RUN, or rebracket promote --back",
        )
    bench = workbench_for(home)
    before = bench.resources.runs.promoted_id()
    if run is None:
        run = bench.runs.roll_back()
    else:
        bench.runs.promote(run)
    out.answer({"promoted": run, "before": before}, f"Verdicts now come from {one_line(run)}.", as_json=as_json)
    return DONE


@command
def evaluate(
    run: Annotated[str, typer.Argument(help="The id of a finished run.")],
    dataset: Annotated[str, typer.Argument(help="The name of an imported data set.")],
    *,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Score a run on a data set, with intervals over groups and beside majority, lookup and TF-IDF."""
    from rebracket_core.runs import RunMetrics

    with showing() as progress:
        found: Evaluation = workbench_for(home).runs.evaluate(run, dataset, progress=progress)
    if as_json:
        out.json(found.to_dict())
    else:
        head = f"Run {one_line(run)} on {one_line(found.dataset)}: {found.n_rows:,} rows in {found.n_groups:,} groups"
        out.text(f"{head}, split: {found.split}.\n\n{_scores_text(RunMetrics.from_dict(found.to_dict()))}")
    return DONE


def _scores_text(metrics: RunMetrics) -> str:
    """The figures of an evaluation as text: scores with intervals and baselines, calibration, what the gate accepts."""
    from rebracket_core.runs import table

    parts = [LEAKED] if metrics.leaked else []
    types = metrics.types
    scores = metrics.measured if types.measured else metrics.scores  # a run of types alone has no album and no axes to show
    if scores:
        parts += [*([""] if parts else []), columns(_SCORE_HEADS, [_score_row(name, score) for name, score in scores.items()])]
    for rows in (types.figure_rows(), types.gap_rows(), types.type_rows(), types.pair_rows()):
        parts += [f"\n{columns(*table(rows))}"] if rows else []
    parts += ["", *map(one_line, types.sentences())] if types.sentences() else []
    calibration, gate = metrics.calibration, metrics.gate
    if calibration.ece is not None:
        parts.append(f"\nCalibration error {_number(calibration.ece)} (by chance: {_number(calibration.ece_by_chance)}).")
    if gate.coverage is not None and (metrics.measured or not types.measured):
        share, accuracy = _number(gate.coverage), _number(gate.accuracy)
        parts.append(f"The rules accept {share} of the texts; the accuracy of these is {accuracy} (n {gate.n_accepted}).")
        parts += [f"  {kind}: accuracy {_number(score.accuracy)} (n {score.n})" for kind, score in gate.measured.items()]
    parts += [f"Note: {one_line(note)}" for note in metrics.notes]
    return "\n".join(parts).strip("\n")


def _score_row(name: str, score: AccuracyScore) -> tuple[Any, ...]:
    return (name, score.accuracy, score.low, score.high, score.n, score.majority, score.lookup, score.tfidf_lr)


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "-"
