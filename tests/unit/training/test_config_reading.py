"""Config files of the users' training pipeline: every key is taken, changed or refused, and says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebracket_core.aliases import PIPELINE_KEYS, PIPELINE_VALUES
from rebracket_core.errors import ConfigError
from rebracket_core.rainbow import MODES
from rebracket_core.training import TrainingConfig
from rebracket_core.training.config import all_options, read_config, read_config_file, read_config_text

CLASSIFIER: dict[str, Any] = {
    "data": {
        "manifest_path": "data/base_manifest_db.parquet",
        "target_column": "rebracketing_type",
        "target_type": "multiclass",
        "class_mapping": {"spatial": 0, "temporal": 1, "boundary": 2},
        "train_split": 0.8,
        "val_split": 0.2,
        "random_seed": 42,
        "stratified": True,
        "min_concept_length": 50,
    },
    "model": {
        "text_encoder": {"max_length": 512, "freeze_layers": 0, "pooling": "mean", "hidden_size": 768},
        "classifier": {
            "type": "multiclass",
            "num_classes": 8,
            "hidden_dims": [256, 128],
            "dropout": 0.3,
            "activation": "relu",
            "multi_label": False,
            "class_weights": "balanced",
        },
    },
    "training": {
        "loss": {"type": "cross_entropy", "label_smoothing": 0.0},
        "batch_size": 32,
        "learning_rate": "2e-5",
        "epochs": 50,
        "gradient_accumulation_steps": 2,
        "max_grad_norm": 1.0,
        "warmup_ratio": 0.1,
        "device": "cuda",
        "mixed_precision": True,
        "early_stopping": {"enabled": True, "patience": 10, "min_delta": 0.001, "metric": "val_macro_f1"},
    },
    "evaluation": {"metrics": ["macro_f1"], "confusion_matrix": {"enabled": True}},
    "logging": {"wandb": {"enabled": True, "entity": None}},
    "reproducibility": {"seed": 42, "deterministic": True},
}
REGRESSION: dict[str, Any] = {
    "data": {
        "classification_target": "rebracketing_type",
        "classification_type": "multiclass",
        "regression_targets": {
            "temporal": ["past_score", "present_score", "future_score"],
            "confidence": ["chromatic_confidence"],
            "mood": ["mood_score"],
        },
        "album_mapping": {"Orange": ["past", "thing", "imagined"], "Black": None},
    },
    "soft_targets": {
        "label_smoothing": 0.05,
        "temporal_context": {"enabled": True, "window_size": 3, "weight_decay": 0.5},
        "black_album": {"use_uniform": True, "confidence": 0.0},
    },
    "model": {
        "regression_head": {"outputs": {"temporal": 3, "confidence": 1}, "activations": {"spatial": "softmax"}},
        "multitask": {
            "weighting_strategy": "fixed",
            "loss_weights": {"classification": 1.0, "temporal": 0.8, "spatial": 0.7, "ontological": 0.6, "confidence": 0.5},
            "gradnorm": {"enabled": False, "alpha": 2.0},
        },
    },
    "training": {
        "regression_loss": {"distribution_loss": "kl_div", "confidence_loss": "bce"},
        "task_learning_rates": {"encoder": 1e-5, "classifier": 1e-4, "regression": 2e-4},
        "sequential_training": {
            "enabled": True,
            "phase1_epochs": 10,
            "phase2_epochs": 8,
            "phase3_epochs": 5,
            "freeze_encoder_phase2": True,
        },
        "early_stopping": {"enabled": False},
    },
    "validation": {"confidence_threshold": 0.7},
}


def rows(raw: Any, **changes: Any) -> tuple[TrainingConfig, dict[str, Any]]:
    reading = read_config(raw, changes=changes)
    return reading.config, {key.key: key for key in reading.keys}


def _leaves(raw: Any, at: str = "") -> list[str]:
    if not isinstance(raw, dict):
        return [at]
    return [leaf for key, value in raw.items() for leaf in _leaves(value, f"{at}.{key}" if at else key)]


@pytest.mark.parametrize("raw", [CLASSIFIER, REGRESSION], ids=["classifier", "regression"])
def test_every_key_has_its_line(raw: Any) -> None:
    _, found = rows(raw)
    assert set(found) == set(_leaves(raw))
    assert {row.outcome for row in found.values()} == {"taken", "changed", "refused"}
    assert all(row.note for row in found.values() if row.outcome == "refused")
    assert all(not row.options or row.note.startswith("no effect") for row in found.values() if row.outcome == "refused")


def test_a_classifiers_file_is_the_same_training_here() -> None:
    config, found = rows(CLASSIFIER)
    assert (config.tasks.tasks, config.tasks.type_loss, config.tasks.class_weights) == (("types",), "single", "balanced")
    assert (config.finetuning.method, config.finetuning.learning_rate, config.finetuning.epochs) == ("full", 2e-5, 50)
    own = config.fit_config().options
    assert (config.heads.head, own.hidden_layers, own.hidden_dropout) == ("hidden", ("256", "128"), 0.3)
    assert (config.optimiser.accumulation_steps, config.evaluation.folds, config.data.seed) == (2, 5, 42)
    outcomes = {key: row.outcome for key, row in found.items()}
    assert outcomes["data.class_mapping.spatial"] == "taken" and outcomes["data.class_mapping.boundary"] == "refused"
    assert outcomes["training.early_stopping.metric"] == outcomes["data.manifest_path"] == "refused"
    assert "REBRACKET_DEVICE" in found["training.device"].note


def test_a_regressions_file_is_the_same_training_here() -> None:
    config, found = rows({**REGRESSION, "model": {**REGRESSION["model"], "text_encoder": {"freeze_layers": 0}}})
    assert config.tasks.tasks == ("axes", "album", "types") and config.tasks.smoothing == 0.05
    assert [config.tasks.weight_of(p) for p in ("temporal", "spatial", "ontological", "types")] == [0.8, 0.7, 0.6, 1.0]
    assert config.finetuning.phases == ("all/types:10", "heads/axes:8", "all:5") and config.tasks.context_smoothing
    rates = (config.optimiser.classes_learning_rate, config.optimiser.axes_learning_rate, config.finetuning.patience_epochs)
    assert rates == (1e-4, 2e-4, 0)
    assert found["training.regression_loss.distribution_loss"].becomes == "axis_loss=kl"
    assert found["soft_targets.temporal_context.weight_decay"].outcome == "refused"
    assert found["data.regression_targets.mood"].outcome == "refused"
    assert found["model.multitask.gradnorm.alpha"].note == "no effect here: it counts where weighting is gradnorm"


def test_what_has_no_effect_and_what_is_replaced_is_said() -> None:
    config, found = rows(CLASSIFIER, method="frozen", epochs=3)
    assert config.finetuning.method == "frozen"
    assert "method=frozen" in found["model.text_encoder.freeze_layers"].note
    assert found["training.gradient_accumulation_steps"].note == "no effect here: it counts where method is full or lora"


def test_two_keys_that_disagree_are_refused_the_second_time() -> None:
    config, found = rows({"data": {"random_seed": 1}, "reproducibility": {"seed": 2}})
    assert config.data.seed == 1 and found["reproducibility.seed"].note == "data.random_seed says seed=1"


@pytest.mark.parametrize(
    ("key", "value", "note"),
    [
        ("model.text_encoder.max_length", 1024, "8 to 512"),
        ("model.text_encoder.pooling", "cls", "means"),
        ("model.text_encoder.freeze_layers", 6, "all layers learn"),
        ("model.multitask.weighting_strategy", "auto", "fixed"),
        ("model.classifier.hidden_dims", "wide", "list of widths"),
        ("model.classifier.class_weights", [1.0, 2.0], "balanced"),
        ("data.stratified", False, "always"),
        ("training.mixed_precision", "yes", "true or false"),
        ("model.regression_head.predict_uncertainty", True, "evidential"),
        ("data.target_type", ["binary"], "binary"),
        ("training.epoch", 3, "did you mean training.epochs?"),
    ],
)
def test_values_that_cannot_be_taken_say_what_can(key: str, value: Any, note: str) -> None:
    _, found = rows({key: value, "training.batch_size": 8})
    assert found[key].outcome == "refused" and note in found[key].note


def test_the_flat_keys_of_the_requirements_are_read() -> None:
    soft = {"label_smoothing": 0.2, "temporal_context": True, "context_window": 3, "black_album_uniform": True}
    weights = {"temporal_regression": 0.8, "confidence_regression": 0.4}
    targets = [f"{mode}_score" for modes in MODES.values() for mode in modes]
    config, found = rows(
        {
            "training": {"soft_targets": soft, "encoder_lr": 1e-5, "regression_loss": "huber", "task_dropout": 0.1},
            "model": {
                "multitask": {"loss_weights": weights, "weighting_strategy": "dwa", "dwa": {"temperature": 3.0}},
                "regression_head": {"targets": [*targets, "chromatic_confidence"], "hidden_layers": [64]},
            },
        }
    )
    assert config.tasks.smoothing == 0.2 and config.tasks.context_smoothing and config.tasks.axis_loss == "huber"
    assert config.tasks.by_pace and config.tasks.dwa_temperature == 3.0 and config.tasks.task_dropout == 0.1
    assert found["training.encoder_lr"].outcome == "refused" and found["training.task_dropout"].outcome == "taken"


def test_files_of_our_own_are_read_as_before(tmp_path: Path) -> None:
    config = TrainingConfig.of(epochs=3, method="lora", ensemble_size=2)
    reading = read_config({**config.to_dict(), "data": {"seed": config.data.seed}})
    assert reading.config == config and reading.plain
    assert read_config({"strength": 3.0}).config.heads.inverse_l2 == 3.0  # an older name
    assert read_config({"data": {"seed": 7}, "heads.max_steps": 9}).config.heads.max_steps == 9
    (tmp_path / "own.yaml").write_text("epochs: 4\nmethod: full\n", encoding="utf-8")
    assert read_config_file(tmp_path / "own.yaml").config.finetuning.epochs == 4
    for wrong in ("epoch: 4", "data: {sead: 3}", "heads: {layers: 3}", "- 1", "a: [", "training: {epochs_: 3}"):
        with pytest.raises(ConfigError):
            read_config_text(wrong)


def test_the_tables_name_options_that_there_are() -> None:
    known = all_options()
    assert set(PIPELINE_KEYS.values()) <= set(known)
    for option, words in PIPELINE_VALUES.values():
        if option == "class_weights":  # no list of choices: it takes weights too
            assert all(TrainingConfig.of(class_weights=word) for word in words.values())
        else:
            assert set(words.values()) <= {choice.name for choice in known[option].choices}
