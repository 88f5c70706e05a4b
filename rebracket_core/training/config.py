"""One validated training config, the same from the command line, a file and the page."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from rebracket_core.errors import ConfigError, DataError
from rebracket_core.texts import brief
from rebracket_core.training.tuning_options import FROZEN, TRUNK_WEIGHTINGS, check_tuning, learnt_questions

_TEXT_FIELDS = ("concept", "descriptions", "lyrics")
SPLITS = ("grouped", "leaked")
OUTPUTS = ("axes", "album", "types", "marked")
VERDICT_OUTPUTS = ("axes", "album")
AXIS_LOSSES = ("kl", "mse", "huber", "smooth_l1")
TYPE_LOSSES = ("multi", "single")
CLASS_WEIGHTS = ("none", "balanced")
WEIGHTINGS = ("fixed", "uncertainty")
UNCERTAINTY = ("ensemble", "dropout", "evidential")
_WEIGHTS = ("axis_weight", "confidence_weight", "album_weight", "types_weight", "marked_weight")
# Ways to balance questions on a shared trunk. Heads on frozen vectors have none, so choosing one would change nothing.
_FOR_SHARED_TRUNKS = (
    "gradnorm",
    "pcgrad",
    "mgda",
    "cagrad",
    "gradvac",
    "graddrop",
    "imtl_g",
    "nash_mtl",
    "upgrad",
    "aligned_mtl",
    "dualproj",
)


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a run is trained. Every value is checked; unknown names are refused.

    `text`: fields that a row contributes; `encoder`: "minilm" or a transformers model; `words`: count words beside the
    vectors; `members`: heads in the ensemble; `folds`: groups are cross-fitted in so many parts; `split`: "grouped", or
    "leaked" (by row), which marks every figure; `strength`: inverse penalty, as C of a logistic regression;
    `accept_precision`: the share of accepted concepts that must be right where `accept` is chosen, a little above the
    0.9 that is promised, because a threshold chosen on some songs does slightly worse on others.

    What is learnt, and how:
    `outputs`: the questions that are trained: "axes" (with the chromatic confidence), "album", "types", and "marked",
    whether a text has any rebracketing type; a verdict needs axes and album, so a run without them is scored, never used.
    `axis_loss`: "kl" against the soft targets, or "mse", "huber", "smooth_l1" of the scores.
    `axis_delta`: Huber's delta and smooth L1's beta; at 1 no difference of two scores passes it, and both are half of mse.
    `class_weights`: "balanced" weighs an album by the inverse of its share of the rows, so that rare albums count as much.
    `label_smoothing`: the share of the album's target that is spread over all nine albums.
    `context_smoothing`: a row's axis targets take 0.3 from its neighbours in the same song (window 3), never from others.
    `type_loss`: "multi" asks for each type on its own; "single" is a softmax over the types, learnt from rows that have one.
    `weighting`: "fixed" weights, or "uncertainty" (Kendall et al. 2018), where each question is divided by its own loss;
    linear heads share nothing, so that only moves each question's strength against the penalty.
    `axis_weight`, `confidence_weight`, `album_weight`, `types_weight`, `marked_weight`: the fixed weights of the questions,
    which too move no more than each question's strength ("types" and "marked" alone share a head).

    Whose labels:
    `labels`: "none"; "human", what people say now, before albums and keywords; "project:ID", the same of one project; or
    snapshots of it by id, joined by "+". A run's own config always names the snapshots.
    Whether the encoder learns too (all further options count only where it does):
    `method`: "frozen" leaves the encoder as it is; "full" trains all its weights with the heads; "lora" trains small matrices
    beside its weights (Hu et al. 2021), which are added to them at the end. Each fold, and each source that is left out once,
    then trains an encoder of its own, so fewer `folds` save the most time.
    `epochs`: passes over the rows; `phases` takes its place where what learns changes on the way.
    `phases`: such as "heads:1, all:2": what learns (heads, trunk or all) for how many epochs; "all/album+types:2" trains these
    questions alone.
    `learning_rate`: of the encoder; 0 stands for 5e-5 with "full" and 5e-4 with "lora". `head_learning_rate`: of the heads.
    `batch_size`: texts a step, over all processes; `tokens`: how much of a text training reads (verdicts read all of it).
    `warmup`: the share of steps in which the learning rate rises; `weight_decay`: how strongly the encoder's weights shrink.
    `stop_after`: so many epochs without a lower loss on the held share end the training, and the best epoch is kept; 0 holds
    nothing back and keeps the last. `held_share`: the share of groups that is held back for it.
    `keep_checkpoints`: how many of the best epochs stay in the run folder; `checkpoint_steps`: checkpoints between the epochs'
    own, 0 for none.
    `lora_rank`, `lora_alpha`, `lora_dropout`: the size, scale and dropout of LoRA's matrices.
    `precision`: "auto" is bf16 where a CUDA device has it, else fp32; "fp32", "bf16" and "fp16" ask for one.
    `contrast`: the weight of a loss that draws the vectors of an album's texts together and holds those of two albums apart
    (SetFit's, on all pairs of a batch): what helps most where there are few texts an album.
    `processes`: so many processes share each batch (torchrun, one a GPU, or a part of the CPU's cores each).
    `gradnorm_alpha`: how strongly GradNorm pulls questions to one pace. With an encoder that learns, `weighting` may also be
    "gradnorm", "pcgrad", "upgrad", "imtl_g", "aligned_mtl", "mgda" or "dualproj", which balance the questions' gradients.
    How sure the model is:
    `uncertainty`: where it comes from: "ensemble", the members' disagreement; "dropout", that of `passes` answers, each of a
    member with the share `dropout` of its features left out; "evidential" (experimental), how much evidence a member has for
    any album, with `evidence_penalty` on evidence for the wrong ones. None of them sees a new kind of text: the members share
    one set of vectors. The split into aleatoric and epistemic is entropy and mutual information in all three.
    `coverage`: how often the sets of albums that go with a verdict shall hold the right one, on unseen groups.
    """

    schema_version: int = 1
    text: tuple[str, ...] = ("concept",)
    encoder: str = "minilm"
    words: bool = True
    max_words: int = 4096
    vector_weight: float = 0.6
    members: int = 5
    folds: int = 5
    split: str = "grouped"
    strength: float = 20.0
    max_steps: int = 60
    patience: int = 8
    smoothing: float = 0.1
    accept_precision: float = 0.93
    seed: int = 20260122
    outputs: tuple[str, ...] = ("axes", "album", "types")
    axis_loss: str = "kl"
    axis_delta: float = 0.2
    class_weights: str = "none"
    label_smoothing: float = 0.0
    context_smoothing: bool = False
    type_loss: str = "multi"
    weighting: str = "fixed"
    axis_weight: float = 1.0
    confidence_weight: float = 0.5
    album_weight: float = 1.0
    types_weight: float = 0.5
    marked_weight: float = 0.5
    # The encoder's own training; see training.tuning_options.
    method: str = FROZEN
    epochs: int = 4
    phases: tuple[str, ...] = ()
    learning_rate: float = 0.0
    head_learning_rate: float = 1e-3
    batch_size: int = 16
    tokens: int = 128
    warmup: float = 0.1
    weight_decay: float = 0.01
    stop_after: int = 2
    held_share: float = 0.125
    keep_checkpoints: int = 1
    checkpoint_steps: int = 0
    lora_rank: int = 8
    lora_alpha: int = 16
    lora_dropout: float = 0.0
    precision: str = "auto"
    processes: int = 1
    gradnorm_alpha: float = 1.5
    contrast: float = 0.0

    labels: str = "none"
    uncertainty: str = "ensemble"
    dropout: float = 0.2
    passes: int = 20
    evidence_penalty: float = 0.1
    coverage: float = 0.9

    def __post_init__(self) -> None:
        for name, choices in (("text", _TEXT_FIELDS), ("outputs", OUTPUTS)):
            some = getattr(self, name)
            _check(
                name,
                bool(some) and set(some) <= set(choices) and len(set(some)) == len(some),
                expected=f"one or several of {', '.join(choices)}",
                found=some,
            )
        self._check_losses()
        check_tuning(self, check=_check)
        self._check_uncertainty()
        _check("split", self.split in SPLITS, expected=" or ".join(SPLITS), found=self.split)
        names = self.labels.split("+")
        _check(
            "labels",
            self.labels in ("none", "human") or all(n.startswith(("labels-", "project:")) for n in names),
            expected="none, human, project:ID, or the ids of snapshots",
            found=self.labels,
        )
        _check("encoder", bool(self.encoder.strip()), expected="minilm, a folder or a model name", found=self.encoder)
        for name, low, high in (
            ("members", 1, 50),
            ("folds", 2, 20),
            ("max_steps", 1, 10_000),
            ("patience", 1, 10_000),
            ("max_words", 1, 100_000),
            ("seed", 0, 2**31 - 1),
            ("schema_version", 1, 1),
        ):
            value = getattr(self, name)
            _check(name, isinstance(value, int) and low <= value <= high, expected=f"{low} to {high}", found=value)
        for name, low_f, high_f in (
            ("vector_weight", 0.0, 100.0),
            ("strength", 1e-6, 1e9),
            ("smoothing", 0.0, 0.9),
            ("accept_precision", 0.5, 1.0),
            ("axis_delta", 1e-3, 1.0),
            ("label_smoothing", 0.0, 0.9),
            *((name, 1e-3, 1e3) for name in _WEIGHTS),
        ):
            value = getattr(self, name)
            _check(name, low_f <= value <= high_f, expected=f"{low_f} to {high_f}", found=value)
        _check(
            "vector_weight",
            self.words or self.vector_weight > 0,
            expected="above 0 where words are not counted",
            found=self.vector_weight,
        )

    def _check_losses(self) -> None:
        if self.method == FROZEN and self.weighting in _FOR_SHARED_TRUNKS:
            raise ConfigError(
                f"The weighting '{self.weighting}' can do nothing here.",
                expected=" or ".join(WEIGHTINGS),
                found=f"{self.weighting!r}, which balances the gradients that questions send into parameters they share; "
                "linear heads on frozen vectors share none",
                hint="leave weighting at 'fixed', or set the questions' weights",
            )
        if self.weighting in TRUNK_WEIGHTINGS and len(learnt_questions(self)) == 1:
            raise ConfigError(
                f"The weighting '{self.weighting}' can do nothing here.",
                expected="several outputs, or " + " or ".join(WEIGHTINGS),
                found=f"{self.weighting!r}, which balances several questions; '{self.outputs[0]}' is one",
                hint="train more outputs, or leave weighting at 'fixed'",
            )
        for name, choices in (
            ("axis_loss", AXIS_LOSSES),
            ("type_loss", TYPE_LOSSES),
            ("class_weights", CLASS_WEIGHTS),
            ("weighting", WEIGHTINGS if self.method == FROZEN else (*WEIGHTINGS, *TRUNK_WEIGHTINGS)),
        ):
            _check(name, getattr(self, name) in choices, expected=" or ".join(choices), found=getattr(self, name))
        _check(
            "outputs",
            "marked" not in self.outputs or self.type_loss == "multi",
            expected="no 'marked' where type_loss is 'single': a softmax over the types cannot say that there is none",
            found=self.outputs,
        )

    def _check_uncertainty(self) -> None:
        for name, low, high in (
            ("passes", 2, 200),
            ("dropout", 0.01, 0.9),
            ("evidence_penalty", 0.0, 100.0),
            ("coverage", 0.5, 0.99),
        ):
            value = getattr(self, name)
            _check(name, low <= value <= high, expected=f"{low} to {high}", found=value)
        _check("uncertainty", self.uncertainty in UNCERTAINTY, expected=" or ".join(UNCERTAINTY), found=self.uncertainty)
        _check(
            "uncertainty",
            self.uncertainty == "ensemble" or self.method == FROZEN,
            expected="ensemble where the encoder learns too: the other kinds were built for heads on frozen vectors",
            found=self.uncertainty,
        )
        dropped = self.uncertainty == "dropout"
        _check(
            "passes",
            not dropped or self.passes >= self.members,
            expected=f"at least one for each of {self.members} members",
            found=self.passes,
        )
        _check(
            "outputs",
            self.uncertainty != "evidential" or "album" in self.outputs,
            expected="album among them where uncertainty is 'evidential': it is evidence for albums",
            found=self.outputs,
        )

    @property
    def n_answers(self) -> int:
        """How many answers a text gets: one a member, or one a pass."""
        return self.passes if self.uncertainty == "dropout" else self.members

    @property
    def judges(self) -> bool:
        """Whether a run with this config can give verdicts: these need the axes and the album."""
        return set(VERDICT_OUTPUTS) <= set(self.outputs)

    def to_dict(self) -> dict[str, Any]:
        """The config as plain values; `from_dict` gives it back unchanged."""
        return {**asdict(self), "text": list(self.text), "outputs": list(self.outputs), "phases": list(self.phases)}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> TrainingConfig:
        """A config from plain values; a ConfigError names an unknown option or one of the wrong type."""
        known = {f.name: f for f in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in raw.items():
            if name not in known:
                raise ConfigError(
                    "There is no such training option.", expected=", ".join(known), found=brief(name), hint="check the spelling"
                )
            values[name] = _typed(name, value, kind=str(known[name].type))
        return cls(**values)

    @classmethod
    def from_file(cls, path: Path) -> TrainingConfig:
        """A config from a YAML or JSON file."""
        from rebracket_core.corpus.readers.yaml_text import load_yaml_file

        try:
            raw = load_yaml_file(path)
        except DataError as cause:
            raise ConfigError(
                "The config cannot be read.",
                expected="a YAML or JSON mapping",
                found=f"{cause.message} {cause.found}",
                hint="check the file",
                where=str(path),
            ) from cause
        if not isinstance(raw, dict):
            raise ConfigError(
                "The config is no mapping.",
                expected="option: value",
                found=type(raw).__name__,
                hint="write one option a line",
                where=str(path),
            )
        return cls.from_dict(raw)

    def with_(self, **changes: Any) -> TrainingConfig:
        """A copy with some options replaced, checked again."""
        return TrainingConfig.from_dict({**self.to_dict(), **changes})

    def to_json(self) -> str:
        """The config as canonical JSON."""
        return json.dumps(self.to_dict(), sort_keys=True)


def _check(name: str, good: bool, *, expected: str, found: object) -> None:
    if not good:
        raise ConfigError(
            f"The training option '{name}' is not allowed.", expected=expected, found=brief(found), hint=f"change {name}"
        )


def _typed(name: str, value: Any, *, kind: str) -> Any:
    if kind.startswith("tuple"):
        parts = [p.strip() for p in value.split(",") if p.strip()] if isinstance(value, str) else value
        _check(name, isinstance(parts, (list, tuple)), expected="a list of words", found=value)
        return tuple(str(p) for p in parts)
    try:
        if kind == "bool":
            if isinstance(value, str) and value.lower() in ("true", "false", "yes", "no"):
                return value.lower() in ("true", "yes")
            _check(name, isinstance(value, bool), expected="true or false", found=value)
            return value
        if kind == "int":
            _check(name, not isinstance(value, bool) and float(value) == int(value), expected="a whole number", found=value)
            return int(value)
        if kind == "float":
            return float(value)
    except (TypeError, ValueError, OverflowError):
        _check(name, False, expected="a number", found=value)
    return str(value)
