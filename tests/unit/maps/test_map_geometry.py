"""Maps against known answers: figures that equal scikit-learn's, places that repeat, samples that are fair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rebracket_core.errors import ConfigError, InputError
from rebracket_core.maps.align import neighbourhood_overlap, procrustes_aligned
from rebracket_core.maps.distinctive_words import most_distinctive
from rebracket_core.maps.quality import map_quality
from rebracket_core.maps.reducers import fit, pca, place
from rebracket_core.maps.spec import MapMethod, MapSpec
from rebracket_core.maps.viewport import MOST_SHOWN, SAMPLE, inside_polygon, on_plane, scene
from rebracket_core.stats.nearest import neighbours


def _vectors(n: int = 240, *, dim: int = 24, groups: int = 6, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(groups, dim))[rng.integers(0, groups, n)] + 0.5 * rng.normal(size=(n, dim))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def _spec(method: str = "pca", **more: object) -> MapSpec:
    return MapSpec(dataset="d", digest="0", encoder="minilm", encoder_id="m|1", method=MapMethod(method), **more)  # type: ignore[arg-type]


def _silent(*_: object) -> None:
    return None


def test_trustworthiness_and_continuity_equal_those_of_scikit_learn() -> None:
    from sklearn.manifold import trustworthiness

    x = _vectors()
    places = pca(x, dims=2).places
    found, own = map_quality(x, places, seed=0)
    assert found.trustworthiness == pytest.approx(trustworthiness(x, places, n_neighbors=15), abs=1e-5)
    assert found.continuity == pytest.approx(trustworthiness(places, x, n_neighbors=15), abs=1e-5)
    assert own.mean() == pytest.approx(found.knn_preservation) and found.chance == pytest.approx(15 / 239)


def test_a_perfect_map_loses_nothing_and_a_random_one_keeps_what_chance_gives() -> None:
    x = _vectors(900, dim=2)
    assert map_quality(x, x * 3 + 1, seed=0)[0].knn_preservation == pytest.approx(1.0)
    lot = np.random.default_rng(1).normal(size=(900, 2)).astype(np.float32)
    found = map_quality(_vectors(900), lot, seed=0)[0]
    assert found.knn_preservation == pytest.approx(found.chance, abs=0.006)


def test_a_sample_is_measured_against_all_points() -> None:
    x = _vectors(1200)
    places = pca(x, dims=2).places
    whole, part = map_quality(x, places, seed=0)[0], map_quality(x, places, seed=0, most=400)
    assert part[0].measured == 400 and np.isfinite(part[1]).sum() == 400
    assert part[0].trustworthiness == pytest.approx(whole.trustworthiness, abs=0.02)
    assert part[0].knn_preservation == pytest.approx(whole.knn_preservation, abs=0.03)


def test_neighbours_are_those_of_scikit_learn() -> None:
    from sklearn.neighbors import NearestNeighbors

    x = _vectors(150)
    theirs = NearestNeighbors(n_neighbors=6).fit(x).kneighbors(return_distance=False)
    assert [set(a) for a in neighbours(x, k=6)] == [set(b) for b in theirs]


def test_pca_is_that_of_scikit_learn_and_places_a_text_where_it_was() -> None:
    from sklearn.decomposition import PCA

    x = _vectors()
    mine, theirs = pca(x, dims=3), PCA(3).fit_transform(x)
    assert np.abs(np.abs(mine.places) - np.abs(theirs)).max() < 1e-4
    assert place(x[7], vectors=x, places=mine.places, projection=mine) == pytest.approx(mine.places[7], abs=1e-5)


def test_a_new_text_lands_among_its_nearest_and_not_between_two_clusters() -> None:
    x = _vectors(groups=2, seed=3)
    far = (x @ x[0] > 0.5)[:, None]
    places = np.where(far, [[50.0, 0.0]], [[-50.0, 0.0]]).astype(np.float32) + np.random.default_rng(0).normal(size=(240, 2))
    at = place(x[0], vectors=x, places=places.astype(np.float32))
    assert at[0] > 40
    assert place(x[0], vectors=x, places=places.astype(np.float32)) == pytest.approx(at)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_the_same_seed_gives_the_same_map_with_repeated_rows(method: str) -> None:
    if method == "tsne":
        pytest.importorskip("openTSNE")
    x = np.repeat(_vectors(100), 5, axis=0)
    maps = [fit(x, _spec(method), stage=_silent).places for _ in range(2)]
    assert np.array_equal(maps[0], maps[1])
    other = fit(x, _spec(method, seed=7), stage=_silent).places
    assert method == "tsne" or not np.array_equal(maps[0], other)


@pytest.mark.slow
def test_a_stop_while_a_map_is_laid_out_stops_it() -> None:
    pytest.importorskip("openTSNE")

    class StopError(Exception):
        pass

    def stage(name: str, done: int, total: int) -> None:
        if name.startswith("Laying"):
            raise StopError

    with pytest.raises(StopError):
        fit(_vectors(60), _spec("tsne"), stage=stage)
    with pytest.raises(InputError, match="too few"):
        fit(_vectors(3), _spec(), stage=_silent)


def test_the_version_is_made_of_all_that_decides_the_places() -> None:
    base = _spec("umap")
    assert base.map_id == _spec("umap", run_id="r").map_id and MapSpec.from_dict(base.to_dict()) == base
    others = [
        _spec("umap", seed=1),
        _spec("umap", dims=3),
        _spec("umap", layer="3"),
        _spec("umap", text="lyrics"),
        _spec("umap", params={"n_neighbors": 5}),
        _spec("tsne"),
    ]
    assert len({s.fit_hash for s in (base, *others)}) == 7
    for wrong in (
        {"dims": 4},
        {"layer": "last"},
        {"text": "title"},
        {"params": {"perplexity": 5}},
        {"params": {"n_neighbors": 1}},
    ):
        with pytest.raises(ConfigError):
            _spec("umap", **wrong)


def test_a_large_map_is_sampled_fairly_and_shown_whole_from_near() -> None:
    rng = np.random.default_rng(0)
    places = np.concatenate([rng.normal(size=(60_000, 2)), [[30.0, 30.0]]]).astype(np.float32)
    whole = scene(places)
    assert whole.sampled and len(whole.at) <= SAMPLE and whole.inside == 60_001 and whole.density is not None
    assert 60_000 in whole.at  # the one that lies alone
    assert np.array_equal(whole.at, scene(places).at)
    near = scene(places, view=(0.0, 0.0, 0.5, 0.5))
    assert not near.sampled and len(near.at) <= MOST_SHOWN and near.density is None


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=40))
def test_what_lies_in_a_box_lies_in_its_polygon(points: list[tuple[float, float]]) -> None:
    at = np.array(points)
    inside = inside_polygon(at, [(-2, -2), (2, -2), (2, 2), (-2, 2)])
    sure = (np.abs(at) < 1.999).all(axis=1)
    out = (np.abs(at) > 2.001).any(axis=1)
    assert inside[sure].all() and not inside[out].any()


def test_a_map_of_three_dimensions_is_selected_as_it_was_seen() -> None:
    places = np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
    seen = on_plane(places, basis=[[0, 0, 1], [0, 1, 0]], middle=[1, 0, 1])
    assert seen.tolist() == [[-1, 0], [-1, 0], [1, 0]]


def test_maps_are_laid_over_each_other_and_movers_are_found_by_neighbours() -> None:
    x = _vectors(300)
    places = pca(x, dims=2).places
    turned = places @ np.array([[0.0, -1.0], [1.0, 0.0]], dtype=np.float32) * 3 + 5
    assert procrustes_aligned(turned, places) == pytest.approx(places, abs=1e-4)
    moved = x.copy()
    moved[:15] = np.roll(x[:15], 7, axis=0)[:, ::-1]
    found = neighbourhood_overlap(x, moved)
    assert neighbourhood_overlap(x, x).kept.min() == 1.0 and found.moved[:15].mean() > 0.8 and found.moved[15:].mean() < 0.1


def test_the_planted_word_comes_first() -> None:
    common = [f"a house by the river {i}" for i in range(60)]
    first = [f"{t} with a lantern" for t in common[:30]]
    gaps = most_distinctive(first, common[30:], background=[*first, *common[30:]])
    assert gaps[0].word in ("lantern", "with") and gaps[0].z > 2 and gaps[0].first == 30 and gaps[0].second == 0
