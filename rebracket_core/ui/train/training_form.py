"""Choosing how a run is trained: every choice with a sentence that says what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from rebracket_core.corpus.audit.report import Level
from rebracket_core.corpus.schema import DatasetMeta
from rebracket_core.jobs.launchers.executors import LOCAL, executors
from rebracket_core.settings import Settings
from rebracket_core.training.config import SPLITS, WEIGHTINGS, TrainingConfig
from rebracket_core.training.tuning_options import PRECISIONS, TRUNK_WEIGHTINGS
from rebracket_core.ui import site
from rebracket_core.ui.concepts import uncertainty as doubt
from rebracket_core.ui.concepts.sentences import count, units
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.library import audit
from rebracket_core.ui.train.run_progress import time_left
from rebracket_core.workbench import Workbench

CONFIG_FILE = "training.yaml"
_LEAKED = "leaked"
_TEXTS = {
    "concept": "the idea of the song",
    "descriptions": "what is said about its sections",
    "lyrics": "the words that are sung",
}
_SPLITS = {
    "grouped": "All texts of a song stay on one side: the figures say what new songs would get.",
    _LEAKED: "Texts of one song stand on both sides: the figures measure memory, not skill, and are marked wherever they show.",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of the config as the form asks for it; `low`, `high` and `step` are for numbers, `words` for a few words."""

    name: str
    label: str
    meaning: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    words: tuple[str, ...] = ()


MEMBERS = Choice(
    "members",
    "Members",
    "So many heads learn from different shares of the songs. Where they disagree the model is unsure; five is a good start, "
    "one is quickest and cannot say how sure it is.",
    low=1,
    high=50,
    step=1,
)
METHOD_NAMES = {
    "frozen": "The heads alone",
    "full": "The heads and the whole encoder",
    "lora": "The heads and small additions to the encoder (LoRA)",
}
METHODS = {
    "frozen": "The encoder stays as it is and only the heads learn: seconds, and the best start.",
    "full": "All of the encoder's weights learn too. It can fit the texts more closely, takes minutes to hours, and each fold "
    "trains an encoder of its own.",
    "lora": "Small matrices beside the encoder's weights learn, and are added to them at the end: less memory than full.",
}
TUNING = (
    Choice("epochs", "Epochs", "Passes over the texts; it ends earlier where nothing is gained.", low=1, high=1000, step=1),
    Choice(
        "learning_rate",
        "Learning rate",
        "How far one step moves the encoder; 0 takes what suits the method (0.00005 for full, 0.0005 for lora).",
        low=0.0,
        high=1.0,
        step=1e-5,
    ),
    Choice("batch_size", "Batch size", "Texts a step. Fewer take less memory, with noisier steps.", low=1, high=4096, step=1),
    Choice("tokens", "Tokens", "How much of a text training reads; verdicts read all of it.", low=8, high=512, step=8),
    Choice(
        "contrast",
        "Contrast",
        "Draws the vectors of an album's texts together and holds those of two albums apart, with this weight beside the "
        "questions (0 does not). With few texts an album 1 and more epochs help most.",
        low=0.0,
        high=100.0,
        step=0.5,
    ),
    Choice("lora_rank", "LoRA rank", "How much LoRA can learn; it counts with lora alone.", low=1, high=1024, step=1),
    Choice(
        "phases",
        "Phases",
        "Empty: all learns in every epoch. heads:1, all:3 trains the heads for one epoch, then all for three.",
    ),
    Choice(
        "stop_after",
        "Stop after",
        "So many epochs without a gain on the groups held back end the training, and the best epoch is kept. 0 holds nothing "
        "back and keeps the last epoch.",
        low=0,
        high=1000,
        step=1,
    ),
    Choice("held_share", "Held back", "The share of groups that is held back for it.", low=0.01, high=0.5, step=0.025),
    Choice(
        "weighting",
        "Weighting",
        "fixed takes the questions' weights as they are; uncertainty lets their losses weigh themselves; the others balance "
        "the questions' gradients on the encoder.",
        words=(*WEIGHTINGS, *TRUNK_WEIGHTINGS),
    ),
    Choice(
        "precision",
        "Precision",
        "auto is bf16 on a GPU that has it, else fp32. Halves (bf16, fp16) are quicker and take less memory, on a GPU alone.",
        words=PRECISIONS,
    ),
    Choice("processes", "Processes", "So many share each batch: one a GPU, or some cores each.", low=1, high=64, step=1),
)
FURTHER = (
    Choice("encoder", "Encoder", "What turns texts into numbers: minilm, or the name or folder of a transformers model."),
    Choice("words", "Count words", "Also look at which words a text has. It helps on most data, and costs little."),
    Choice(
        "folds",
        "Folds",
        "The songs are measured in so many parts, each by a model of the others. More is steadier and slower.",
        low=2,
        high=20,
        step=1,
    ),
    Choice(
        "strength",
        "Strength",
        "How closely the heads follow the training texts: lower is more cautious, too high learns them by heart.",
        low=1e-6,
        high=1e9,
        step=5.0,
    ),
    Choice(
        "accept_precision",
        "Accepted must be right",
        "The share of accepted concepts that must be right where the limit for acceptance is chosen.",
        low=0.5,
        high=1.0,
        step=0.01,
    ),
    Choice(
        "coverage",
        "Sets of albums hold the right one",
        "With each verdict goes a set of albums; this is how often it shall hold the right one on unseen songs. Higher makes "
        "larger sets.",
        low=0.5,
        high=0.99,
        step=0.01,
    ),
    Choice("seed", "Seed", "The same seed, data and config give the same numbers.", low=0, high=2**31 - 1, step=1),
)
# What MC dropout alone asks for.
DROPOUT = (
    Choice(
        "dropout",
        "Share left out",
        "So much of what a head reads is left out, at random, in training and in each answer.",
        low=0.01,
        high=0.9,
        step=0.05,
    ),
    Choice(
        "passes",
        "Answers a text",
        "A text is asked so often, each time with other features left out; more is steadier and the model larger.",
        low=2,
        high=200,
        step=5,
    ),
)


