"""From rows to a run: grouped, calibrated, reproducible, and honest about what it does not know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rebracket_core.corpus import Dataset, DatasetMeta, ReadReport, frame_digest, make_frame, read_not_concepts
from rebracket_core.encoders import open_encoder
from rebracket_core.errors import ConfigError, DataError
from rebracket_core.models.artefact import load_artefact
from rebracket_core.settings import Settings, Thresholds, data_dir
from rebracket_core.stats.intervals import calibration_error, clustered_mean, perfect_calibration_error
from rebracket_core.training import Cancelled, Evaluation, TrainingConfig, train_run
from rebracket_core.training.callbacks import CurveCallback
from rebracket_core.training.evaluation.baselines import baseline_predictions
from rebracket_core.training.heads.checkpoints import FoldCheckpoints
from rebracket_core.training.rows import background_texts
from rebracket_core.validation import ConceptModel
from rebracket_core.workbench import Workbench
from tests.conftest import open_home


class Quiet(CurveCallback):
    """A callback that nobody reads."""

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        pass

    def point(self, values: Mapping[str, Any]) -> None:
        pass


@pytest.fixture(scope="module")
def settings(trained_home: Path) -> Settings:
    return Settings(home=trained_home, database_url=f"sqlite:///{trained_home / 'workbench.db'}")


def _some(settings: Settings, n_groups: int) -> Dataset:
    frame = Workbench(settings).datasets.get("starter").frame
    groups = sorted(set(frame["group_id"]))[:n_groups]
    frame = frame[frame["group_id"].isin(groups)].reset_index(drop=True)
    meta = DatasetMeta("some", frame_digest(frame), len(frame), n_groups, ("starter",), "", "", ReadReport(len(frame)))
    return Dataset("some", frame, meta)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers(settings: Settings, tmp_path: Path) -> None:
    data = _some(settings, 24)
    config = TrainingConfig.of(folds=3, ensemble_size=2, max_steps=15)
    encoder = open_encoder("minilm", settings=settings)
    first, second = (
        train_run(data, config=config, encoder=encoder, folder=tmp_path / name, thresholds=Thresholds(), callback=Quiet())
        for name in "ab"
    )
    assert {**first.to_dict(), "run_id": ""} == {**second.to_dict(), "run_id": ""}
    weights = [(tmp_path / name / "model/model.safetensors").read_bytes() for name in "ab"]
    assert weights[0] == weights[1]


class StopAfter(Quiet):
    """A callback that cancels once so many points were told."""

    def __init__(self, points: int) -> None:
        self.left = points

    def point(self, values: Mapping[str, Any]) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled("enough")


@pytest.mark.slow
def test_a_training_that_was_stopped_goes_on_to_the_same_numbers(settings: Settings, tmp_path: Path) -> None:
    """Stopped at many moments, each time going on from the checkpoints: byte for byte the uninterrupted model."""
    data = _some(settings, 24)
    config = TrainingConfig.of(folds=3, ensemble_size=2, max_steps=8)
    encoder = open_encoder("minilm", settings=settings)

    def train(name: str, callback: Quiet) -> Evaluation:
        return train_run(
            data, config=config, encoder=encoder, folder=tmp_path / name, thresholds=Thresholds(), callback=callback
        )

    whole = train("whole", Quiet())
    for points in (0, 12, 11, 5):
        with pytest.raises(Cancelled):
            train("parts", StopAfter(points))
    parts = train("parts", Quiet())
    assert {**whole.to_dict(), "run_id": ""} == {**parts.to_dict(), "run_id": ""}
    weights = [(tmp_path / name / "model/model.safetensors").read_bytes() for name in ("whole", "parts")]
    assert weights[0] == weights[1]


def test_a_damaged_checkpoint_is_trained_again(tmp_path: Path) -> None:
    shelf, rows = FoldCheckpoints(tmp_path), np.arange(3)
    shelf.save(1, rows=rows, arrays={"logits": np.ones((3, 2))})
    kept = shelf.load(1, rows=rows)
    assert kept is not None and np.array_equal(kept["logits"], np.ones((3, 2)))
    assert shelf.load(1, rows=np.arange(4)) is None
    path = next(tmp_path.glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:40])
    assert shelf.load(1, rows=rows) is None


def test_a_run_folder_says_all_that_it_rests_on(trained_home: Path) -> None:
    run = json.loads((trained_home / "runs/promoted.json").read_text())["run_id"]
    folder = trained_home / "runs" / run
    manifest = json.loads((folder / "model/manifest.json").read_text())
    for name in ("schema_version", "dataset_digest", "split_ids", "encoder_id", "thresholds", "seed", "metrics", "origins"):
        assert manifest[name], name
    assert json.loads((folder / "attempts/0001/result.json").read_text()) == {"status": "done"}
    assert len(manifest["split_ids"]) == manifest["n_rows"]
    assert manifest["metrics"]["split"].startswith("grouped") and manifest["metrics"]["leaked"] is False


@pytest.mark.slow
def test_the_starter_model_beats_its_baselines(starter_home: Path) -> None:
    info = open_home(starter_home).runs.production()
    assert info is not None
    album = info.metrics["album"]
    assert album["accuracy"] > max(album["majority"], album["lookup"], album["tfidf_lr"])
    assert album["ci_low"] < album["accuracy"] < album["ci_high"] and album["n_groups"] == 96
    assert info.metrics["calibration"]["ece"] <= 0.06
    assert info.metrics["selective"]["accuracy"] >= 0.9
    for axis in ("temporal", "spatial", "ontological"):
        row = info.metrics["metrics"][axis]
        assert row["ci_low"] > row["majority"]


def test_hard_non_concepts_are_no_background() -> None:
    frame, _ = read_not_concepts(data_dir() / "starter" / "not_concepts")
    assert sorted(background_texts()) == sorted(frame["concept"][~frame["hard"]]) and frame["hard"].any()


def test_no_group_stands_on_both_sides(settings: Settings, trained_home: Path) -> None:
    run = json.loads((trained_home / "runs/promoted.json").read_text())["run_id"]
    split = json.loads((trained_home / "runs" / run / "model/manifest.json").read_text())["split_ids"]
    frame = Workbench(settings).datasets.get("starter").frame
    folds: dict[str, set[int]] = {}
    for row_id, group in zip(frame["row_id"], frame["group_id"], strict=True):
        folds.setdefault(group, set()).add(split[row_id])
    assert all(len(found) == 1 for found in folds.values())


@pytest.mark.slow
def test_shuffled_labels_fall_to_chance(settings: Settings, tmp_path: Path) -> None:
    data = _some(settings, 40)
    frame = data.frame.copy()
    order = np.random.default_rng(1).permutation(len(frame))
    for name in ("album", "temporal", "spatial", "ontological", "temporal_stated", "spatial_stated", "ontological_stated"):
        values = frame[name].tolist()
        frame[name] = pd.Series([values[i] for i in order], index=frame.index, dtype=object)
    shuffled = Dataset("shuffled", frame, data.meta)
    run = train_run(
        shuffled,
        config=TrainingConfig.of(folds=3, ensemble_size=2),
        encoder=open_encoder("minilm", settings=settings),
        folder=tmp_path / "run",
        thresholds=Thresholds(),
        callback=Quiet(),
    )
    album = run.album
    assert album["ci_low"] <= 0.2 and album["accuracy"] < 0.25


@pytest.mark.slow
def test_a_leaked_split_is_marked_wherever_its_figures_stand(settings: Settings, tmp_path: Path) -> None:
    config = TrainingConfig.of(folds=3, ensemble_size=2, split="leaked")
    run = train_run(
        _some(settings, 16),
        config=config,
        encoder=open_encoder("minilm", settings=settings),
        folder=tmp_path / "run",
        thresholds=Thresholds(),
        callback=Quiet(),
    )
    assert run.leaked and run.split.startswith("leaked")
    assert any("LEAKED" in note for note in run.notes)


def test_too_few_groups_are_refused(settings: Settings, tmp_path: Path) -> None:
    rows = [{"row_id": str(i), "group_id": "one", "concept": f"text {i}", "album": "Red"} for i in range(9)]
    frame = make_frame(rows)
    data = Dataset("few", frame, DatasetMeta("few", frame_digest(frame), 9, 1, ("table",), "", "", ReadReport(9)))
    with pytest.raises(DataError, match="too few groups"):
        train_run(
            data,
            config=TrainingConfig(),
            encoder=open_encoder("minilm", settings=settings),
            folder=tmp_path / "run",
            thresholds=Thresholds(),
            callback=Quiet(),
        )


def test_configs_round_trip_and_refuse_nonsense(tmp_path: Path) -> None:
    config = TrainingConfig.of(text=("concept", "lyrics"), inverse_l2=3.5)
    assert TrainingConfig.from_dict(json.loads(config.to_json())) == config
    path = tmp_path / "c.yaml"
    path.write_text("text: [concept, descriptions]\nmembers: 3\n")
    assert TrainingConfig.from_file(path).heads.ensemble_size == 3
    for bad in ({"folds": 1}, {"text": ["audio"]}, {"members": "many"}, {"nonsense": 1}, {"split": "random"}, {"words": 3}):
        with pytest.raises(ConfigError):
            TrainingConfig.from_dict(bad)


def test_the_interval_matches_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 12, 200).astype(str)
    values = (rng.random(200) < 0.7).astype(float)
    share = clustered_mean(values, groups, seed=5)
    names = np.unique(groups)
    draws = np.random.default_rng(5).multinomial(len(names), np.full(len(names), 1 / len(names)), size=2000)
    loop = []
    for row in draws:
        picked = np.concatenate([values[groups == name] for name, times in zip(names, row, strict=True) for _ in range(times)])
        loop.append(picked.mean())
    assert share.value == pytest.approx(values.mean())
    assert (share.ci_low, share.ci_high) == pytest.approx(tuple(np.quantile(loop, (0.025, 0.975))), abs=1e-9)
    assert clustered_mean(values[:0], groups[:0], seed=1).value is None


def test_calibration_error_of_the_perfect_and_of_the_boaster() -> None:
    rng = np.random.default_rng(2)
    p = rng.random(4000)
    right = rng.random(4000) < p
    assert calibration_error(p, right) < 0.05
    assert calibration_error(np.full(100, 0.9), np.arange(100) < 50) == pytest.approx(0.4)
    assert perfect_calibration_error(p, seed=1) == pytest.approx(calibration_error(p, right), abs=0.02)


def test_a_lookup_table_knows_its_songs_and_nothing_else() -> None:
    labels = np.array([0, 0, 1, 1, 1, 0])
    groups = np.array(["a", "a", "b", "b", "c", "c"], dtype=object)
    texts = ["alpha", "alpha", "beta", "beta", "gamma", "gamma"]
    leaked = baseline_predictions(texts, labels, groups=groups, train=np.array([0, 2, 4]), test=np.array([1, 3]), seed=0)
    assert leaked["lookup"].tolist() == [0, 1]
    unseen = baseline_predictions(texts, labels, groups=groups, train=np.array([0, 1, 2, 3]), test=np.array([4, 5]), seed=0)
    assert len(set(unseen["lookup"].tolist())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mc_dropout", "evidential"])
def test_every_kind_of_uncertainty_trains_judges_and_measures_its_sets(kind: str, settings: Settings, tmp_path: Path) -> None:
    data = _some(settings, 24)
    config = TrainingConfig.of(folds=3, ensemble_size=2, max_steps=12, head=kind, mc_samples=6)
    encoder = open_encoder("minilm", settings=settings)
    told = train_run(data, config=config, encoder=encoder, folder=tmp_path, thresholds=Thresholds(), callback=Quiet())
    sets = told.calibration["sets"]
    assert sets["coverage"] == 0.9 and sets["measured"] >= 0.75 and 1 <= sets["mean_size"] <= 9
    model = ConceptModel.from_artefact(load_artefact(tmp_path / "model"))
    assert model.head.n_members == config.n_predictions and model.sets is not None
    texts = data.frame["concept"].tolist()[:8]
    scores = model.predict({"concept": texts}, encoder=encoder).scores
    total, aleatoric, epistemic = scores.uncertainty.T
    assert np.allclose(total, aleatoric + epistemic) and (epistemic > 0).all() and (aleatoric > 0).all()
