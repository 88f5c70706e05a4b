"""`validate --parts`: verdicts on any number of concepts, into a folder that can be gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebracket_core.cli.exit_codes import BAD_INPUT, DONE, SOME_FAILED, out, tell
from rebracket_core.cli.progress import showing
from rebracket_core.errors import ConfigError
from rebracket_core.thresholds import Value

if TYPE_CHECKING:
    from rebracket_core.scoring import OrderOptions, PartForm, Parts
    from rebracket_core.workbench import Workbench

PartsOption = Annotated[
    Path | None,
    typer.Option("--parts", metavar="FOLDER", help="For any number: write parts into a folder; the same again goes on."),
]
PartRowsOption = Annotated[int, typer.Option("--part-rows", min=1, max=1_000_000, help="Concepts in one part.")]
RayOption = Annotated[
    str | None, typer.Option("--ray", metavar="ADDRESS", help="Make the parts on Ray: local, auto or a head's address.")
]
WorkersOption = Annotated[int, typer.Option("--workers", min=0, help="Workers on Ray; by default one a free core.")]


@dataclass(frozen=True, slots=True)
class PartsRequest:
    """The request of the command line, before it is checked."""

    sources: list[str]
    folder: Path | None
    form: str | None
    out: Path | None
    history: bool | None
    rows: int
    ray: str | None
    workers: int
    text_column: str = ""


def score_in_parts(
    bench: Workbench, request: PartsRequest, *, run: str | None, thresholds: dict[str, Value], as_json: bool
) -> int:
    """The exit code, after every part was written."""
    form, folder = _checked(request)
    options: OrderOptions = {
        "run_id": run,
        "thresholds": thresholds,
        "form": form,
        "rows_per_part": request.rows,
        "text_column": request.text_column,
    }
    with showing() as progress:
        if request.ray is not None:
            from rebracket_core.scoring import score_on_ray
            from rebracket_core.services import Resources

            parts = score_on_ray(
                bench.resources,
                request.sources,
                folder=folder,
                opener=Resources,
                address=request.ray,
                workers=request.workers,
                progress=progress,
                **options,
            )
        else:
            from rebracket_core.scoring import score_into

            parts = score_into(bench.resources, request.sources, folder=folder, progress=progress, **options)
    counts = parts.counts
    if as_json:
        out.json(_document(parts, folder))
    tell_counts(counts, target=folder)
    return code_of(counts)


def _document(parts: Parts, folder: Path) -> dict[str, Any]:
    """The JSON document on parts that were written into a folder."""
    from rebracket_core.scoring import MANIFEST

    return {
        "run_id": parts.order.run_id,
        "n": parts.counts.total(),
        "n_failed": parts.counts["error"],
        "counts": dict(parts.counts),
        "out": str(folder),
        "manifest": str(folder / MANIFEST),
    }


def tell_counts(counts: Mapping[str, int], *, target: Path | None) -> None:
    """Print how many verdicts of each kind there are."""
    total = sum(counts.values())
    wording = {"error": "could not be scored (see error)"}
    parts = ", ".join(f"{n:,} {wording.get(name, name)}" for name, n in sorted(counts.items()))
    tell(f"{total:,} concept{'' if total == 1 else 's'}: {parts}" + (f"; written to {target}" if target else ""))


def code_of(counts: Mapping[str, int]) -> int:
    """The exit code: whether all, some or none could be scored."""
    failed = counts.get("error", 0)
    if not failed:
        return DONE
    return BAD_INPUT if failed == sum(counts.values()) else SOME_FAILED


def _checked(request: PartsRequest) -> tuple[PartForm, Path]:
    from rebracket_core.scoring import PartForm

    if request.folder is None:
        raise ConfigError(
            "Ray needs a place for the parts.",
            expected="--parts FOLDER",
            found=f"--ray {request.ray}",
            hint="name a folder that every worker sees",
        )
    if request.out is not None:
        raise ConfigError("Verdicts go to one place.", expected="--parts or --out", found="both", hint="leave one out")
    if request.history:
        raise ConfigError(
            "Parts are not kept in the history as well.",
            expected="--parts alone",
            found="--parts --history",
            hint="leave --history out: the folder is the record",
        )
    if request.form not in (None, *PartForm):
        raise ConfigError(
            "Parts have another format.",
            expected=", ".join(PartForm),
            found=str(request.form),
            hint="leave --format out for jsonl",
        )
    return PartForm(request.form or PartForm.JSONL), request.folder