def choose_dataset(datasets: Sequence[DatasetMeta], *, key: str = "launch.dataset") -> DatasetMeta:
    """Draw the choice of the data to learn from and return it."""
    names = {meta.name: meta for meta in datasets}
    name = st.selectbox("Data set", list(names), key=key)
    meta = names.get(name or "", datasets[0])
    st.caption(
        f"It learns from {count(meta.n_rows, 'texts')} in {escape(count(meta.n_groups, units(meta.origins)))}, and is "
        "measured on the ones that it did not learn from."
    )
    return meta


def choose_labels(workbench: Workbench) -> str:
    """Draw the choice of people's labels to learn from, where there are any, and return it as the option `labels`."""
    found = workbench.retraining.choices()
    if len(found) == 1:
        return next(iter(found))
    chosen = st.selectbox("People's labels", list(found), format_func=found.__getitem__, key="launch.labels", width=480)
    st.caption("What people say of a text stands in the place of its album and keywords; the run names exactly which labels.")
    return chosen or next(iter(found))


def choose_config(settings: Settings) -> TrainingConfig:
    """Draw all choices and return the config that they make; as they stand they are good to train with.

    Raises ConfigError where a choice is not allowed, such as no text at all.
    """
    default = TrainingConfig(encoder=settings.encoder, seed=settings.seed)
    text = st.pills("Text", list(_TEXTS), selection_mode="multi", default=list(default.text), key="launch.text")
    st.caption("What a row contributes: " + "; ".join(f"{name}, {what}" for name, what in _TEXTS.items()) + ". One or several.")
    members = _ask(MEMBERS, default)
    split = st.radio("Split", SPLITS, captions=[_SPLITS.get(name, "") for name in SPLITS], key="launch.split")
    if split == _LEAKED:
        st.text_input("Type leaked to confirm", key="launch.confirm", width=320)
    method = st.radio(
        "What learns",
        list(METHODS),
        format_func=lambda name: METHOD_NAMES[name],
        captions=list(METHODS.values()),
        key="launch.method",
    )
    tuning: dict[str, Any] = {}
    if method != "frozen":
        with st.expander("How the encoder learns", icon=":material/school:", key="launch.tuning"):
            tuning = {choice.name: _ask(choice, default) for choice in TUNING}
    with st.expander("Further options", icon=":material/tune:", key="launch.further"):
        further = {choice.name: _ask(choice, default) for choice in FURTHER}
        further |= _choose_uncertainty(default)
    return default.with_(text=text, members=members, split=split, method=method, **tuning, **further)


def _choose_uncertainty(default: TrainingConfig) -> dict[str, Any]:
    """Draw where uncertainty comes from, and what that kind asks for; what was chosen by option."""
    kind = doubt.choose_kind(default.uncertainty)
    asked = DROPOUT if kind == "dropout" else ()
    return {"uncertainty": kind, **{choice.name: _ask(choice, default) for choice in asked}}


