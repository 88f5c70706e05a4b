"""The form is made of the options: a kind of head from outside is on it, with its own options, once it is registered."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from rebracket_core.models.heads import HEADS
from rebracket_core.training.config import all_options
from tests.support.prototype_head import PrototypeHead


def _page() -> None:
    import streamlit as st

    from rebracket_core.settings import Settings
    from rebracket_core.training.config import TrainingConfig
    from rebracket_core.ui.train.training_form import choose_config

    settings = Settings.from_env()
    default = TrainingConfig.of(encoder=settings.encoder, seed=settings.seed)
    st.session_state["made"] = choose_config(default).to_dict()


def test_a_new_kind_is_on_the_form_with_its_options(empty_home: Path) -> None:
    with HEADS.registered(PrototypeHead):
        app = AppTest.from_function(_page, default_timeout=120).run()
        assert not app.exception and app.session_state["made"]["head"] == "linear"
        app.radio(key="launch.head").set_value("prototype").run()
        app.number_input(key="launch.sharpness").set_value(4.5).run()
        assert not app.exception
        made = app.session_state["made"]
    assert (made["head"], made["sharpness"]) == ("prototype", 4.5)


def test_every_option_that_counts_is_on_the_form(empty_home: Path) -> None:
    app = AppTest.from_function(_page, default_timeout=120).run()
    app.radio(key="launch.method").set_value("lora").run()
    assert not app.exception
    values = app.session_state["made"]
    drawn = {
        e.key.removeprefix("launch.")
        for kind in ("radio", "selectbox", "toggle", "number_input", "text_input")
        for e in app.get(kind)
        if e.key
    } | {e.key.removeprefix("launch.") for e in app.get("button_group") if e.key}
    wanted = {name for name, option in all_options().items() if name != "labels" and option.counts(values)}
    assert wanted <= drawn, wanted - drawn
    assert not {name for name, option in all_options().items() if not option.counts(values)} & drawn


PIPELINE_FILE = b"""
training: {gradient_accumulation_steps: 2, epochs: 7, learning_rate: 2e-5, device: cuda}
model:
  text_encoder: {freeze_layers: 0}
  classifier: {hidden_dims: [64], class_weights: balanced}
"""


def test_a_file_of_the_pipeline_fills_the_form_and_says_what_it_came_to(empty_home: Path) -> None:
    app = AppTest.from_function(_page, default_timeout=120).run()
    app.number_input(key="launch.ensemble_size").set_value(2).run()
    app.file_uploader(key="launch.upload").upload("theirs.yml", PIPELINE_FILE).run()
    assert not app.exception
    made = app.session_state["made"]
    wanted = {"accumulation_steps": 2, "epochs": 7, "method": "full", "head": "hidden", "class_weights": "balanced"}
    assert {name: made[name] for name in wanted} == wanted and made["ensemble_size"] == 5
    table = app.dataframe[0].value
    assert dict(zip(table["key"], table["outcome"], strict=True))["training.device"] == "refused"
    assert len(table) == 7
    app.number_input(key="launch.epochs").set_value(3).run()
    assert app.session_state["made"]["epochs"] == 3
