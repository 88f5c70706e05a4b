"""The line test accepts a line and refuses an arc, a walk and noise; distances, CKA and colours against known values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rebracket_core.insight.geometry.album_path import Shape, trajectory
from rebracket_core.insight.geometry.angles import axis_angles
from rebracket_core.insight.geometry.centroids import centroid_distances, make_units
from rebracket_core.insight.geometry.colour_space import colour_distances, mantel, oklab
from rebracket_core.insight.geometry.layers import debiased_cka, probe_layers

K, D = 7, 48


def _centres(kind: str, rng: np.random.Generator) -> np.ndarray:
    axes = np.linalg.qr(rng.normal(size=(D, D)))[0]
    if kind == "line":
        return np.arange(K)[:, None] * axes[0]
    if kind == "arc":
        t = np.linspace(0, np.pi, K)
        return (np.cos(t)[:, None] * axes[0] + np.sin(t)[:, None] * axes[1]) / (2 * np.sin(np.pi / (K - 1) / 2))
    if kind == "walk":
        steps = rng.normal(size=(K, D))
        return np.cumsum(steps / np.linalg.norm(steps, axis=1, keepdims=True), axis=0)
    return np.zeros((K, D))


def _sample(centres: np.ndarray, rng: np.random.Generator, *, songs: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two texts a song, each song with a place of its own around its label's centre."""
    label = np.repeat(np.arange(len(centres)), songs * 2)
    group = np.repeat(np.arange(len(centres) * songs), 2)
    own = rng.normal(size=(len(centres) * songs, centres.shape[1])) / np.sqrt(centres.shape[1])
    noise = rng.normal(size=(len(label), centres.shape[1])) / np.sqrt(centres.shape[1])
    return centres[label] + own[group] + 0.5 * noise, label, group.astype(str)


@pytest.mark.parametrize(
    ("kind", "shape"), [("line", Shape.LINE), ("arc", Shape.BENT), ("walk", Shape.WALK), ("noise", Shape.NOISE)]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_line_test_accepts_a_line_and_nothing_else(kind: str, shape: Shape, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, label, group = _sample(_centres(kind, rng), rng)
    path = trajectory(make_units(vectors, label, group, n_labels=K, seed=0), seed=1)
    assert path.shape is shape
    if kind == "arc":
        assert path.cosine == pytest.approx(path.half_circle, abs=0.05) and path.straightness < 0.5


def test_a_naive_distance_makes_noise_look_remote_and_the_unbiased_one_does_not() -> None:
    rng = np.random.default_rng(3)
    off, squared, naive, proven = ~np.eye(4, dtype=bool), [], [], 0
    for _ in range(20):
        vectors, label, group = _sample(np.zeros((4, D)), rng, songs=6)
        found = centroid_distances(make_units(vectors, label, group, n_labels=4, seed=0), seed=1, permutations=99)
        squared.append(found.squared[off].mean())
        naive.append(found.naive[off].mean())
        proven += bool((found.p[off] < 0.05).any())
    assert np.mean(naive) > 0.5 and abs(np.mean(squared)) < 0.02 and proven <= 3
    apart = np.zeros((4, D))
    apart[1, 0] = 2.0
    vectors, label, group = _sample(apart, rng, songs=20)
    found = centroid_distances(make_units(vectors, label, group, n_labels=4, seed=0), seed=1, permutations=199)
    assert found.lengths[0, 1] == pytest.approx(2.0, abs=0.25) and found.p[0, 1] < 0.05


@pytest.mark.slow
def test_axes_of_one_partition_are_one_direction_and_others_are_not() -> None:
    rng, n = np.random.default_rng(1), 600
    modes = rng.integers(0, 3, size=(n, 3))
    modes[:, 1] = (modes[:, 0] + 1) % 3
    directions = rng.normal(size=(2, 3, 32))
    vectors = directions[0][modes[:, 0]] + directions[1][modes[:, 2]] + rng.normal(size=(n, 32))
    found = {(p.first, p.second): p for p in axis_angles(vectors, modes, np.arange(n).astype(str), seed=1).pairs}
    assert found["temporal", "spatial"].one_direction and found["temporal", "spatial"].labels_agree == 1.0
    other = found["temporal", "ontological"]
    assert not other.one_direction and other.high < 0.9


def test_debiased_cka_of_noise_is_none_and_of_a_turned_copy_is_one() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 384))
    assert abs(debiased_cka(x, rng.normal(size=(200, 384)))) < 0.03
    turn = np.linalg.qr(rng.normal(size=(384, 384)))[0]
    assert debiased_cka(x, 3.0 * x @ turn) == pytest.approx(1.0)


def test_a_probe_finds_the_layer_that_knows_and_its_control_does_not() -> None:
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(3), 40)
    knows = np.eye(3)[label] @ rng.normal(size=(3, 20)) * 3 + rng.normal(size=(120, 20))
    states = np.stack([rng.normal(size=(120, 20)), knows]).astype(np.float32)
    blind, seeing = probe_layers(states, {"album": label}, np.array([f"g{i // 2}" for i in range(120)]), seed=1).probes
    assert blind.right < 0.5 and seeing.right > 0.9 and seeing.control < 0.5


def test_oklab_has_its_published_values() -> None:
    assert oklab("#FFFFFF") == pytest.approx([1.0, 0.0, 0.0], abs=1e-4)
    assert oklab("#FF0000") == pytest.approx([0.62796, 0.22486, 0.12585], abs=1e-4)
    assert colour_distances().shape == (9, 9)


def test_mantel_finds_what_goes_together_and_leaves_unknown_albums_out() -> None:
    colours = colour_distances()
    same = mantel(colours, colours**2, seed=1)
    assert same is not None and same.rho == pytest.approx(1.0) and same.p < 0.001
    partly = colours.copy()
    partly[8, :] = partly[:, 8] = np.nan
    told = mantel(colours, partly, seed=1)
    assert told is not None and told.n_albums == 8
    assert mantel(colours[:3, :3], colours[:3, :3], seed=1) is None


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.parametrize("name", ["segments", "proposals"])
def test_in_the_real_corpus_temporal_and_spatial_are_one_direction(name: str, corpus_folder: Path, empty_home: Path) -> None:
    from rebracket_core.settings import Settings
    from rebracket_core.workbench import get_workbench

    bench = get_workbench(Settings.from_env())
    bench.datasets.import_path(corpus_folder / f"{name}.parquet", name=name)
    found = bench.review.geometry(name)
    pairs = {(p.first, p.second): p for p in found.angles.pairs}
    one = pairs["temporal", "spatial"]
    assert one.one_direction and one.labels_agree == 1.0 and one.match[0] == ("past", "thing")
    assert not pairs["temporal", "ontological"].one_direction
    assert found.path.shape is not Shape.LINE


@pytest.mark.corpus
@pytest.mark.slow
def test_in_the_real_corpus_a_split_by_row_claims_what_a_split_by_song_does_not(corpus_folder: Path, empty_home: Path) -> None:
    from rebracket_core.settings import Settings
    from rebracket_core.workbench import get_workbench

    bench = get_workbench(Settings.from_env())
    bench.datasets.import_path(corpus_folder / "segments.parquet", name="songs")
    found = bench.review.split_contrast("songs")
    assert found.right_by_row > 0.95 and found.right_by_song < 0.7 and found.n == 425
