"""What options must agree on with each other: one small function a rule, beside the checks that each option carries itself.

Each function's docstring is its rule; it raises ConfigError where a config breaks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rebracket_core.errors import ConfigError
from rebracket_core.models.config import ALBUM, HAS_ANY_TYPE
from rebracket_core.models.losses import WEIGHTINGS
from rebracket_core.options import refuse_unless
from rebracket_core.training.config.finetuning import HEADS
from rebracket_core.training.config.sections import NO_LABELS

if TYPE_CHECKING:
    from rebracket_core.models import FitConfig, HeadsConfig, TasksConfig
    from rebracket_core.models.heads import Head
    from rebracket_core.training.config.finetuning import FinetuningConfig
    from rebracket_core.training.config.sections import DataConfig, EvaluationConfig, FeaturesConfig


class Sections(Protocol):
    """A config as the checks read it: its sections, and the kind of head that it names."""

    @property
    def data(self) -> DataConfig:
        """Which texts and labels are learnt from."""
        ...

    @property
    def features(self) -> FeaturesConfig:
        """What of a text the heads see."""
        ...

    @property
    def tasks(self) -> TasksConfig:
        """What is learnt, and the weight of each part."""
        ...

    @property
    def heads(self) -> HeadsConfig:
        """How heads on frozen vectors are fitted."""
        ...

    @property
    def finetuning(self) -> FinetuningConfig:
        """How the encoder is trained along, where it is."""
        ...

    @property
    def evaluation(self) -> EvaluationConfig:
        """How the run is split and measured."""
        ...

    @property
    def head(self) -> type[Head]:
        """The kind of head that `heads` names."""
        ...

    def fit_config(self, *, seed: int | None = None) -> FitConfig:
        """What a fit of the heads takes; `seed` in the place of the config's own."""
        ...


def a_weighting_has_something_to_balance(config: Sections) -> None:
    """A way to balance tasks needs parameters that are shared, and more than one part that is learnt."""
    name = config.tasks.weighting
    if name not in WEIGHTINGS:
        return
    chosen = WEIGHTINGS.get(name)
    if not (chosen.needs_backbone or chosen.by_pace):
        return
    plain = " or ".join(weighting.name for weighting in WEIGHTINGS if not (weighting.needs_backbone or weighting.by_pace))
    if not config.finetuning.tunes and chosen.by_pace:
        if not config.head.shares_weights:
            raise ConfigError(
                f"The weighting '{name}' can do nothing here.",
                expected=plain,
                found=f"{name!r}, which weighs tasks in what they share; linear heads on frozen vectors share nothing",
                hint="choose head=hidden, whose tasks share hidden layers, or let the encoder learn",
            )
    elif not config.finetuning.tunes:
        raise ConfigError(
            f"The weighting '{name}' can do nothing here.",
            expected=plain,
            found=f"{name!r}, which balances the gradients that tasks send into parameters they share; linear heads on frozen "
            "vectors share none",
            hint="leave weighting at 'fixed', or set the tasks' weights",
        )
    if len(config.tasks.parts) == 1:
        raise ConfigError(
            f"The weighting '{name}' can do nothing here.",
            expected=f"several tasks, or {plain}",
            found=f"{name!r}, which balances several tasks; '{config.tasks.tasks[0]}' is one",
            hint="train more tasks, or leave weighting at 'fixed'",
        )


def a_softmax_over_types_knows_no_none(config: Sections) -> None:
    """Whether a text has any type can only be trained where each type is predicted on its own."""
    refuse_unless(
        "tasks",
        HAS_ANY_TYPE not in config.tasks.tasks or not config.tasks.exclusive_types,
        expected=f"no '{HAS_ANY_TYPE}' where type_loss is 'single': a softmax over the types cannot say that there is none",
        found=config.tasks.tasks,
    )


