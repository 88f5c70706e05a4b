"""Fitting a map as long work: its folder, its worker process, progress and cancel; laid out as runs are."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import Timeout

from rebracket_core import __version__
from rebracket_core.corpus import Library
from rebracket_core.encoders import Encoder, open_encoder
from rebracket_core.errors import DataError, InputError, RebracketError
from rebracket_core.files import lock_file, make_folder, write_json
from rebracket_core.jobs.attempt_callback import AttemptCallback
from rebracket_core.jobs.folder import RunFolder, now
from rebracket_core.jobs.state import LOCK, QUEUED_STAGE, RESULT, Status, run_state
from rebracket_core.jobs.workers.process import start_worker
from rebracket_core.maps.points import map_rows
from rebracket_core.maps.quality import map_quality
from rebracket_core.maps.reducers import fit
from rebracket_core.maps.spec import MapMethod, MapSpec, layer_number
from rebracket_core.maps.store import StoredMap, is_fitted, write_map
from rebracket_core.progress import counts
from rebracket_core.settings import Settings
from rebracket_core.training import Cancelled

MAPS = "maps"
# A PCA map is drawn while its page waits: a thousand of its points are measured, each against all.
QUICK_ROWS = 1_000
_POLL_S = 0.25
Open = Callable[[str, str], Encoder]
Echo = Callable[[str, int, int], None]


def maps_dir(settings: Settings) -> Path:
    """The folder of fitted maps."""
    return settings.home / MAPS


def create_map(settings: Settings, spec: MapSpec) -> RunFolder:
    """The folder of a map with its description; the same request has one folder, however often it is made."""
    folder = RunFolder(maps_dir(settings) / spec.map_id)
    if not (folder.path / "spec.json").is_file():
        make_folder(folder.path)
        write_json(
            folder.path / "spec.json",
            {
                "schema_version": 1,
                "run_id": spec.map_id,
                "created_at": now(),
                "dataset": spec.dataset,
                "dataset_digest": spec.digest,
                "config": spec.to_dict(),
                "encoder_id": spec.encoder_id,
                "fit_hash": spec.fit_hash,
                "code_version": __version__,
                "seed": spec.seed,
            },
        )
    return folder


def launch_map(settings: Settings, spec: MapSpec) -> RunFolder:
    """The folder of a map that a worker fits from now on; one that is fitted, or has a worker, is left alone."""
    folder = create_map(settings, spec)
    if is_fitted(folder.path) or run_state(folder).status.active:
        return folder
    start_worker("rebracket_core.jobs.workers.map_worker", folder, attempt=folder.new_attempt(), settings=settings)
    return folder


def fit_map(
    folder: RunFolder, *, attempt: Path, settings: Settings, open_with: Open | None = None, echo: Echo | None = None
) -> StoredMap:
    """Fit a map in this process. However it ends, `result.json` says so, and the error is raised again."""
    callback, lock = AttemptCallback(attempt, echo=echo), lock_file(attempt / LOCK)
    try:
        lock.acquire(timeout=5.0)
    except Timeout as cause:
        raise InputError(
            "The map is being fitted already.",
            expected="one worker for one attempt",
            found=f"another process holds {folder.run_id}",
            hint="wait for it, or cancel it",
        ) from cause
    try:
        callback.update("Starting", 0, 1)
        with _turn(folder.path.parent, callback):
            if not is_fitted(folder.path):  # two may have been asked for the same map at once
                _fit(folder, settings=settings, callback=callback, open_with=open_with)
        callback.update("Done", 1, 1)
        write_json(attempt / RESULT, {"status": Status.DONE})
        return StoredMap(folder.path)
    except BaseException as cause:
        write_json(attempt / RESULT, _ending(cause))
        callback.say("" if isinstance(cause, Cancelled) else traceback.format_exc())
        raise
    finally:
        lock.release()


def _fit(folder: RunFolder, *, settings: Settings, callback: AttemptCallback, open_with: Open | None) -> None:
    spec = MapSpec.from_dict(folder.spec()["config"])
    dataset = Library(settings.library).joined(spec.dataset)
    if dataset.meta.digest != spec.digest:
        raise DataError(
            "The data set has changed since the map was asked for.",
            expected=f"the digest {spec.digest[:16]}",
            found=dataset.meta.digest[:16],
            hint="fit a new map on the data as it is now",
        )
    rows = map_rows(dataset.frame, text=spec.text)
    encoder = open_with(spec.encoder, spec.layer) if open_with else open_for_map(spec.encoder, spec.layer, settings=settings)
    if encoder.encoder_id != spec.encoder_id:
        raise DataError(
            "The encoder is another one now.", expected=spec.encoder_id, found=encoder.encoder_id, hint="fit a new map"
        )
    texts = rows["text"].to_pylist()
    vectors = encoder.encode(texts, progress=counts(callback, "Reading texts"))
    projection = fit(vectors, spec, stage=callback.update)
    most = QUICK_ROWS if spec.method is MapMethod.PCA else None
    quality, trust = map_quality(vectors, projection.places, seed=spec.seed, stage=callback.update, most=most)
    callback.say(_threads_of_numba())
    write_map(folder.path, rows=rows, projection=projection, vectors=vectors, quality=quality, trust=trust)


def open_for_map(name: str, layer: str, *, settings: Settings) -> Encoder:
    """The encoder of a map: what it gives in the end, or one of its hidden layers."""
    return open_encoder(name, settings=settings, layer=layer_number(layer))


def _threads_of_numba() -> str:
    if "numba" not in sys.modules:
        return "numba was not used."
    import numba

    try:
        return f"numba ran on the threading layer {numba.threading_layer()}."
    except ValueError:  # it started no threads
        return "numba ran on one thread."


@contextmanager
def _turn(maps: Path, callback: AttemptCallback) -> Iterator[None]:
    """Hold the one place for fitting while inside; can be cancelled while waiting."""
    lock = lock_file(maps / ".fitting.lock")
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            callback.update(QUEUED_STAGE, 0, 1)
            time.sleep(_POLL_S)
    try:
        yield
    finally:
        lock.release()


def _ending(cause: BaseException) -> dict[str, str]:
    if isinstance(cause, Cancelled | KeyboardInterrupt | SystemExit):
        return {"status": Status.CANCELLED, "error": "It was cancelled.", "hint": "fit it again"}
    if isinstance(cause, MemoryError):
        return {"status": Status.FAILED, "error": "The memory is not enough.", "hint": "map a smaller data set, or use PCA"}
    hint = cause.hint if isinstance(cause, RebracketError) else "see the end of the log"
    return {"status": Status.FAILED, "error": f"{type(cause).__name__}: {cause}", "hint": hint}