def _ask(choice: Choice, default: TrainingConfig) -> Any:
    """Draw one option with its meaning, as its default value says: a switch, a number or a word."""
    value, key = getattr(default, choice.name), f"launch.{choice.name}"
    chosen: Any
    if choice.words:
        chosen = st.selectbox(choice.label, choice.words, index=choice.words.index(value), key=key, width=320)
    elif isinstance(value, bool):
        chosen = st.toggle(choice.label, value=value, key=key)
    elif isinstance(value, int | float):
        kind = type(value)
        low, high, step = (kind(n) if n is not None else None for n in (choice.low, choice.high, choice.step))
        fine = _format(step) if isinstance(step, float) else None
        chosen = st.number_input(
            choice.label, value=value, min_value=low, max_value=high, step=step, format=fine, key=key, width=320
        )
    else:
        shown = ", ".join(value) if isinstance(value, tuple) else value
        chosen = st.text_input(choice.label, value=shown, key=key, width=320)
    st.caption(choice.meaning)
    return chosen


def _format(step: float) -> str | None:
    """How a number of such steps is written, where two digits after the point would hide some; None where they do."""
    return "%.6f" if step < 1e-3 else "%.3f" if round(step, 2) != step else None


def config_yaml(config: TrainingConfig) -> str:
    """The config as the YAML file that `rebracket train --config` takes; `TrainingConfig.from_file` gives it back."""
    import yaml

    return "# rebracket train DATASET --config FILE\n" + yaml.safe_dump(config.to_dict(), sort_keys=False, allow_unicode=True)


def show_config(config: TrainingConfig, meta: DatasetMeta) -> None:
    """Draw the config as a file to take away, and the command that trains with it."""
    with st.expander("This config as a file", icon=":material/description:", key="launch.file"):
        st.download_button(
            "Download the config",
            config_yaml(config).encode(),
            file_name=CONFIG_FILE,
            mime="application/yaml",
            key="launch.config",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption("The command line trains the same with it:")
        st.code(f"rebracket train {meta.name} --config {CONFIG_FILE}", language=None, wrap_lines=True)


def show_estimate(workbench: Workbench, meta: DatasetMeta, *, config: TrainingConfig) -> None:
    """Draw the button that asks how long it takes and, once pressed, the answer of a probe on this machine."""
    if not st.button("How long will it take?", icon=":material/timer:", key="launch.estimate"):
        return
    with st.spinner("Trying a part of the texts and a few steps"):
        found = workbench.training.estimate(meta.name, config=config)
    st.info(
        f"At most {time_left(found.seconds)} and {found.memory_bytes / 1e9:.1f} GB of memory, once it is its turn. Most "
        "trainings stop early and take less.",
        icon=":material/timer:",
    )


def choose_executor(settings: Settings) -> str:
    """Draw the choice of where to train, where the settings offer more than this machine, and return it."""
    found = executors(settings)
    if len(found) == 1:
        return LOCAL
    return st.radio("Where", list(found), format_func=lambda name: found[name], key="launch.place") or LOCAL


def press(workbench: Workbench, meta: DatasetMeta, *, config: TrainingConfig) -> str | None:
    """Draw the button; once pressed, start a worker and return the run's id. A leaked split needs its name first."""
    executor = choose_executor(workbench.settings)
    if not st.button("Launch", type="primary", icon=":material/rocket_launch:", key="launch.go"):
        return None
    if config.split == _LEAKED and str(st.session_state.get("launch.confirm", "")).strip().lower() != _LEAKED:
        st.error(
            "Nothing was started: a leaked split has to be confirmed. Type leaked into the box below the split, or choose "
            "grouped.",
            icon=":material/block:",
        )
        return None
    with st.spinner("Starting its worker"):
        return workbench.training.launch(meta.name, config=config, executor=executor)


def show_warnings(workbench: Workbench, meta: DatasetMeta) -> None:
    """Draw what the audit warns of in a data set; it reads every text, so the first time it waits to be asked."""
    st.subheader("What the audit warns of", anchor=False)
    report = audit.remembered(meta)
    if report is None:
        st.caption(f"What can {escape(meta.name)} teach, and what would it fake? The audit reads every text once.")
        if not st.button("Audit the data", icon=":material/fact_check:", key="launch.audit"):
            return
        report = audit.report_of(workbench, meta)
    audit.show_findings(report, levels=(Level.PROBLEM, Level.WARNING))
    if all(Level(finding.level) is Level.INFO for finding in report.findings):
        st.success("Nothing to warn of.", icon=":material/check_circle:")
    site.link(site.AUDIT, "The whole audit")
