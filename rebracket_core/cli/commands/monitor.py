"""The command `monitor`: verdicts over time, drift, and a sample for people to label."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebracket_core.cli.commands.annotations.projects import ByOption, acting
from rebracket_core.cli.exit_codes import DONE, SOME_FAILED, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for
from rebracket_core.errors import DataError

if TYPE_CHECKING:
    from rebracket_core.services import Traffic


@command
def monitor(
    *,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="The run that predicted; by default the production model.")
    ] = None,
    days: Annotated[int, typer.Option("--days", help="How far to look back: 1, 7, 30 or 90.")] = 7,
    label: Annotated[
        str | None, typer.Option("--label", metavar="NAME", help="Make an annotation project of a sample of what came in.")
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="The texts of that sample.")] = 100,
    by: ByOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Tell how many verdicts there were, what they were, how long they took, and whether the texts drift (exit code 3)."""
    bench = workbench_for(home)
    run_id = bench.resources.model(run).run_id
    traffic = bench.monitoring.traffic(run_id, days=days)
    found: dict[str, Any] = {"run_id": run_id, "days": days, **_traffic_document(traffic)}
    try:
        drift = bench.monitoring.drift(run_id, days=days)
        found["drift"] = {**asdict(drift), "alarm": drift.alarm}
        figures = f"p {drift.p_value:.3f}, {drift.n_incoming} texts against {drift.n_training}"
        words = f"{'ALARM, the texts are unlike the training texts' if drift.alarm else 'none to be seen'} ({figures})"
    except DataError as error:
        found["drift"], words = None, f"not tested: {error.found}"
    if label is not None:
        made = bench.monitoring.to_label(label, run_id, by=acting(bench.labels, by), n=count, days=days)
        found["project"] = made.project_id
        tell(f"The project {made.project_id} is ready to be labelled.")
    if as_json:
        out.json(found)
    else:
        for name in ("verdicts", "albums"):
            out.text(f"{name}: " + (", ".join(f"{n:,} {kind}" for kind, n in found[name].items()) or "none"))
        out.text(f"seconds a verdict: half {_short(found['half_s'])}, 0.95 {_short(found['most_s'])}")
        out.text(f"drift: {words}")
    return SOME_FAILED if found["drift"] and found["drift"]["alarm"] else DONE


def _traffic_document(traffic: Traffic) -> dict[str, Any]:
    total = traffic.total
    return {
        "n": total.n,
        "verdicts": dict(sorted(total.kinds.items())),
        "albums": dict(total.albums.most_common()),
        "accepted": traffic.accepted,
        "half_s": traffic.latency_s(0.5),
        "most_s": traffic.latency_s(0.95),
    }


def _short(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.4f}"
