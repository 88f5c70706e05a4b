"""How an encoder is trained along: the section of the config, and what its words come to."""

from __future__ import annotations

from dataclasses import dataclass

from rebracket_core.errors import ConfigError
from rebracket_core.models import PARTS
from rebracket_core.options import Choice, option

FROZEN, FULL, LORA = "frozen", "full", "lora"
HEADS, BACKBONE, ALL = "heads", "backbone", "all"
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
_LEARNING_RATES = {FULL: 5e-5, LORA: 5e-4}
_TRAINS_ENCODER = {"method": (FULL, LORA)}
_METHODS = (
    Choice(FROZEN, "The heads alone", "The encoder stays as it is and only the heads learn: seconds, and the best start."),
    Choice(
        FULL,
        "The heads and the whole encoder",
        "All of the encoder's weights learn too. It can fit the texts more "
        "closely, takes minutes to hours, and each fold trains an encoder of its own.",
    ),
    Choice(
        LORA,
        "The heads and small additions to the encoder (LoRA)",
        "Small matrices beside the encoder's weights learn (Hu "
        "et al. 2021), and are added to them at the end: less memory than full.",
    ),
)
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Phase:
    """What is trained for some epochs: "heads", "backbone" or "all", and which parts of the tasks.

    `rate` multiplies all learning rates in these epochs.
    """

    trained: str
    parts: tuple[str, ...]
    epochs: int
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class FinetuningConfig:
    """Whether the encoder is fine-tuned too, and how; all but `method` counts only where it does."""

    method: str = option(
        FROZEN,
        choices=_METHODS,
        label="Fine-tuning mode",
        basic=True,
        help="Which weights of the encoder are trained. Each fold, and each source that is left out once, then trains an "
        "encoder of its own, so fewer folds save the most time.",
    )
    epochs: int = option(
        4,
        low=1,
        high=_LONGEST,
        step=1,
        label="Epochs",
        needs=_TRAINS_ENCODER,
        basic=True,
        help="Passes over the rows; it ends earlier where nothing is gained. Phases take its place.",
    )
    phases: tuple[str, ...] = option(
        (),
        label="Phases",
        needs=_TRAINS_ENCODER,
        help="What is trained for how many epochs, such as heads:1, all:3 (heads, backbone or all); all/album+types:2 trains "
        "these tasks alone, and all:3@0.1 takes a tenth of all learning rates. Empty: everything is trained in every epoch.",
    )
    learning_rate: float = option(
        0.0,
        low=0.0,
        high=1.0,
        step=1e-5,
        label="Learning rate",
        needs=_TRAINS_ENCODER,
        basic=True,
        help="How far one step moves the encoder; 0 takes what suits the mode (0.00005 for full, 0.0005 for lora).",
    )
    head_learning_rate: float = option(
        1e-3,
        low=0.0,
        high=1.0,
        step=1e-4,
        label="Learning rate of the heads",
        needs=_TRAINS_ENCODER,
        help="How far one step moves the heads.",
    )
    batch_size: int = option(
        16,
        low=1,
        high=4096,
        step=1,
        label="Batch size",
        needs=_TRAINS_ENCODER,
        basic=True,
        help="Texts a step, over all processes. Fewer take less memory, with noisier steps.",
    )
    max_tokens: int = option(
        128,
        low=8,
        high=512,
        step=8,
        label="Most tokens",
        needs=_TRAINS_ENCODER,
        help="How much of a text training reads; verdicts read all of it.",
    )
    warmup: float = option(
        0.1,
        low=0.0,
        high=0.9,
        step=0.05,
        label="Warm-up",
        needs=_TRAINS_ENCODER,
        help="The share of steps in which the learning rate rises.",
    )
    weight_decay: float = option(
        0.01,
        low=0.0,
        high=1.0,
        step=0.01,
        label="Weight decay",
        needs=_TRAINS_ENCODER,
        help="How strongly the encoder's weights shrink.",
    )
    patience_epochs: int = option(
        2,
        low=0,
        high=_LONGEST,
        step=1,
        label="Patience (epochs)",
        needs=_TRAINS_ENCODER,
        basic=True,
        help="So many epochs without a lower loss on the validation songs end the training, and the best epoch is kept. 0 "
        "holds nothing back and keeps the last epoch.",
    )
    validation_fraction: float = option(
        0.125,
        low=0.01,
        high=0.5,
        step=0.025,
        label="Validation fraction",
        needs=_TRAINS_ENCODER,
        help="The share of songs that is held back to stop early.",
    )
    keep_checkpoints: int = option(
        1,
        low=1,
        high=100,
        step=1,
        label="Checkpoints kept",
        needs=_TRAINS_ENCODER,
        help="How many of the best epochs stay in the run folder.",
    )
    checkpoint_steps: int = option(
        0,
        low=0,
        high=1_000_000,
        step=10,
        label="Steps between checkpoints",
        needs=_TRAINS_ENCODER,
        help="Checkpoints between the epochs' own; 0 for none.",
    )
    lora_rank: int = option(
        8, low=1, high=1024, step=1, label="LoRA rank", needs={"method": (LORA,)}, help="How much LoRA can learn."
    )
    lora_alpha: int = option(
        16, low=1, high=10_000, step=1, label="LoRA alpha", needs={"method": (LORA,)}, help="The scale of LoRA's matrices."
    )
    lora_dropout: float = option(
        0.0,
        low=0.0,
        high=0.9,
        step=0.05,
        label="LoRA dropout",
        needs={"method": (LORA,)},
        help="The share of LoRA's inputs that is left out at random in training.",
    )
    precision: str = option(
        "auto",
        choices=PRECISIONS,
        label="Precision",
        needs=_TRAINS_ENCODER,
        help="auto is bf16 on a GPU that has it, else fp32. Halves (bf16, fp16) are quicker and take less "
        "memory, on a GPU alone.",
    )
    processes: int = option(
        1,
        low=1,
        high=64,
        step=1,
        label="Processes",
        needs=_TRAINS_ENCODER,
        help="So many share each batch (torchrun): one a GPU, or a part of the CPU's cores each.",
    )

    @property
    def tunes(self) -> bool:
        """Whether the encoder learns."""
        return self.method != FROZEN

    @property
    def rate(self) -> float:
        """The encoder's learning rate: the config's own, or the mode's where that is 0."""
        return self.learning_rate or _LEARNING_RATES[self.method]

    def plan(self, tasks: tuple[str, ...]) -> tuple[Phase, ...]:
        """The phases for these tasks in order; one phase of `epochs` in which all learns where none is named."""
        if not self.phases:
            return (Phase(ALL, _parts(tasks), self.epochs),)
        return tuple(_phase(text, tasks) for text in self.phases)

    def total_epochs(self, tasks: tuple[str, ...]) -> int:
        """The passes over the rows of all phases."""
        return sum(phase.epochs for phase in self.plan(tasks))


def _parts(tasks: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for task in tasks for part in PARTS[task])


def _phase(text: str, tasks: tuple[str, ...]) -> Phase:
    """The phase that "all:3", "heads/album+types:1" or "all:3@0.1" says."""
    head, _, rest = text.partition(":")
    epochs, at, factor = rest.partition("@")
    trained, _, named = head.strip().partition("/")
    own = tuple(part.strip() for part in named.split("+")) if named else tasks
    good = trained in (HEADS, BACKBONE, ALL) and set(own) <= set(tasks) and epochs.strip().isdecimal()
    rate = _factor(factor) if at else 1.0
    if not good or not 1 <= int(epochs) <= _LONGEST or rate is None:
        raise ConfigError(
            "A phase cannot be read.",
            expected=f"heads, backbone or all, then /tasks of {', '.join(tasks)} where not all, then :epochs, then @factor "
            "of the learning rates where not 1",
            found=repr(text),
            hint="such as phases=heads:1,all:3 or phases=heads/album:1,all:3",
        )
    return Phase(trained, _parts(own), int(epochs), rate)


def _factor(text: str) -> float | None:
    """The factor of a phase's rates; None where it is no number above 0 and at most 1000."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 < found <= _LONGEST else None
