"""The sections of a config that models read: which tasks are learnt with which losses, and how heads are fitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rebracket_core.models.heads.registry import HEADS
from rebracket_core.models.losses.functions import AxisLoss, TypeLoss
from rebracket_core.models.losses.weighting import DWA, FIXED, UNCERTAINTY, offered
from rebracket_core.options import Choice, Choices, Range, option, refuse_unless
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES

_TRAINS_ENCODER = {"method": ("full", "lora")}
_HAS_HIDDEN_LAYERS = {"head": ("hidden",)}
AXES, ALBUM, TYPES, HAS_ANY_TYPE = "axes", "album", "types", "has_any_type"
VERDICT_TASKS = (AXES, ALBUM)
# What each task of a config comes to: the parts that have a loss of their own.
PARTS = {AXES: (*AXIS_NAMES, "confidence"), ALBUM: (ALBUM,), TYPES: (TYPES,), HAS_ANY_TYPE: (HAS_ANY_TYPE,)}
_TASKS = (
    Choice(AXES, "Axes", "shares for the modes of three axes, with the chromatic confidence"),
    Choice(ALBUM, "Album", "a probability for each of nine albums"),
    Choice(TYPES, "Types", "a probability for each rebracketing type"),
    Choice(HAS_ANY_TYPE, "Has any type", "a probability of having any rebracketing type"),
)
_AXIS_LOSSES = (
    Choice(AxisLoss.KL, "KL divergence", "against the soft targets"),
    Choice(AxisLoss.MSE, "Mean squared error", "of the scores"),
    Choice(AxisLoss.HUBER, "Huber", "of the scores"),
    Choice(AxisLoss.SMOOTH_L1, "Smooth L1", "of the scores"),
    Choice(AxisLoss.JSD, "Jensen-Shannon divergence", "against the soft targets: bounded by ln 2, so no row counts for much"),
)
_TYPE_LOSSES = (
    Choice(TypeLoss.MULTI, "Several", "each type is predicted on its own: a text may have none or several"),
    Choice(TypeLoss.SINGLE, "Exactly one", "a softmax over the types, trained on rows that have one"),
)
_MOST_CLASS_WEIGHT = 1e4
_NO_CLASS_WEIGHTS, _BALANCED = "none", "balanced"
_CLASS_WEIGHTS = (
    Choice(_NO_CLASS_WEIGHTS, "None", "every class counts the same"),
    Choice(_BALANCED, "Balanced", "a class weighs the inverse of its share of the rows, so that rare ones count as much"),
)
_TYPE_DECISIONS = (
    Choice("chosen", "Chosen thresholds", "every type beyond its threshold, which gave the best F1 on other held-out songs"),
    Choice("half", "One half", "every type whose probability is 0.5 or more"),
    Choice("argmax", "The likeliest", "the one with the highest probability"),
)


def read_class_weights(text: str) -> dict[str, float]:
    """Weights by class from "causal=3, Red=2", a YAML or JSON list of eight (types) or nine (albums), or a mapping.

    Raises ConfigError that says which class or number is wrong.
    """
    parts = [part.strip() for part in text.strip().strip("[](){}").split(",") if part.strip()]
    if not any("=" in part or ":" in part for part in parts):
        order = {len(TYPE_NAMES): TYPE_NAMES, len(ALBUM_NAMES): ALBUM_NAMES}.get(len(parts), ())
        pairs = list(zip(order, parts, strict=False))
        wanted = (
            f"{_NO_CLASS_WEIGHTS}, {_BALANCED}, {len(TYPE_NAMES)} numbers for the types or {len(ALBUM_NAMES)} for the albums"
        )
        refuse_unless("class_weights", bool(pairs), expected=f"{wanted}, or class=weight", found=text)
    else:
        pairs = [
            (name.strip().strip("'\""), value) for name, _, value in (part.replace(":", "=").partition("=") for part in parts)
        ]
    known = {name.casefold(): name for name in (*ALBUM_NAMES, *(m for modes in MODES.values() for m in modes), *TYPE_NAMES)}
    known |= {name: name for name in ("any_type", "no_type")}
    found: dict[str, float] = {}
    for name, value in pairs:
        refuse_unless("class_weights", name.casefold() in known, expected=f"a class: {', '.join(known.values())}", found=name)
        found[known[name.casefold()]] = _class_weight(name, value)
    return found


def _class_weight(name: str, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    good = 0.0 <= weight <= _MOST_CLASS_WEIGHT
    refuse_unless("class_weights", good, expected=f"{name}=a number from 0 to {_MOST_CLASS_WEIGHT:g}", found=text)
    return weight


def _weight(default: float, *, label: str, help: str, searchable: bool | Range = True) -> Any:
    return option(default, low=1e-3, high=1e3, step=0.1, label=label, help=help, searchable=searchable)


@dataclass(frozen=True, slots=True)
class TasksConfig:
    """What is learnt, with which targets and losses, and how the tasks are weighed against each other."""

    tasks: tuple[str, ...] = option(
        (AXES, ALBUM, TYPES),
        choices=_TASKS,
        label="Tasks",
        searchable=False,
        help="What is learnt. A verdict needs axes and album, so a run without them is scored and never used.",
    )
    axis_loss: str = option(
        AxisLoss.KL.value,
        choices=_AXIS_LOSSES,
        label="Axis loss",
        searchable=Choices(("kl", "mse", "huber", "jsd")),
        help="How far an axis' three scores are from their target.",
    )
    axis_delta: float = option(
        0.2,
        low=1e-3,
        high=1.0,
        step=0.05,
        label="Axis delta",
        needs={"axis_loss": ("huber", "smooth_l1")},
        help="Huber's delta and smooth L1's beta; at 1 no difference of two scores passes it, and both are half of mse.",
    )
    type_loss: str = option(
        TypeLoss.MULTI.value,
        choices=_TYPE_LOSSES,
        label="Types of a text",
        help="Whether a text may have several rebracketing types, or has exactly one.",
    )
    type_decision: str = option(
        "chosen",
        choices=_TYPE_DECISIONS,
        label="Predicted types",
        searchable=False,
        needs={"type_loss": ("multi",)},
        help="Which types are predicted of a text that may have several; of exactly one it is always the likeliest.",
    )
    class_weights: str = option(
        _NO_CLASS_WEIGHTS,
        known=_CLASS_WEIGHTS,
        label="Class weights",
        searchable=Choices((_NO_CLASS_WEIGHTS, _BALANCED)),
        help="Whether rare classes of every task (albums, modes, types, any type) count as much as common ones: none; "
        "balanced; eight numbers for the types or nine for the albums in their order, or classes by name, as causal=3, Red=2, "
        "no_type=0.5.",
    )
    label_smoothing: float = option(
        0.0,
        low=0.0,
        high=0.9,
        step=0.05,
        label="Label smoothing",
        searchable=Range(0.0, 0.2),
        help="The share of the album's target that is spread over all nine albums.",
    )
    smoothing: float = option(
        0.1,
        low=0.0,
        high=0.9,
        step=0.05,
        label="Axis target smoothing",
        searchable=Range(0.0, 0.3),
        help="The share of an axis' target that is spread over its three modes.",
    )
    context_smoothing: bool = option(
        False,
        label="Context smoothing",
        help="A row's axis targets take 0.3 from its neighbours in the same song (window 3), never from other songs.",
    )
    weighting: str = option(
        FIXED,
        choices=offered,
        label="Task weighting",
        searchable=Choices((FIXED, UNCERTAINTY)),
        help="fixed takes the tasks' weights as they are; uncertainty lets their losses weigh themselves; dwa weighs "
        "slow tasks more; the others balance the tasks' gradients on an encoder that learns. Linear heads on frozen vectors "
        "share nothing, so there a weight only moves a task's strength against the penalty.",
    )
    gradnorm_alpha: float = option(
        1.5,
        low=0.0,
        high=10.0,
        step=0.5,
        label="GradNorm alpha",
        needs={"weighting": ("gradnorm",)},
        help="How strongly GradNorm pulls the tasks to one pace.",
    )
    dwa_temperature: float = option(
        2.0,
        low=0.05,
        high=100.0,
        step=0.5,
        label="DWA temperature",
        needs={"weighting": (DWA,)},
        help="How evenly DWA weighs the tasks: high is near to equal weights. It acts from the third epoch on, because it "
        "compares the losses of the two before.",
    )
    axis_weight: float = _weight(
        1.0, label="Axis weight", help="The fixed weight of each axis.", searchable=Range(0.3, 3.0, log=True)
    )
    temporal_weight: float = _weight(1.0, label="Temporal weight", help="The temporal axis' own weight, times axis_weight.")
    spatial_weight: float = _weight(1.0, label="Spatial weight", help="The spatial axis' own weight, times axis_weight.")
    ontological_weight: float = _weight(
        1.0, label="Ontological weight", help="The ontological axis' own weight, times axis_weight."
    )
    confidence_weight: float = _weight(0.5, label="Confidence weight", help="The fixed weight of the chromatic confidence.")
    album_weight: float = _weight(
        1.0, label="Album weight", help="The fixed weight of the album.", searchable=Range(0.3, 3.0, log=True)
    )
    types_weight: float = _weight(0.5, label="Types weight", help="The fixed weight of the types.")
    has_any_type_weight: float = _weight(
        0.5, label="Has-any-type weight", help="The fixed weight of whether a text has any type."
    )
    task_dropout: float = option(
        0.0,
        low=0.0,
        high=0.9,
        step=0.05,
        label="Task dropout",
        needs=_TRAINS_ENCODER,
        or_needs=_HAS_HIDDEN_LAYERS,
        help="The chance that a task's loss is left out of a step, so that none leans on the others; those that stay count the "
        "more. Linear heads on frozen vectors share no weights, so there it would do nothing.",
    )
    contrastive_loss_weight: float = option(
        0.0,
        low=0.0,
        high=100.0,
        step=0.5,
        label="Contrastive loss weight",
        needs=_TRAINS_ENCODER,
        basic=True,
        help="The weight of a loss that draws the vectors of an album's texts together and holds those of two albums apart "
        "(SetFit's, on all pairs of a batch); 0 leaves it out. With few texts an album, 1 and more epochs help most.",
    )

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the tasks that are learnt, such as "temporal" or "album", in the order of the tasks."""
        return tuple(part for task in self.tasks for part in PARTS[task])

    @property
    def balanced(self) -> bool:
        """Whether classes are weighed by the inverse of how often they occur."""
        return self.class_weights == _BALANCED

    @property
    def weighs_classes(self) -> bool:
        """Whether classes of a task count differently."""
        return self.class_weights != _NO_CLASS_WEIGHTS

    @property
    def manual_class_weights(self) -> dict[str, float]:
        """The weights that were set by hand, by class; empty where there are none.

        Raises ConfigError for a number of weights that fits no task, an unknown class, or a weight that is none.
        """
        named = self.class_weights in (_NO_CLASS_WEIGHTS, _BALANCED)
        return {} if named else read_class_weights(self.class_weights)

    @property
    def by_uncertainty(self) -> bool:
        """Whether the losses weigh themselves."""
        return self.weighting == UNCERTAINTY

    @property
    def by_pace(self) -> bool:
        """Whether the tasks are weighed by how fast their losses fall (DWA)."""
        return self.weighting == DWA

    @property
    def exclusive_types(self) -> bool:
        """Whether a text has exactly one rebracketing type."""
        return self.type_loss == TypeLoss.SINGLE

    def weight_of(self, part: str) -> float:
        """The fixed weight of a part, such as "temporal" or "album"; 0 where its task is not learnt."""
        task = AXES if part in PARTS[AXES] else part
        if task not in self.tasks:
            return 0.0
        own = float(getattr(self, f"{part}_weight"))
        return own * self.axis_weight if part in AXIS_NAMES else own


