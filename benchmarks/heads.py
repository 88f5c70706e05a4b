"""How long heads take on many rows: five members against one, and against six logistic regressions of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.ratio import paired
from benchmarks.texts import distinct_concepts
from rebracket_core.encoders import open_encoder
from rebracket_core.models import HeadTargets
from rebracket_core.rainbow import ALBUM_NAMES, TYPE_NAMES, album_targets
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig
from tests.support.fits import fit_heads

ROWS, DIM, MEMBERS = 11_605, 384, 5
_TEXTS = 64
_RANK, _SONGS_PER_ALBUM, _NOISE = 40, 12, 1.2


@dataclass(frozen=True, slots=True)
class Made:
    """Rows made for timing: `x` (n, dim) unit vectors, `y` targets, `songs` (n,), `labels` six hard labels by name."""

    x: np.ndarray
    y: HeadTargets
    songs: np.ndarray
    labels: dict[str, np.ndarray]


def made_rows(n: int, dim: int) -> Made:
    """Unit vectors around songs' and albums' places in a space of low rank, with noise, and the labels of the albums.

    They are for timing alone: how well heads do on them says nothing about texts.
    """
    rng = np.random.default_rng(0)
    n_albums = len(ALBUM_NAMES)
    songs = rng.integers(0, n_albums * _SONGS_PER_ALBUM, n)
    album = songs % n_albums
    places = rng.normal(size=(n_albums, _RANK))
    own = rng.normal(size=(n_albums * _SONGS_PER_ALBUM, _RANK))
    low = places[album] + own[songs] + _NOISE * rng.normal(size=(n, _RANK))
    x = low @ rng.normal(size=(_RANK, dim)) / np.sqrt(_RANK) + 0.3 * rng.normal(size=(n, dim))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    direction = rng.normal(size=(_RANK, len(TYPE_NAMES)))
    kinds = (low @ direction / np.sqrt(_RANK) > 1.5).astype(float)
    axis = album_targets()[album]
    confidence = np.asarray((np.ptp(axis, axis=2) > 1e-6).any(axis=1), dtype=float)
    ones = np.ones(n)
    y = HeadTargets(axis, np.ones((n, 3)), confidence, ones, album, kinds, ones, ones)
    modes = {f"axis {j}": axis[:, j].argmax(axis=1) for j in range(3)}
    labels = {**modes, "album": album, "confidence": confidence.astype(int), "marked": kinds.any(axis=1).astype(int)}
    return Made(x=x, y=y, songs=songs, labels=labels)


def heads(*, n: int = ROWS, dim: int = DIM, threads: int = 1, rounds: int = 5) -> Iterator[dict[str, Any]]:
    """Training and prediction of five members against one member and six LogisticRegression fits, all on the same threads."""
    import torch
    from threadpoolctl import threadpool_limits

    made, config = made_rows(n, dim), TrainingConfig.of(tfidf=False, ensemble_size=MEMBERS)
    options = config.fit_config(seed=0)
    weights = (made.songs[None, :] % MEMBERS != np.arange(MEMBERS)[:, None]).astype(np.float32)
    rows = f"{n:,} x {dim} vectors made for timing (low rank, no texts)"
    before = torch.get_num_threads()
    torch.set_num_threads(threads)

    def fit(members: int) -> Any:
        return fit_heads(made.x, made.y, member_weights=weights[:members], config=options)

    def six() -> None:
        from sklearn.linear_model import LogisticRegression

        for labels in made.labels.values():
            LogisticRegression(C=config.heads.inverse_l2, max_iter=1000).fit(made.x, labels)

    try:
        with threadpool_limits(threads):
            yield {
                "what": f"heads, all outputs, five members, against one member: {rows}",
                "target": "<= 2",
                "result": paired(lambda: fit(MEMBERS), lambda: fit(1), rounds=rounds),
            }
            yield {
                "what": f"heads, all outputs, five members, against six LogisticRegression fits: {rows}",
                "target": "<= 1",
                "result": paired(lambda: fit(MEMBERS), six, rounds=rounds),
            }
            many, one = fit(MEMBERS), fit(1)
            yield {
                "what": f"logits of five members from vectors, against one member: {rows}",
                "target": "<= 1.1",
                "result": paired(lambda: many.logits(made.x), lambda: one.logits(made.x), rounds=4 * rounds + 1, rest_s=0.02),
            }
            encoder = open_encoder("minilm", settings=Settings.from_env(), cached=False)
            texts = distinct_concepts(_TEXTS, seed=0)
            yield {
                "what": f"prediction with five members, against one member: {_TEXTS} texts, uncached",
                "target": "<= 1.1",
                "result": paired(
                    lambda: many.logits(encoder.encode(texts)), lambda: one.logits(encoder.encode(texts)), rounds=2 * rounds + 1
                ),
            }
    finally:
        torch.set_num_threads(before)
