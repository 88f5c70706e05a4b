"""The names that options had before: the one place that knows them.

Config files, specs of older runs, `--set`, search spaces and trials may use them; documents that `--json` prints carry them
beside today's names, so that whoever reads the older ones goes on doing so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rebracket_core.errors import ConfigError

OLD_KEYS = {
    "words": "tfidf",
    "max_words": "max_tfidf_terms",
    "vector_weight": "embedding_weight",
    "members": "ensemble_size",
    "strength": "inverse_l2",
    "patience": "patience_steps",
    "outputs": "tasks",
    "marked_weight": "has_any_type_weight",
    "contrast": "contrastive_loss_weight",
    "tokens": "max_tokens",
    "stop_after": "patience_epochs",
    "held_share": "validation_fraction",
    "uncertainty": "head",
    "passes": "mc_samples",
}
OLD_VALUES: dict[str, dict[str, str]] = {
    "head": {"ensemble": "linear", "dropout": "mc_dropout"},
    "tasks": {"marked": "has_any_type"},
}
# Keys of the training pipeline's YAML files that are options of ours under other names, value for value.
PIPELINE_KEYS = {
    "data.random_seed": "seed",
    "reproducibility.seed": "seed",
    "model.text_encoder.model_name": "encoder",
    "model.text_encoder.max_length": "max_tokens",
    "model.classifier.dropout": "hidden_dropout",
    "model.classifier.activation": "activation",
    "model.regression_head.dropout": "hidden_dropout",
    "model.regression_head.activation": "activation",
    "model.multitask.weighting_strategy": "weighting",
    "model.multitask.task_dropout": "task_dropout",
    "model.multitask.per_task_grad_clip": "task_grad_norm",
    "model.multitask.gradnorm.alpha": "gradnorm_alpha",
    "model.multitask.dwa.temperature": "dwa_temperature",
    "model.multitask.loss_weights.classification": "types_weight",
    "model.multitask.loss_weights.temporal": "temporal_weight",
    "model.multitask.loss_weights.spatial": "spatial_weight",
    "model.multitask.loss_weights.ontological": "ontological_weight",
    "model.multitask.loss_weights.confidence": "confidence_weight",
    "model.multitask.loss_weights.temporal_regression": "temporal_weight",
    "model.multitask.loss_weights.spatial_regression": "spatial_weight",
    "model.multitask.loss_weights.ontological_regression": "ontological_weight",
    "model.multitask.loss_weights.confidence_regression": "confidence_weight",
    "training.epochs": "epochs",
    "training.batch_size": "batch_size",
    "training.learning_rate": "learning_rate",
    "training.encoder_lr": "learning_rate",
    "training.classification_head_lr": "classes_learning_rate",
    "training.regression_head_lr": "axes_learning_rate",
    "training.task_learning_rates.encoder": "learning_rate",
    "training.task_learning_rates.classifier": "classes_learning_rate",
    "training.task_learning_rates.regression": "axes_learning_rate",
    "training.weight_decay": "weight_decay",
    "training.warmup_ratio": "warmup",
    "training.gradient_accumulation_steps": "accumulation_steps",
    "training.max_grad_norm": "max_grad_norm",
    "training.per_task_grad_clip": "task_grad_norm",
    "training.task_dropout": "task_dropout",
    "training.early_stopping.patience": "patience_epochs",
    "soft_targets.label_smoothing": "smoothing",
    "training.soft_targets.label_smoothing": "smoothing",
}
# Values of the pipeline's keys that are values of ours under other names.
PIPELINE_VALUES: dict[str, tuple[str, dict[str, str]]] = {
    "model.classifier.class_weights": ("class_weights", {"balanced": "balanced", "uniform": "none", "none": "none"}),
    "training.regression_loss": (
        "axis_loss",
        {"mse": "mse", "dist_mse": "mse", "huber": "huber", "smooth_l1": "smooth_l1", "kl_div": "kl", "jsd": "jsd"},
    ),
    "training.lr_scheduler": ("schedule", {"linear": "linear", "cosine": "cosine", "constant": "constant"}),
    "training.loss.type": ("type_loss", {"cross_entropy": "single", "bce_with_logits": "multi"}),
}
PIPELINE_VALUES["training.regression_loss.distribution_loss"] = PIPELINE_VALUES["training.regression_loss"]
PIPELINE_VALUES["training.regression_loss.type"] = PIPELINE_VALUES["training.regression_loss"]
PIPELINE_VALUES["training.scheduler"] = PIPELINE_VALUES["training.lr_scheduler"]
PIPELINE_VALUES["training.classification_loss.type"] = PIPELINE_VALUES["training.loss.type"]
_OLD_CURVES = {"contrastive": "contrast", "has_any_type": "marked"}
_OLD_WORDS_OF_PHASES = {"trunk": "backbone", "marked": "has_any_type"}
_NEW_KEYS = {new: old for old, new in OLD_KEYS.items()}


def modern(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Options under today's names and with today's values, whichever of the two a mapping uses.

    Raises ConfigError where an option stands under both names with different values.
    """
    out: dict[str, Any] = {}
    told_as: dict[str, str] = {}
    for name, value in raw.items():
        new = OLD_KEYS.get(name, name)
        told = _each(new, value, _today)
        if new in out and out[new] != told:
            raise ConfigError(
                f"The training option '{new}' is given twice.",
                expected="one value",
                found=f"{told_as[new]}={raw[told_as[new]]!r} and {name}={value!r}",
                hint=f"'{_NEW_KEYS.get(new, new)}' is the older name",
            )
        out[new], told_as[new] = told, name
    return out


def modern_name(name: str) -> str:
    """Today's name of an option."""
    return OLD_KEYS.get(name, name)


def modern_value(name: str, value: Any) -> Any:
    """Today's form of the value of an option (by today's name)."""
    return _each(name, value, _today)


def with_old_names(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with each that had another name under both; the older name has the older value. Values may be pairs."""
    new = modern(options)
    return {**new, **{_NEW_KEYS[name]: _each(name, value, _before) for name, value in new.items() if name in _NEW_KEYS}}


def curves(losses: Mapping[str, float]) -> dict[str, float]:
    """The points "loss_NAME" of losses by name, those that had another name under both."""
    out = {f"loss_{name}": float(value) for name, value in losses.items()}
    return out | {f"loss_{_OLD_CURVES[name]}": float(value) for name, value in losses.items() if name in _OLD_CURVES}


def _each(name: str, value: Any, change: Callable[[str, str], str]) -> Any:
    if isinstance(value, str):
        return ",".join(change(name, word) for word in value.split(",")) if name in OLD_VALUES or name == "phases" else value
    if isinstance(value, list | tuple):
        return type(value)(_each(name, part, change) for part in value)
    return value


def _today(name: str, word: str) -> str:
    if name == "phases":
        for old, new in _OLD_WORDS_OF_PHASES.items():
            word = re.sub(rf"\b{old}\b", new, word)
        return word
    bare = word.strip()
    return OLD_VALUES[name].get(bare, bare)


def _before(name: str, word: str) -> str:
    if name == "phases":  # kept its name, so it is told as it is today
        return word
    return {new: old for old, new in OLD_VALUES[name].items()}.get(word, word)
