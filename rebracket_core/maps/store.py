"""A fitted map on disk: coordinates with everything that is known of each text, its vectors, its quality, and new texts.

`maps/<map_id>/`: `spec.json`, `attempts/`, `coordinates.parquet`, `vectors.npy`, `quality.json`, for PCA
`projection.safetensors`, and `placed.json` with the texts that were placed on it since.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rebracket_core.errors import StoreError
from rebracket_core.files import atomic_file, lock_file, write_bytes, write_json
from rebracket_core.maps.quality import MapQuality
from rebracket_core.maps.reducers import Projection
from rebracket_core.maps.spec import MapSpec

if TYPE_CHECKING:
    import pyarrow as pa

COORDINATES = "coordinates.parquet"
VECTORS = "vectors.npy"
QUALITY = "quality.json"
PROJECTION = "projection.safetensors"
PLACED = "placed.json"
AXES = ("x", "y", "z")


@dataclass(frozen=True, slots=True)
class AddedText:
    """A new text on a map: its place is decided once and kept."""

    text_id: str
    text: str
    at: tuple[float, ...]


def write_map(
    folder: Path, *, rows: pa.Table, projection: Projection, vectors: np.ndarray | None, quality: MapQuality, trust: np.ndarray
) -> None:
    """Write a fitted map into its folder; `quality.json` comes last, so that a map with it is whole.

    `rows` has one row a point in the order of the places: `row_id`, `text` and whatever is known of them; `trust` (n,).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    places = projection.places
    for k, name in enumerate(AXES[: places.shape[1]]):
        rows = rows.append_column(name, pa.array(places[:, k].astype(np.float32)))
    rows = rows.append_column("trust", pa.array(trust.astype(np.float32), from_pandas=True))
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd")
    write_bytes(folder / COORDINATES, sink.getvalue())
    if vectors is not None:
        with atomic_file(folder / VECTORS) as file:
            np.save(file, vectors.astype(np.float32), allow_pickle=False)
    if projection.mean is not None and projection.axes is not None:
        from safetensors.numpy import save

        kept = {"mean": projection.mean, "axes": np.ascontiguousarray(projection.axes)}
        write_bytes(folder / PROJECTION, save(kept))
    write_json(folder / QUALITY, quality.to_dict())


class StoredMap:
    """A fitted map, read from its folder as far as it is asked for; safe to share, nothing in it changes but `placed`.

    Raises StoreError where the files are damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._columns: dict[str, Any] = {}

    @property
    def map_id(self) -> str:
        """The map's name and version."""
        return self.folder.name

    @cached_property
    def spec(self) -> MapSpec:
        """What the map is made of."""
        return MapSpec.from_dict(self._json("spec.json")["config"])

    @cached_property
    def quality(self) -> MapQuality:
        """The figures under the map."""
        return MapQuality(**self._json(QUALITY))

    @cached_property
    def created_at(self) -> str:
        """When it was asked for (UTC)."""
        return str(self._json("spec.json").get("created_at", ""))

    @cached_property
    def places(self) -> np.ndarray:
        """(n, dims) float32 places."""
        columns = [self.column(name).to_numpy() for name in AXES[: self.spec.dims]]
        return np.ascontiguousarray(np.stack(columns, axis=1), dtype=np.float32)

    @cached_property
    def trust(self) -> np.ndarray:
        """(n,) float32 share of each point's 15 nearest texts that are its nearest here, NaN where it was not measured."""
        return np.asarray(self.column("trust").to_numpy(), dtype=np.float32)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns of the map."""
        import pyarrow.parquet as pq

        with self._guarded(COORDINATES) as path:
            return tuple(pq.read_schema(path).names)

    @cached_property
    def vectors(self) -> np.ndarray | None:
        """(n, dim) float32 vectors, mapped from the disk; None where the map kept none."""
        path = self.folder / VECTORS
        return np.load(path, mmap_mode="r", allow_pickle=False) if path.is_file() else None

    @cached_property
    def projection(self) -> Projection | None:
        """What places a new text on a PCA map; None for other methods."""
        path = self.folder / PROJECTION
        if not path.is_file():
            return None
        from safetensors.numpy import load_file

        kept = load_file(path)
        return Projection(places=self.places, mean=kept["mean"], axes=kept["axes"])

    def __len__(self) -> int:
        return self.quality.n

    def column(self, name: str) -> pa.ChunkedArray:
        """One column of `coordinates.parquet`, kept once read."""
        if name not in self._columns:
            import pyarrow.parquet as pq

            with self._guarded(COORDINATES) as path:
                self._columns[name] = pq.read_table(path, columns=[name]).column(0)
        return self._columns[name]

    def values(self, name: str, at: Sequence[int] | np.ndarray) -> list[Any]:
        """The values of a column at some positions, in their order."""
        import pyarrow as pa

        return list(self.column(name).take(pa.array(np.asarray(at, dtype=np.int64))).to_pylist())

    def positions(self, row_ids: Sequence[str]) -> np.ndarray:
        """(k,) the positions of the texts with these ids, ascending; an id that the map does not hold is left out."""
        import pyarrow as pa
        import pyarrow.compute as pc

        hits = pc.is_in(self.column("row_id"), value_set=pa.array(list(row_ids), pa.string()))
        return np.flatnonzero(hits.to_numpy()).astype(np.int64)

    def placed(self) -> list[AddedText]:
        """The new texts on the map, oldest first."""
        path = self.folder / PLACED
        if not path.is_file():
            return []
        return [AddedText(p["text_id"], p["text"], tuple(p["at"])) for p in self._json(PLACED)["placed"]]

    def keep_placed(self, text: str, at: Sequence[float]) -> AddedText:
        """The text at its place, kept with the map; one that is there already stays where it is."""
        text_id = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        with lock_file(self.folder / f".{PLACED}.lock"):
            known = self.placed()
            if old := next((p for p in known if p.text_id == text_id), None):
                return old
            new = AddedText(text_id, text, tuple(float(v) for v in at))
            write_json(self.folder / PLACED, {"placed": [asdict(p) for p in (*known, new)]})
            return new

    def _json(self, name: str) -> dict[str, Any]:
        with self._guarded(name) as path:
            found = json.loads(path.read_text(encoding="utf-8"))
        return dict(found)

    def _guarded(self, name: str) -> _Guarded:
        return _Guarded(self.folder / name)


class _Guarded:
    """A `with` block that reads one file; what goes wrong is a StoreError that names it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, _kind: object, cause: BaseException | None, _trace: object) -> None:
        import pyarrow as pa

        if isinstance(cause, (OSError, ValueError, KeyError, TypeError, pa.ArrowException)):
            raise StoreError(
                "The map cannot be read.",
                expected="the files of a fitted map",
                found=f"{type(cause).__name__}: {cause}"[:200],
                hint="remove its folder and fit it again",
                where=str(self._path),
            ) from cause


def is_fitted(folder: Path) -> bool:
    """Whether a folder holds a whole map."""
    return (folder / QUALITY).is_file() and (folder / COORDINATES).is_file()
