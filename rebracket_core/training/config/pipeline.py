"""The YAML files of the users' training pipeline, key by key: what each comes to here, or why it is refused.

Keys that are options under other names stand in `rebracket_core.aliases`; here stand those that mean something else, always
hold, or belong elsewhere. Nothing is left out in silence: a key that no table knows is refused too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from rebracket_core.aliases import PIPELINE_KEYS, PIPELINE_VALUES
from rebracket_core.rainbow import AXIS_NAMES, MODES, TYPE_NAMES

TAKEN, CHANGED, REFUSED = "taken", "changed", "refused"
_NONE = object()


@dataclass(frozen=True, slots=True)
class Found:
    """What a key comes to: the options that it sets, by name, and a note that says why where it is not taken as it is."""

    outcome: str
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


Rule = Callable[[Any, Mapping[str, Any]], Found]


def _refused(note: str) -> Found:
    return Found(REFUSED, note=note)


# ---- what always holds: (value, why); any other value is refused with the same words --------------------------------------

_ALWAYS: dict[str, tuple[Any, str]] = {
    "data.stratified": (True, "folds are drawn by song and stratified, always"),
    "data.require_concept": (True, "rows without a text are left out, always"),
    "data.filter_unknown_types": (True, "a type that nobody knows is no label, always"),
    "model.text_encoder.pooling": ("mean", "vectors are means over the tokens, always"),
    "model.classifier.num_classes": (len(TYPE_NAMES), f"there are {len(TYPE_NAMES)} types, always"),
    "training.loss.pos_weight": (None, "types have no weights of their own here; class_weights balances them"),
    "training.loss.label_smoothing": (0, "types have no label smoothing; label_smoothing is the album's"),
    "training.classification_loss.label_smoothing": (0, "types have no label smoothing; label_smoothing is the album's"),
    "training.regression_loss.confidence_loss": ("bce", "the chromatic confidence has a cross-entropy, always"),
    "training.save_best_only": (True, "the best epoch is kept, always; keep_checkpoints keeps more"),
    "training.save_every_n_epochs": (1, "every epoch is a checkpoint while it lasts"),
    "model.multitask.uncertainty_weighting.initial_log_var": (0, "each log-variance stands at its best value at every step"),
    "model.multitask.gradnorm.update_frequency": (1, "GradNorm's weights move at every step"),
    "soft_targets.enabled": (True, "targets are soft where labels are, always; smoothing=0 makes them hard"),
    "soft_targets.temporal_context.window_size": (3, "the window is three rows to each side, always"),
    "soft_targets.temporal_context.weight_decay": (0.3, "neighbours count for 0.3, always"),
    "soft_targets.context_window": (3, "the window is three rows to each side, always"),
    "soft_targets.black_album.use_uniform": (True, "without modes the targets are uniform, always"),
    "soft_targets.black_album.confidence": (0, "without modes the chromatic confidence is 0, always"),
    "soft_targets.black_album_uniform": (True, "without modes the targets are uniform, always"),
    "soft_targets.uncertainty_weighting": (False, "a row weighs what its annotators' confidence says"),
    "soft_targets.uncertainty_weighting.enabled": (False, "a row weighs what its annotators' confidence says"),
    "reproducibility.deterministic": (True, "the same seed, data and config give the same numbers, always"),
}

# ---- what belongs elsewhere, by the beginning of the key -------------------------------------------------------------------

_ELSEWHERE: dict[str, str] = {
    "data.manifest_path": "the data set is named on the command line or the page, after rebracket import",
    "data.segments_path": "the data set is named on the command line or the page, after rebracket import",
    "data.hf_dataset": "the data set is named on the command line or the page, after rebracket import",
    "data.hf_split": "the split is named where the data set is imported",
    "data.album_mapping": "albums and modes are the Rainbow Table's; no config can change it",
    "data.min_concept_length": "no text is left out for its length",
    "data.min_labels_per_segment": "rows without a label of a task are left out of that task alone",
    "model.text_encoder.hidden_size": "the encoder says how wide it is",
    "soft_targets.uncertainty_weighting": "a row weighs what its annotators' confidence says",
    "training.early_stopping.min_delta": "a gain counts from 0.00001 on",
    "training.early_stopping.metric": "what is watched is the loss on songs that are held back",
    "training.device": "the device is a setting: REBRACKET_DEVICE",
    "training.num_workers": "threads are a setting: REBRACKET_THREADS",
    "validation": "thresholds belong to verdicts, not to a training: rebracket validate --threshold, rebracket rules",
    "transmigration": "distances belong to verdicts, not to a training: see rebracket rules",
    "evaluation": "figures are not chosen: report and review show all that apply",
    "logging": "a tracker is a setting: REBRACKET_TRACKER; runs lie in the home",
}


def read_key(key: str, value: Any, whole: Mapping[str, Any]) -> Found:
    """What a key of the pipeline's comes to; `whole` are all keys of the file, dotted, with their values."""
    short = key.removeprefix("training.") if key.startswith("training.soft_targets.") else key
    if key in PIPELINE_KEYS:
        return Found(TAKEN, {PIPELINE_KEYS[key]: value})
    if key in PIPELINE_VALUES:
        option, words = PIPELINE_VALUES[key]
        name = words.get("none" if value is None else str(value)) if not isinstance(value, list | dict) else None
        if name is None:
            return _refused(f"{option} can be {', '.join(sorted(set(words.values())))} here")
        return Found(TAKEN if name == value else CHANGED, {option: name})
    if short in _RULES:
        return _RULES[short](value, whole)
    for start, rule in _BELOW.items():
        if key.startswith(f"{start}."):
            return rule((key.removeprefix(f"{start}."), value), whole)
    if short in _ALWAYS:
        holds, note = _ALWAYS[short]
        return Found(TAKEN, note=note) if (type(holds) is not bool and holds == value) or holds is value else _refused(note)
    for start, note in _ELSEWHERE.items():
        if key == start or key.startswith(f"{start}."):
            return _refused(note)
    near = get_close_matches(key, known_keys(), n=1)
    return _refused(f"no table knows this key{f'; did you mean {near[0]}?' if near else ''}")


