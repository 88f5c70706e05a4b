"""Choosing how a run is trained: every choice with a sentence that says what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from rebracket_core.corpus import DatasetMeta
from rebracket_core.corpus.audit import Level
from rebracket_core.encoders import VECTORS_PREFIX
from rebracket_core.jobs.launchers.executors import LOCAL, executors
from rebracket_core.options import Option
from rebracket_core.settings import Settings
from rebracket_core.training.config import LEAKED, READING_COLUMNS, TrainingConfig, all_options, read_config_text, section_title
from rebracket_core.ui import site
from rebracket_core.ui.concepts.sentences import count, units
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.library import audit
from rebracket_core.ui.option_form import ask_all
from rebracket_core.ui.train.run_progress import time_left
from rebracket_core.workbench import Workbench

CONFIG_FILE = "training.yaml"
_PREFIX, _WIDTH = "launch", 320
_UPLOAD, _READ = f"{_PREFIX}.upload", f"{_PREFIX}.read"
_OWN_CONTROLS = ("labels",)


def choose_dataset(datasets: Sequence[DatasetMeta], *, key: str = "launch.dataset") -> DatasetMeta:
    """Draw the choice of the data to learn from and return it."""
    names = {meta.name: meta for meta in datasets}
    name = st.selectbox("Data set", list(names), key=key, bind="query-params")
    meta = names.get(name or "", datasets[0])
    st.caption(
        f"It is trained on {count(meta.n_rows, 'texts')} in {escape(count(meta.n_groups, units(meta.origins)))}, and is "
        "measured on held-out ones."
    )
    return meta


def choose_config_for(workbench: Workbench, meta: DatasetMeta) -> TrainingConfig:
    """Draw the choices of a training on a data set; one with vectors of its own begins with these, and says what follows."""
    default = workbench.training.default_config(meta.name)
    if not default.features.encoder.startswith(VECTORS_PREFIX):
        return choose_config(default)
    config = choose_config(default, prefix=f"{_PREFIX}.{meta.name}")  # choices of its own: they name this data set
    if config.features.encoder.startswith(VECTORS_PREFIX):
        st.info(
            "It is trained on the vectors that came with the data. The model can then score only texts that bring such a "
            "vector; with the encoder minilm it scores any text.",
            icon=":material/scatter_plot:",
        )
    return config


def choose_labels(workbench: Workbench) -> str:
    """Draw the choice of people's labels to learn from, where there are any, and return it as the option `labels`."""
    found = workbench.retraining.choices()
    if len(found) == 1:
        return next(iter(found))
    chosen = st.selectbox(
        "People's labels", list(found), format_func=found.__getitem__, key="launch.labels", bind="query-params", width=480
    )
    st.caption(
        "What people say of a text stands in the place of its album and keywords; the model's card names exactly which labels."
    )
    return chosen or next(iter(found))


def choose_config(default: TrainingConfig, *, prefix: str = _PREFIX) -> TrainingConfig:
    """Draw all choices, which stand at `default`, and return the config that they make; they are good to train with.

    The form is made of the options themselves: the basic ones in sight, the others by section, those that count alone.
    Raises ConfigError where a choice is not allowed, such as no text at all.
    """
    default = choose_file(prefix) or default
    values, chosen = default.values(), dict[str, Any]()
    options = {name: option for name, option in all_options().items() if name not in _OWN_CONTROLS}
    first = {name: option for name, option in options.items() if option.basic and not option.needs}
    ask_all(first, values, prefix=prefix, chosen=chosen)
    if chosen["split"] == LEAKED:
        st.text_input("Type leaked to confirm", key="launch.confirm", width=_WIDTH)
    rest = {name: option for name, option in options.items() if name not in first}
    for section, title in _titles(rest).items():
        here = {name: option for name, option in rest.items() if option.section == section}
        if any(option.counts({**values, **chosen}) for option in here.values()):
            with st.expander(title, icon=":material/tune:", key=f"{_PREFIX}.section.{section}"):
                ask_all(here, values, prefix=prefix, chosen=chosen)
    return default.with_(**chosen)


def choose_file(prefix: str) -> TrainingConfig | None:
    """Draw the way to begin with a config file, with a line for each of its keys, and return its config; None without one.

    What stands in the form is replaced when another file comes. Raises ConfigError for a file that cannot be read.
    """
    with st.expander("Begin with a config file", icon=":material/upload_file:", key=f"{_PREFIX}.begin"):
        file = st.file_uploader("A YAML or JSON file, ours or the training pipeline's", key=_UPLOAD)
        if _is_another(file.file_id if file else ""):
            for name in all_options():
                st.session_state.pop(f"{prefix}.{name}", None)
        if file is None:
            return None
        reading = read_config_text(file.getvalue().decode("utf-8", errors="replace"), where=file.name)
        st.caption(reading.summary)
        rows = [dict(zip(READING_COLUMNS, key.cells, strict=True)) for key in reading.keys]
        st.dataframe(rows, hide_index=True, key=f"{_PREFIX}.reading")
        return reading.config


def _is_another(file_id: str) -> bool:
    """Whether the file is not the one that the form was made of before."""
    before, st.session_state[_READ] = st.session_state.get(_READ, ""), file_id
    return bool(before != file_id)


def _titles(options: Mapping[str, Option]) -> dict[str, str]:
    """What stands above the further options of each section."""
    return {option.section: section_title(option.section) for option in options.values()}


def config_yaml(config: TrainingConfig) -> str:
    """The config as the YAML file that `rebracket train --config` takes; `TrainingConfig.from_file` gives it back."""
    import yaml

    return "# rebracket train DATASET --config FILE\n" + yaml.safe_dump(config.to_dict(), sort_keys=False, allow_unicode=True)


def show_config(config: TrainingConfig, meta: DatasetMeta) -> None:
    """Draw the config as a file to export, and the command that trains with it."""
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
    if config.evaluation.split == LEAKED and str(st.session_state.get("launch.confirm", "")).strip().lower() != LEAKED:
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
    site.link("audit", "The whole audit")