@dataclass(frozen=True, slots=True)
class HeadsConfig:
    """Which kind of head is fitted on the features, how many of it, and for how long."""

    head: str = option(
        "linear",
        choices=lambda: HEADS,
        label="Uncertainty",
        help="The kind of head, and with it where uncertainty comes from. None of them sees a new kind of text: the "
        "classifiers share one set of vectors. The split into aleatoric and epistemic is entropy and mutual information in "
        "all kinds.",
    )
    ensemble_size: int = option(
        5,
        low=1,
        high=50,
        step=1,
        label="Ensemble size",
        basic=True,
        searchable=Range(1, 7, step=2),
        help="So many classifiers learn from different shares of the songs. Where they disagree the model is unsure; five is a "
        "good start, one is quickest and cannot say how sure it is.",
    )
    inverse_l2: float = option(
        20.0,
        low=1e-6,
        high=1e9,
        step=5.0,
        label="Regularisation (inverse L2)",
        searchable=Range(1.0, 100.0, log=True),
        help="The inverse of the penalty, as C of a logistic regression: lower is more cautious, too high learns the training "
        "texts by heart.",
    )
    max_steps: int = option(
        60, low=1, high=10_000, step=10, label="Most steps", help="A fit of the heads ends after so many steps at the latest."
    )
    patience_steps: int = option(
        8,
        low=1,
        high=10_000,
        step=1,
        label="Patience (steps)",
        help="So many steps without a gain on the songs left out end a fit of the heads, and the best step is kept.",
    )