def is_known(key: str) -> bool:
    """Whether some table knows a key, by name or by its beginning."""
    short = key.removeprefix("training.") if key.startswith("training.soft_targets.") else key
    return (
        short in known_keys() or key in known_keys() or any(short.startswith(f"{start}.") for start in (*_BELOW, *_ELSEWHERE))
    )


def known_keys() -> tuple[str, ...]:
    """The keys that some table knows by name."""
    return (*PIPELINE_KEYS, *PIPELINE_VALUES, *_RULES, *_ALWAYS, *_ELSEWHERE)


# ---- what means something else ----------------------------------------------------------------------------------------------


def _kind_of_target(value: Any, whole: Mapping[str, Any]) -> Found:
    """`target_type` and `classification_type`: which tasks, and whether a text may have several types."""
    scores = any(key.startswith("data.regression_targets.") for key in whole)
    tasks = ["axes", "album", "types"] if scores else ["types"]
    ways: dict[str, dict[str, Any]] = {
        "binary": {"tasks": ["axes", "album", "has_any_type"] if scores else ["has_any_type"]},
        "multiclass": {"tasks": tasks, "type_loss": "single"},
        "multilabel": {"tasks": tasks, "type_loss": "multi"},
        "regression": {"tasks": ["axes"]},
    }
    if not isinstance(value, str) or value not in ways:
        return _refused(f"one of {', '.join(ways)} can stand here")
    return Found(CHANGED, ways[value])


def _column(value: Any, whole: Mapping[str, Any]) -> Found:
    """A column of labels: those that an import reads by itself."""
    read = ("has_rebracketing_markers", "rebracketing_type", "rebracketing_types")
    if value in read:
        return Found(TAKEN, note="an import reads this column by itself")
    return _refused(f"an import reads {', '.join(read)} as labels")


def _classes(at: Any, whole: Mapping[str, Any]) -> Found:
    name = str(at[0]).lower()
    if name in TYPE_NAMES:
        return Found(TAKEN, note="types go by name; their numbers are not used")
    return _refused(f"there is no such type; the types are {', '.join(TYPE_NAMES)}")


def _scores(at: Any, whole: Mapping[str, Any]) -> Found:
    name, value = at
    own = {axis: {f"{mode.lower()}_score" for mode in MODES[axis]} for axis in AXIS_NAMES}
    own["confidence"] = {"chromatic_confidence"}
    if name in own and isinstance(value, list) and set(map(str, value)) == own[name]:
        return Found(TAKEN, note="axes and chromatic confidence are one task, axes")
    return _refused("these are not the scores of that axis")


def _held_out(value: Any, whole: Mapping[str, Any]) -> Found:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0.05 <= value <= 0.5:
        return _refused("a share of 0.05 to 0.5 can stand here")
    return Found(CHANGED, {"folds": round(1 / value)}, "every song is held out once, by cross-validation")


def _trained_on(value: Any, whole: Mapping[str, Any]) -> Found:
    held = whole.get("data.val_split")
    if isinstance(value, int | float) and isinstance(held, int | float) and abs(value + held - 1) < 1e-9:
        return Found(TAKEN, note="follows from val_split")
    return _refused("the rest of the songs is trained on; folds says how much that is")


def _frozen_layers(value: Any, whole: Mapping[str, Any]) -> Found:
    if value == 0 and value is not False:
        return Found(CHANGED, {"method": "full"}, "each fold trains an encoder of its own; --set method=frozen is far quicker")
    return _refused("all layers learn (method=full), small additions to all (lora), or none (frozen)")


def _widths(value: Any, whole: Mapping[str, Any]) -> Found:
    if isinstance(value, list) and value and all(isinstance(width, int) for width in value):
        return Found(CHANGED, {"head": "hidden", "hidden_layers": [str(width) for width in value]}, "all tasks share them")
    if value in ([], None):
        return Found(CHANGED, {"head": "linear"})
    return _refused("a list of widths such as [256, 128] can stand here")


