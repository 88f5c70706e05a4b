"""Fitting a map: a job below `maps/`; the same request has one folder, however often it is made."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core import __version__
from rebracket_core.errors import DataError
from rebracket_core.jobs.device_queue import hold_lock
from rebracket_core.jobs.folder import SPEC, JobFolder, create_job
from rebracket_core.jobs.job import Job
from rebracket_core.jobs.kinds.base import JobKind
from rebracket_core.jobs.kinds.pinned_data import pinned_dataset
from rebracket_core.settings import Settings

if TYPE_CHECKING:
    from rebracket_core.encoders import Encoder
    from rebracket_core.maps import MapSpec, StoredMap

MAPS = "maps"
# A PCA map is drawn while its page waits: a thousand of its points are measured, each against all.
QUICK_ROWS = 1_000


class MapJob(JobKind):
    """A map: vectors of a data set's texts, projected to two or three dimensions, with the quality of the projection."""

    name = "map"
    label = "Map"
    help = "Fit a map of a data set's texts and measure how well it keeps their neighbourhoods."
    stages = ("Reading texts", "Done")
    cancelled_hint = "fit it again"
    memory_hint = "map a smaller data set, or use PCA"

    def run(self, job: Job) -> StoredMap:
        """Wait until no other map is being fitted, fit this one, and return it."""
        from rebracket_core.maps import StoredMap, is_fitted

        with hold_lock(job.folder.path.parent / ".fitting.lock", reporter=job.callback):
            if not is_fitted(job.folder.path):  # two may have requested the same map at once
                _fit(job)
        job.callback.update("Done", 1, 1)
        return StoredMap(job.folder.path)

    def recognises(self, spec: Mapping[str, Any]) -> bool:
        """Whether the spec has what only maps have."""
        return "fit_hash" in spec


def maps_dir(settings: Settings) -> Path:
    """The folder of fitted maps."""
    return settings.home / MAPS


def create_map(settings: Settings, spec: MapSpec) -> JobFolder:
    """Make the folder of a map with its description, or return the one that is there."""
    folder = JobFolder(maps_dir(settings) / spec.map_id)
    if (folder.path / SPEC).is_file():
        return folder
    return create_job(
        folder.path,
        spec={
            "kind": MapJob.name,
            "dataset": spec.dataset,
            "dataset_digest": spec.digest,
            "config": spec.to_dict(),
            "encoder_id": spec.encoder_id,
            "fit_hash": spec.fit_hash,
            "code_version": __version__,
            "seed": spec.seed,
        },
    )


def open_for_map(name: str, layer: str, *, settings: Settings) -> Encoder:
    """The encoder of a map: what it gives in the end, or one of its hidden layers."""
    from rebracket_core.encoders import open_text_encoder
    from rebracket_core.maps import layer_number

    return open_text_encoder(name, settings=settings, layer=layer_number(layer))


def _fit(job: Job) -> None:
    from rebracket_core.maps import MapMethod, MapSpec, fit, map_quality, map_rows, write_map
    from rebracket_core.progress import counts

    spec, callback = MapSpec.from_dict(job.spec["config"]), job.callback
    dataset = pinned_dataset(spec.dataset, digest=spec.digest, settings=job.settings)
    rows = map_rows(dataset.frame, text=spec.text)
    encoder = _encoder(job, spec)
    vectors = encoder.encode(rows["text"].to_pylist(), progress=counts(callback, "Reading texts"))
    projection = fit(vectors, spec, stage=callback.update)
    most = QUICK_ROWS if spec.method is MapMethod.PCA else None
    quality, trust = map_quality(vectors, projection.places, seed=spec.seed, stage=callback.update, most=most)
    callback.log(_numba_threads())
    write_map(job.folder.path, rows=rows, projection=projection, vectors=vectors, quality=quality, trust=trust)


def _encoder(job: Job, spec: MapSpec) -> Encoder:
    opener = job.inputs.open_encoder
    found: Encoder = (
        opener(spec.encoder, spec.layer) if opener else open_for_map(spec.encoder, spec.layer, settings=job.settings)
    )
    if found.encoder_id != spec.encoder_id:
        raise DataError(
            "The encoder is another one now.", expected=spec.encoder_id, found=found.encoder_id, hint="fit a new map"
        )
    return found


def _numba_threads() -> str:
    if "numba" not in sys.modules:
        return "numba was not used."
    import numba

    try:
        return f"numba ran on the threading layer {numba.threading_layer()}."
    except ValueError:  # it started no threads
        return "numba ran on one thread."