def class_weights_name_classes(config: Sections) -> None:
    """Weights set by hand are those of known classes, and one of them at least counts in a task that is learnt."""
    from rebracket_core.models.losses import CLASSES

    by_hand = config.tasks.manual_class_weights
    learnt = {name for part in config.tasks.parts for name in CLASSES.get(part, ())}
    refuse_unless(
        "class_weights",
        not by_hand or bool(learnt & set(by_hand)),
        expected=f"a class of a task that is learnt: {', '.join(sorted(learnt))}",
        found=", ".join(by_hand),
    )
    refuse_unless(
        "class_weights",
        not by_hand or any(weight > 0 for weight in by_hand.values()),
        expected="a weight above 0 among them",
        found=config.tasks.class_weights,
    )


def a_contrastive_loss_needs_albums(config: Sections) -> None:
    """The contrastive loss draws the texts of an album together."""
    weight = config.tasks.contrastive_loss_weight
    refuse_unless(
        "contrastive_loss_weight",
        not weight or ALBUM in config.tasks.tasks,
        expected="0 where album is not among the tasks: it draws the texts of an album together",
        found=weight,
    )


def without_tfidf_the_embedding_counts(config: Sections) -> None:
    """Something has to be left for the heads to read."""
    features = config.features
    refuse_unless(
        "embedding_weight",
        features.tfidf or features.embedding_weight > 0,
        expected="above 0 where tfidf is off and no word counts are added",
        found=features.embedding_weight,
    )


def labels_are_known_by_name(config: Sections) -> None:
    """Labels are none, what people say now, those of a project, or snapshots."""
    labels = config.data.labels
    refuse_unless(
        "labels",
        labels in (NO_LABELS, "human") or all(name.startswith(("labels-", "project:")) for name in labels.split("+")),
        expected="none, human, project:ID, or the ids of snapshots",
        found=labels,
    )


def processes_share_a_batch_evenly(config: Sections) -> None:
    """Every process takes as many texts of a batch."""
    tuning = config.finetuning
    refuse_unless(
        "batch_size",
        tuning.batch_size % tuning.processes == 0,
        expected=f"a multiple of the {tuning.processes} processes that share it",
        found=tuning.batch_size,
    )


def phases_train_the_backbone(config: Sections) -> None:
    """Phases can be read, and where the encoder is to learn one of them lets it."""
    tuning = config.finetuning
    phases = tuning.plan(config.tasks.tasks)
    refuse_unless(
        "phases",
        not tuning.tunes or any(phase.trained != HEADS for phase in phases),
        expected="a phase in which the backbone learns, or method=frozen",
        found=tuning.phases,
    )


def an_encoder_reads_texts(config: Sections) -> None:
    """The rows of data sets hold text; an encoder of another modality says which item a text stands for.

    A name of no kind that is installed here is not refused: a run of another machine is read, and opening it says more.
    """
    from rebracket_core.encoders import ENCODERS, MODALITIES

    name = config.features.encoder
    kind = next((one for one in ENCODERS if not one.catch_all and one.matches(name)), None)
    if kind is not None:
        modality = MODALITIES.get(kind.modality)
        refuse_unless(
            "encoder",
            modality.reads_text,
            expected="an encoder of text, or of a modality whose items stand for texts (`from_text`)",
            found=f"{name}, which reads {modality.label}",
        )


def a_head_fits_its_training(config: Sections) -> None:
    """A head says itself what it needs of the rest."""
    head = config.head
    refuse_unless(
        "head",
        head.trains_with_backbone or not config.finetuning.tunes,
        expected="linear where the encoder learns too: the other kinds were built for heads on frozen vectors",
        found=config.heads.head,
    )
    head.check(config.fit_config())


CHECKS = (
    an_encoder_reads_texts,
    a_softmax_over_types_knows_no_none,
    class_weights_name_classes,
    a_contrastive_loss_needs_albums,
    without_tfidf_the_embedding_counts,
    labels_are_known_by_name,
    processes_share_a_batch_evenly,
    phases_train_the_backbone,
    a_head_fits_its_training,
)
