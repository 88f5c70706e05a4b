"""The command `map`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebracket_core.cli.exit_codes import DONE, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, SetOption, pairs, workbench_for
from rebracket_core.cli.progress import showing
from rebracket_core.cli.tables import one_line
from rebracket_core.errors import ConfigError

if TYPE_CHECKING:
    from rebracket_core.maps import MapSpec, StoredMap
    from rebracket_core.services.maps import PlacedText

OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the coordinates there: .csv or .parquet.")]


@command
def map_(
    dataset: Annotated[str, typer.Argument(help="The name of an imported data set.")],
    *,
    method: Annotated[str, typer.Option("--method", help="umap, tsne (extra 'map') or pca.")] = "umap",
    dims: Annotated[int, typer.Option("--dims", min=2, max=3, help="Dimensions of the map.")] = 2,
    run: Annotated[str, typer.Option("--run", help="A run: its encoder makes the map, its answers go into --out.")] = "",
    text: Annotated[str, typer.Option("--text", help="The text field: concept, descriptions or lyrics.")] = "concept",
    layer: Annotated[str, typer.Option("--layer", help="'final', or the number of a hidden layer.")] = "final",
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="By default REBRACKET_SEED.")] = None,
    values: SetOption = None,
    place: Annotated[list[str] | None, typer.Option("--place", metavar="TEXT", help="A new text to place on it.")] = None,
    to: OutOption = None,
    detach: Annotated[bool, typer.Option("--detach", help="Start a worker and return at once.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Lay the texts of a data set out on a map, and say how far to trust it. The same request is fitted once."""
    maps = workbench_for(home).maps
    kind = _kind(to)
    spec = maps.spec(dataset, method=method, dims=dims, text=text, run_id=run, layer=layer, seed=seed, params=_params(values))
    if detach:
        _tell_launched(maps.launch(spec), as_json=as_json)
        return DONE
    with showing() as progress:
        stored = maps.fit(spec, progress=progress)
        placed = [maps.place(stored.map_id, one) for one in place or ()]
        if to is not None:
            _write(to, kind, maps.coordinates(stored.map_id, run_id=run or None, progress=progress))
    if as_json:
        out.json(_document(stored, spec, placed=placed, file=to))
    else:
        _tell_map(stored, spec, placed=placed, file=to)
    return DONE


def _tell_launched(map_id: str, *, as_json: bool) -> None:
    if as_json:
        out.json({"map_id": map_id})
    else:
        out.text(map_id)
        tell("A worker fits it; it shows on the Map page.")


def _document(stored: StoredMap, spec: MapSpec, *, placed: Sequence[PlacedText], file: Path | None) -> dict[str, object]:
    """The JSON document on a map: what was asked for, how far to trust it, and where the new texts lie."""
    near = [
        {"text": p.placed.text, "at": list(p.placed.at), "near": stored.values("row_id", p.near), "cosines": list(p.cosines)}
        for p in placed
    ]
    return {
        "map_id": stored.map_id,
        "spec": spec.to_dict(),
        "fit_hash": spec.fit_hash,
        "quality": stored.quality.to_dict(),
        "file": str(file) if file else None,
        "placed": near,
    }


def _tell_map(stored: StoredMap, spec: MapSpec, *, placed: Sequence[PlacedText], file: Path | None) -> None:
    quality = stored.quality
    out.text(f"Map {stored.map_id}: {quality.n:,} texts, {one_line(spec.title)}")
    out.text(
        f"Nearest {quality.k} kept {quality.knn_preservation:.3f} (chance {quality.chance:.3f}), trustworthiness "
        f"{quality.trustworthiness:.3f}, continuity {quality.continuity:.3f}, on {quality.measured:,} texts."
    )
    for p in placed:
        out.text(
            f"At {', '.join(f'{v:.3f}' for v in p.placed.at)}: {one_line(p.placed.text)}; nearest "
            f"{one_line(str(stored.values('row_id', p.near[:1])[0]))} ({p.cosines[0]:.2f})"
        )
    if file is not None:
        out.text(f"The coordinates are in {one_line(file)}.")


def _kind(to: Path | None) -> str:
    kind = to.suffix.lower() if to else ""
    if to is not None and kind not in (".csv", ".parquet"):
        raise ConfigError(
            "The coordinates cannot be written so.",
            expected="a file .csv or .parquet",
            found=str(to),
            hint="change the ending of --out",
        )
    return kind


def _params(values: list[str] | None) -> dict[str, float]:
    """The parameters of the method that --set names; ConfigError where one is no number."""
    return {name: _number(name, value) for name, value in pairs(values).items()}


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ConfigError(
            f"The option '{name}' cannot be read.", expected="a number", found=repr(value), hint="write --set n_neighbors=15"
        ) from None


def _write(to: Path, kind: str, table: object) -> None:
    from rebracket_core.files import export_bytes
    from rebracket_core.reports import to_csv, to_parquet

    export_bytes(to, to_csv(table) if kind == ".csv" else to_parquet(table))  # type: ignore[arg-type]