def _classifier(value: Any, whole: Mapping[str, Any]) -> Found:
    return Found(TAKEN, note="the tasks say so") if value in ("binary", "multiclass") else _refused("the tasks say so")


def _several(value: Any, whole: Mapping[str, Any]) -> Found:
    return (
        Found(CHANGED, {"type_loss": "multi" if value else "single"}) if isinstance(value, bool) else _refused("true or false")
    )


def _outputs(at: Any, whole: Mapping[str, Any]) -> Found:
    name, value = at
    good = value == (1 if name == "confidence" else 3) and name in (*AXIS_NAMES, "confidence")
    return Found(TAKEN, note="so it is, always") if good else _refused("an axis has three scores, and confidence one")


def _bends(at: Any, whole: Mapping[str, Any]) -> Found:
    name, value = at
    good = value == ("sigmoid" if name == "confidence" else "softmax") and name in (*AXIS_NAMES, "confidence")
    note = "the scores of an axis are a softmax and the confidence is a sigmoid, always"
    return Found(TAKEN, note=note) if good else _refused(note)


def _targets(value: Any, whole: Mapping[str, Any]) -> Found:
    own = {f"{mode.lower()}_score" for axis in AXIS_NAMES for mode in MODES[axis]} | {"chromatic_confidence"}
    if isinstance(value, list) and set(map(str, value)) == own:
        return Found(CHANGED, {"tasks": ["axes", "album"]}, "the nine scores and the confidence; a verdict needs the album too")
    return _refused("these are not the nine scores and the chromatic confidence")


def _evidence(value: Any, whole: Mapping[str, Any]) -> Found:
    if value is False:
        return Found(TAKEN)
    return _refused("head=evidential gives an album's evidence, without hidden layers; --set head=evidential chooses it")


def _on(option: str, word: Any, *, off: Any = _NONE, note: str = "") -> Rule:
    """A switch that sets an option where it is on, and where it is off too if `off` is given."""

    def rule(value: Any, whole: Mapping[str, Any]) -> Found:
        if not isinstance(value, bool):
            return _refused("true or false can stand here")
        if value:
            return Found(CHANGED, {option: word}, note) if word is not _NONE else Found(TAKEN)
        return Found(TAKEN) if off is _NONE else Found(CHANGED, {option: off}, note)

    return rule


def _phases(value: Any, whole: Mapping[str, Any]) -> Found:
    if value is not True:
        return Found(TAKEN, note="all that is trained learns at once")
    start = "training.sequential_training"
    epochs = [whole.get(f"{start}.phase{i}_epochs") for i in (1, 2, 3)]
    if not all(isinstance(n, int) and n > 0 for n in epochs):
        return _refused("phase1_epochs, phase2_epochs and phase3_epochs have to say how many")
    second = "heads" if whole.get(f"{start}.freeze_encoder_phase2") else "all"
    phases = [f"all/types:{epochs[0]}", f"{second}/axes:{epochs[1]}", f"all:{epochs[2]}"]
    return Found(CHANGED, {"phases": phases}, "types, then axes, then everything; phases take the place of epochs")


def _of_phases(at: Any, whole: Mapping[str, Any]) -> Found:
    if whole.get("training.sequential_training.enabled") is True:
        return Found(TAKEN, note="see sequential_training.enabled")
    return Found(TAKEN, note="not enabled, so not used")


_RULES: dict[str, Rule] = {
    "data.target_type": _kind_of_target,
    "data.classification_type": _kind_of_target,
    "data.target_column": _column,
    "data.classification_target": _column,
    "data.val_split": _held_out,
    "data.train_split": _trained_on,
    "model.text_encoder.freeze_layers": _frozen_layers,
    "model.classifier.hidden_dims": _widths,
    "model.classifier.type": _classifier,
    "model.classifier.multi_label": _several,
    "model.regression_head.hidden_dims": _widths,
    "model.regression_head.hidden_layers": _widths,
    "model.regression_head.targets": _targets,
    "model.regression_head.predict_uncertainty": _evidence,
    "model.multitask.uncertainty_weighting.enabled": _on("weighting", "uncertainty"),
    "model.multitask.gradnorm.enabled": _on("weighting", "gradnorm"),
    "training.mixed_precision": _on("precision", "auto", off="fp32"),
    "training.early_stopping.enabled": _on("patience_epochs", _NONE, off=0),
    "training.sequential_training.enabled": _phases,
    "soft_targets.temporal_context": _on("context_smoothing", True, off=False),
    "soft_targets.temporal_context.enabled": _on("context_smoothing", True, off=False),
}
_BELOW: dict[str, Rule] = {
    "data.class_mapping": _classes,
    "data.regression_targets": _scores,
    "model.regression_head.outputs": _outputs,
    "model.regression_head.activations": _bends,
    "training.sequential_training": _of_phases,
}
SECTIONS_OF_THE_PIPELINE = (
    "data",
    "model",
    "training",
    "soft_targets",
    "validation",
    "transmigration",
    "evaluation",
    "logging",
    "reproducibility",
)
