"""The out-of-distribution detector: honest p-values for unseen groups, and what it keeps and refuses."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from rebracket_core.errors import DataError, ModelError
from rebracket_core.validation.ood import OodDetector, OodMethod, nearest

DIM = 24


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def source(seed: int, *, towards: int, n_groups: int, per_group: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Texts around one direction; those of a group lie closer together."""
    rng = np.random.default_rng(seed)
    base = np.zeros(DIM)
    base[towards] = 4.0
    centres = base + rng.normal(size=(n_groups, DIM)) * 0.6
    rows = np.repeat(centres, per_group, axis=0) + rng.normal(size=(n_groups * per_group, DIM)) * 0.3
    return unit(rows), np.repeat([f"{towards}-{seed}-{i}" for i in range(n_groups)], per_group)


TRAIN, GROUPS = source(0, towards=0, n_groups=60)
UNSEEN, _ = source(1, towards=0, n_groups=200)
STRANGE, _ = source(2, towards=1, n_groups=40)
BACKGROUND, _ = source(3, towards=2, n_groups=20)


@pytest.fixture(params=list(OodMethod))
def detector(request: pytest.FixtureRequest) -> OodDetector:
    background = BACKGROUND if request.param is OodMethod.BACKGROUND else None
    return OodDetector.fit(TRAIN, GROUPS, method=request.param, background=background)


def test_p_values_are_honest_for_unseen_groups_and_small_for_the_strange(detector: OodDetector) -> None:
    p = detector.p_value(UNSEEN)
    assert ((p > 0.0) & (p <= 1.0)).all()
    assert 0.01 <= (p < 0.05).mean() <= 0.12
    assert 0.4 <= p.mean() <= 0.6
    assert (detector.p_value(STRANGE) < 0.05).mean() >= 0.95


def test_training_texts_scored_against_themselves_would_not_be_honest() -> None:
    """Why whole groups are left out: against all the others, a training text has its own group beside it."""
    left_out = nearest(TRAIN, TRAIN, k=3, own=GROUPS, training_groups=GROUPS)
    rows = np.arange(len(TRAIN))
    beside = nearest(TRAIN, TRAIN, k=3, own=rows, training_groups=rows)
    unseen = nearest(UNSEEN, TRAIN, k=3)
    assert (unseen > np.quantile(beside, 0.95)).mean() > 0.5
    assert (unseen > np.quantile(left_out, 0.95)).mean() < 0.15


def test_arrays_bring_the_same_detector_back(detector: OodDetector) -> None:
    arrays = detector.to_arrays()
    assert all(isinstance(value, np.ndarray) and value.dtype.kind in "fi" for value in arrays.values())
    again = OodDetector.from_arrays({name: value.copy() for name, value in arrays.items()})
    np.testing.assert_array_equal(again.p_value(UNSEEN), detector.p_value(UNSEEN))
    assert again.method is detector.method


def test_arrays_survive_safetensors(detector: OodDetector) -> None:
    from safetensors.numpy import load, save

    again = OodDetector.from_arrays(load(save(detector.to_arrays())))
    np.testing.assert_array_equal(again.p_value(STRANGE), detector.p_value(STRANGE))


def test_the_same_seed_gives_the_same_p_values(detector: OodDetector) -> None:
    background = BACKGROUND if detector.method is OodMethod.BACKGROUND else None
    again = OodDetector.fit(TRAIN, GROUPS, method=detector.method, background=background)
    np.testing.assert_array_equal(again.p_value(UNSEEN), detector.p_value(UNSEEN))


def test_the_default_depends_on_the_background() -> None:
    assert OodDetector.fit(TRAIN, GROUPS).method is OodMethod.NEIGHBOURS
    assert OodDetector.fit(TRAIN, GROUPS, background=BACKGROUND).method is OodMethod.BACKGROUND


def test_the_neighbour_p_value_is_the_conformal_formula() -> None:
    found = OodDetector.fit(TRAIN, GROUPS, k=5)
    calibration = nearest(TRAIN, TRAIN, k=5, own=GROUPS, training_groups=GROUPS)
    score = nearest(UNSEEN[:20], TRAIN, k=5)
    expected = [(1 + (calibration >= s).sum()) / (len(calibration) + 1) for s in score]
    np.testing.assert_allclose(found.p_value(UNSEEN[:20]), expected)


