"""How an encoder is trained along: the options' own checks, and what their words come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import ConfigError
from rebracket_core.rainbow import AXIS_NAMES

if TYPE_CHECKING:
    from rebracket_core.training.config import TrainingConfig

FROZEN, FULL, LORA = "frozen", "full", "lora"
METHODS = (FROZEN, FULL, LORA)
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
# What models.weighting.TrunkWeighting knows, named here so that a config can be read without torch; a test holds them alike.
TRUNK_WEIGHTINGS = ("gradnorm", "pcgrad", "upgrad", "imtl_g", "aligned_mtl", "mgda", "dualproj")
HEADS, TRUNK, ALL = "heads", "trunk", "all"
_LEARNING_RATES = {FULL: 5e-5, LORA: 5e-4}
_QUESTIONS = {"axes": (*AXIS_NAMES, "confidence"), "album": ("album",), "types": ("types",), "marked": ("marked",)}


@dataclass(frozen=True, slots=True)
class Phase:
    """What learns for some epochs: "heads", "trunk" or "all", and which questions."""

    learns: str
    questions: tuple[str, ...]
    epochs: int


def phases_of(config: TrainingConfig) -> tuple[Phase, ...]:
    """The phases of a config in order; one phase of `epochs` in which all learns where it names none."""
    if not config.phases:
        return (Phase(ALL, learnt_questions(config), config.epochs),)
    return tuple(_phase(text, config) for text in config.phases)


def learnt_questions(config: TrainingConfig) -> tuple[str, ...]:
    """The questions of a config's outputs, such as "temporal" or "album"."""
    return tuple(question for output in config.outputs for question in _QUESTIONS[output])


def epochs_of(config: TrainingConfig) -> int:
    """The passes over the rows of all phases."""
    return sum(phase.epochs for phase in phases_of(config))


def learning_rate_of(config: TrainingConfig) -> float:
    """The encoder's learning rate: the config's own, or the method's where it is 0."""
    return config.learning_rate or _LEARNING_RATES[config.method]


def tunes(config: TrainingConfig) -> bool:
    """Whether the encoder learns."""
    return config.method != FROZEN


def check_tuning(config: TrainingConfig, *, check: Callable[..., None]) -> None:
    """Nothing; a ConfigError names the option that is out of range. `check` as `config._check`."""
    for name, choices in (("method", METHODS), ("precision", PRECISIONS)):
        check(name, getattr(config, name) in choices, expected=" or ".join(choices), found=getattr(config, name))
    for name, low, high in _WHOLE:
        value = getattr(config, name)
        check(name, isinstance(value, int) and low <= value <= high, expected=f"{low} to {high}", found=value)
    for name, low_f, high_f in _REAL:
        value = getattr(config, name)
        check(name, low_f <= value <= high_f, expected=f"{low_f} to {high_f}", found=value)
    check(
        "batch_size",
        config.batch_size % config.processes == 0,
        expected=f"a multiple of the {config.processes} processes that share it",
        found=config.batch_size,
    )
    check(
        "contrast",
        not config.contrast or "album" in config.outputs,
        expected="0 where album is no output: it draws the texts of an album together",
        found=config.contrast,
    )
    phases = phases_of(config)
    check(
        "phases",
        config.method == FROZEN or any(phase.learns != HEADS for phase in phases),
        expected="a phase in which the trunk learns, or method=frozen",
        found=config.phases,
    )


_WHOLE = (
    ("epochs", 1, 1000),
    ("batch_size", 1, 4096),
    ("tokens", 8, 512),
    ("stop_after", 0, 1000),
    ("keep_checkpoints", 1, 100),
    ("checkpoint_steps", 0, 1_000_000),
    ("lora_rank", 1, 1024),
    ("lora_alpha", 1, 10_000),
    ("processes", 1, 64),
)
_REAL = (
    ("learning_rate", 0.0, 1.0),
    ("head_learning_rate", 0.0, 1.0),
    ("warmup", 0.0, 0.9),
    ("weight_decay", 0.0, 1.0),
    ("held_share", 0.01, 0.5),
    ("lora_dropout", 0.0, 0.9),
    ("gradnorm_alpha", 0.0, 10.0),
    ("contrast", 0.0, 100.0),
)


def _phase(text: str, config: TrainingConfig) -> Phase:
    """The phase that "all:3" or "heads/album+types:1" says."""
    head, _, epochs = text.partition(":")
    learns, _, named = head.strip().partition("/")
    outputs = tuple(part.strip() for part in named.split("+")) if named else config.outputs
    good = learns in (HEADS, TRUNK, ALL) and set(outputs) <= set(config.outputs) and epochs.strip().isdecimal()
    if not good or not 1 <= int(epochs) <= 1000:
        raise ConfigError(
            "A phase cannot be read.",
            expected=f"heads, trunk or all, then /outputs of {', '.join(config.outputs)} where not all, then :epochs",
            found=repr(text),
            hint="such as phases=heads:1,all:3 or phases=heads/album:1,all:3",
        )
    return Phase(learns, tuple(q for output in outputs for q in _QUESTIONS[output]), int(epochs))


def tuning_of(config: TrainingConfig) -> dict[str, Any]:
    """The options that a tuning process needs, as plain values."""
    return {
        **{
            name: getattr(config, name)
            for name in (
                "method",
                "batch_size",
                "tokens",
                "warmup",
                "weight_decay",
                "head_learning_rate",
                "stop_after",
                "keep_checkpoints",
                "checkpoint_steps",
                "lora_rank",
                "lora_alpha",
                "lora_dropout",
                "precision",
                "processes",
                "weighting",
                "gradnorm_alpha",
                "contrast",
            )
        },
        "learning_rate": learning_rate_of(config),
        "phases": [[p.learns, list(p.questions), p.epochs] for p in phases_of(config)],
    }
