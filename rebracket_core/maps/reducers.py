"""Vectors → places on a map, the same for the same seed, and the place of a new text among places that stay.

UMAP starts from PCA: its spectral start gave another map now and then where rows repeat. Its fit forks threads of numba,
which can abort a process in which two fits run: `fit` of UMAP and t-SNE belongs into a worker process.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebracket_core.errors import InputError, MissingExtraError
from rebracket_core.maps.spec import NEIGHBOURS, MapMethod, MapSpec
from rebracket_core.stats import nearest_of

Floats = NDArray[np.float32]
Stage = Callable[[str, int, int], None]
# From so many texts on UMAP and t-SNE read the first 50 principal components: 46 s where all 384 took 228 s (100,000).
REDUCE_FROM = 20_000
REDUCED_TO = 50
LEAST = 5


@dataclass(frozen=True, slots=True)
class Projection:
    """Places (n, dims) float32, and for PCA what places a new text: `mean` (dim,) and `axes` (dims, dim); else None."""

    places: Floats
    mean: Floats | None = None
    axes: Floats | None = None


def fit(vectors: Floats, spec: MapSpec, *, stage: Stage) -> Projection:
    """The places of (n, dim) vectors of n different texts. `stage` gets (words, done, total) and may raise to stop it.

    Raises InputError for too few texts, MissingExtraError where the method is not installed.
    """
    if len(vectors) < LEAST:
        raise InputError(
            "There are too few texts for a map.",
            expected=f"at least {LEAST} different texts",
            found=str(len(vectors)),
            hint="import more, or choose another text field",
        )
    if spec.method is MapMethod.PCA:
        stage("Finding the principal axes", 0, 1)
        return pca(vectors, dims=spec.dims)
    small = vectors
    if len(vectors) > REDUCE_FROM and vectors.shape[1] > REDUCED_TO:
        stage("Finding the principal axes", 0, 1)
        small = pca(vectors, dims=REDUCED_TO).places
    lay_out = _umap if spec.method is MapMethod.UMAP else _tsne
    return Projection(places=lay_out(small, spec, stage=stage))


def pca(vectors: Floats, *, dims: int) -> Projection:
    """The first principal components of (n, dim) vectors; each axis points to where its largest loading is positive."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = vectors - mean.astype(np.float32)
    _, loadings = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    axes = loadings[:, ::-1][:, :dims].T
    axes = axes * np.sign(axes[np.arange(dims), np.abs(axes).argmax(axis=1)])[:, None]
    return Projection((centred @ axes.T.astype(np.float32)), mean.astype(np.float32), axes.astype(np.float32))


def _umap(vectors: Floats, spec: MapSpec, *, stage: Stage) -> Floats:
    stage("Starting UMAP, which compiles itself first", 0, 1)
    import umap

    model = umap.UMAP(
        n_components=spec.dims,
        n_neighbors=int(min(spec.params["n_neighbors"], len(vectors) - 1)),
        min_dist=spec.params["min_dist"],
        metric="euclidean",  # the vectors have length 1: the same order of neighbours as by angle
        init="pca",
        random_state=spec.seed,
        verbose=True,
        tqdm_kwds={"file": _Epochs(stage), "bar_format": "{n}/{total} ", "disable": False, "mininterval": 0.2},
    )
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_jobs value")
        return np.asarray(model.fit_transform(vectors), dtype=np.float32)


class _Epochs(io.StringIO):
    """Turns the lines of UMAP's own progress bar into stages."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def write(self, text: str) -> int:
        if found := re.search(r"(\d+)/(\d+)", text):
            self._stage("Laying the map out", int(found[1]), int(found[2]))
        return len(text)


def _tsne(vectors: Floats, spec: MapSpec, *, stage: Stage) -> Floats:
    try:
        import openTSNE
    except ImportError as cause:
        raise MissingExtraError("map", what="A t-SNE map") from cause
    total, every = 750, 25  # openTSNE's own: 250 steps that gather, 500 that lay out
    seen = {"steps": 0}

    def tell(_steps: int, _error: float, _places: Any) -> bool:
        seen["steps"] += every
        stage("Laying the map out", min(seen["steps"], total), total)
        return False

    stage("Looking up the neighbours", 0, 1)
    model = openTSNE.TSNE(
        n_components=spec.dims,
        perplexity=min(spec.params["perplexity"], (len(vectors) - 1) / 3),
        initialization="pca",
        metric="euclidean",
        neighbors="exact" if len(vectors) <= REDUCE_FROM else "auto",
        negative_gradient_method="bh" if spec.dims == 3 or len(vectors) < 10_000 else "fft",
        n_jobs=1,  # the sums of several threads come in another order, and the map would differ
        random_state=spec.seed,
        callbacks=tell,
        callbacks_every_iters=every,
    )
    return np.asarray(model.fit(vectors), dtype=np.float32)


def place(vector: Floats, *, vectors: Floats, places: Floats, projection: Projection | None = None) -> Floats:
    """The place (dims,) of one new unit vector (dim,) on a map whose points stay where they are.

    On a PCA map it is the projection itself (`projection` with mean and axes). On the others it is where UMAP and openTSNE
    begin with a new point: among its 15 nearest texts, nearer to those that are nearer. They then move it on by chance
    steps that depend on what else is placed in the same call; leaving that out keeps a text where it was put.
    """
    if projection is not None and projection.mean is not None and projection.axes is not None:
        return np.asarray((vector - projection.mean) @ projection.axes.T, dtype=np.float32)
    near, similarity = nearest_of(vector, vectors=vectors, k=min(NEIGHBOURS, len(vectors)))
    away = np.sqrt(np.maximum(0.0, 2.0 - 2.0 * similarity))
    weight = _memberships(away)
    return _gathered(places[near].astype(np.float64), weight).astype(np.float32)


def _memberships(away: NDArray[np.float64]) -> NDArray[np.float64]:
    """UMAP's fuzzy membership of each neighbour: exp(-(d - d0) / s), s such that they add up to log2(k)."""
    wanted, beyond = np.log2(max(2, len(away))), away - away.min()
    low, high = 1e-6, 10.0
    for _ in range(48):
        middle = (low + high) / 2
        if np.exp(-beyond / middle).sum() > wanted:
            high = middle
        else:
            low = middle
    return np.asarray(np.exp(-beyond / high))


def _gathered(points: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weighted geometric median of (k, dims) points: a mean would put a text into the void between two clusters."""
    at = (points * weight[:, None]).sum(axis=0) / weight.sum()
    for _ in range(60):
        pull = weight / np.maximum(np.linalg.norm(points - at, axis=1), 1e-9)
        moved = (points * pull[:, None]).sum(axis=0) / pull.sum()
        if np.linalg.norm(moved - at) < 1e-7:
            break
        at = moved
    return np.asarray(at)