def test_neighbours_are_those_of_other_groups() -> None:
    rows = unit(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    groups = np.array(["a", "a", "b"])
    np.testing.assert_allclose(nearest(rows, rows, k=1, own=groups, training_groups=groups), [1.0, 1.0, 1.0])
    np.testing.assert_allclose(nearest(rows, rows, k=1), [0.0, 0.0, 0.0], atol=1e-7)


def test_a_small_source_is_not_drowned_by_a_large_one() -> None:
    # Without origins a source with wider spread and fewer texts falls below the threshold far too often.
    few, few_groups = source(5, towards=1, n_groups=12)
    unseen_few, _ = source(6, towards=1, n_groups=60)
    rows, groups = np.concatenate([TRAIN, few]), np.concatenate([GROUPS, few_groups])
    origins = np.repeat(["many", "few"], [len(TRAIN), len(few)])
    apart = OodDetector.fit(rows, groups, origins=origins).p_value(unseen_few)
    pooled = OodDetector.fit(rows, groups).p_value(unseen_few)
    assert (apart < 0.05).mean() <= 0.15
    assert (apart < 0.05).mean() <= (pooled < 0.05).mean()


def test_a_source_too_small_to_calibrate_joins_the_largest() -> None:
    few, few_groups = source(5, towards=1, n_groups=2)
    rows, groups = np.concatenate([TRAIN, few]), np.concatenate([GROUPS, few_groups])
    origins = np.repeat(["many", "few"], [len(TRAIN), len(few)])
    assert len(OodDetector.fit(rows, groups, origins=origins).references) == 1


def test_repeated_texts_of_a_group_count_once() -> None:
    once = OodDetector.fit(TRAIN, GROUPS).p_value(UNSEEN)
    stems = OodDetector.fit(np.repeat(TRAIN, 9, axis=0), np.repeat(GROUPS, 9)).p_value(UNSEEN)
    np.testing.assert_allclose(once, stems)


def test_a_handful_of_texts_never_calls_anything_strange() -> None:
    found = OodDetector.fit(TRAIN[:10], GROUPS[:10])
    assert found.p_value(STRANGE).min() >= 1 / 11


def test_no_vectors_give_no_p_values() -> None:
    assert OodDetector.fit(TRAIN, GROUPS).p_value(np.empty((0, DIM), dtype=np.float32)).shape == (0,)


def test_what_cannot_be_used_is_refused() -> None:
    found = OodDetector.fit(TRAIN, GROUPS)
    with pytest.raises(DataError, match="wrong shape"):
        found.p_value(TRAIN[:, :-1])
    broken = TRAIN.copy()
    broken[7, 3] = np.nan
    with pytest.raises(DataError, match="row 7"):
        OodDetector.fit(broken, GROUPS)
    with pytest.raises(DataError, match="too few groups"):
        OodDetector.fit(TRAIN, ["one"] * len(TRAIN))
    with pytest.raises(DataError, match="differ in number"):
        OodDetector.fit(TRAIN, GROUPS[:-1])
    with pytest.raises(DataError, match="no background"):
        OodDetector.fit(TRAIN, GROUPS, method="background")
    with pytest.raises(DataError, match="no such method"):
        OodDetector.fit(TRAIN, GROUPS, method="guess")


def test_damaged_arrays_are_refused(detector: OodDetector) -> None:
    arrays = detector.to_arrays()
    for name in arrays:
        with pytest.raises(ModelError, match="detector"):
            OodDetector.from_arrays({key: value for key, value in arrays.items() if key != name})
    arrays["head"] = arrays["head"] + np.array([1, 0, 0, 0])
    with pytest.raises(ModelError, match="another schema"):
        OodDetector.from_arrays(arrays)


def test_scoring_needs_no_sklearn() -> None:
    code = (
        "import sys, numpy as np; from rebracket_core.validation import ood, verdict;"
        "rows = np.eye(30, dtype=np.float32); d = ood.OodDetector.fit(rows, [str(i) for i in range(30)]);"
        "ood.OodDetector.from_arrays(d.to_arrays()).p_value(rows);"
        "bad = {'sklearn', 'torch', 'transformers', 'umap', 'streamlit'} & set(sys.modules);"
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