_SCHEDULES = (
    Choice("linear", "Linear", "it falls evenly to 0"),
    Choice("cosine", "Cosine", "it falls slowly, then fast, then slowly to 0 (half a wave)"),
    Choice("constant", "Constant", "it stays as it is after the warm-up"),
)


def _in_batches(default: Any, **described: Any) -> Any:
    """An option that counts where weights are trained batch by batch: an encoder that learns, or hidden layers."""
    return option(default, needs=_TRAINS_ENCODER, or_needs=_HAS_HIDDEN_LAYERS, **described)


@dataclass(frozen=True, slots=True)
class OptimiserConfig:
    """How steps are taken where weights learn batch by batch; linear heads on frozen vectors take all rows at every step."""

    schedule: str = _in_batches(
        "linear", choices=_SCHEDULES, label="Schedule of the learning rate", help="How the learning rate falls."
    )
    max_grad_norm: float = _in_batches(
        1.0,
        low=0.0,
        high=1e6,
        step=0.5,
        label="Gradient clipping",
        help="The length to which the gradient of a step is cut where it is longer; 0 cuts nothing.",
    )
    task_grad_norm: float = _in_batches(
        0.0,
        low=0.0,
        high=1e6,
        step=0.1,
        label="Gradient clipping by task",
        help="The length to which each task's gradient is cut where it enters the weights that tasks share, so that none "
        "drowns the others; a task's own weights are not touched. 0 cuts nothing.",
    )
    accumulation_steps: int = option(
        1,
        low=1,
        high=1024,
        step=1,
        label="Batches a step (accumulation)",
        needs=_TRAINS_ENCODER,
        help="So many batches are added up before a step is taken: as a batch that many times as large, with the memory of "
        "one. The contrastive loss sees the pairs of one batch alone. Heads on frozen vectors need no memory to speak of: "
        "there it would do nothing.",
    )
    axes_learning_rate: float = _in_batches(
        0.0,
        low=0.0,
        high=1.0,
        step=1e-4,
        label="Learning rate of the axes",
        help="How far one step moves what answers the axes and the chromatic confidence; 0 takes the heads' rate.",
    )
    classes_learning_rate: float = _in_batches(
        0.0,
        low=0.0,
        high=1.0,
        step=1e-4,
        label="Learning rate of the classes",
        help="How far one step moves what answers album and types; 0 takes the heads' rate.",
    )


@dataclass(frozen=True, slots=True)
class FitConfig:
    """Everything that a fit of heads reads, each section whole: `options` are those of the kind of head itself."""

    tasks: TasksConfig = field(default_factory=TasksConfig)
    heads: HeadsConfig = field(default_factory=HeadsConfig)
    options: Any = None
    seed: int = 0
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
