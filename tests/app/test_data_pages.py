"""The way from nothing to a run: import, audit, train, promote, evaluate."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.workbench import get_workbench
from tests.support.app_pages import Open, table_with, words

CSV = b"concept,rainbow_color\nA bell that was cast in 1804.,Red\nA tower that will be forgotten.,Green\n,Blue\n"


def test_the_starter_corpus_takes_one_press(open_page: Open, empty_home: Path) -> None:
    app = open_page("pages/library/import.py")
    app.button(key="import.starter").click().run()
    assert not app.exception and not app.error
    assert "**starter** is in the library" in app.success[0].value
    assert get_workbench(Settings.from_env()).datasets.all()[0].name == "starter"


def test_an_upload_says_what_was_left_aside_and_why(open_page: Open, empty_home: Path) -> None:
    app = open_page("pages/library/import.py")
    app.segmented_control(key="import.way").set_value("Files").run()
    app.file_uploader(key="import.file.0").upload("my songs.csv", CSV)
    app.text_input(key="import.name.0").set_value("mine")
    app.form_submit_button[0].click().run()
    assert not app.exception and not app.error
    assert "**mine** is in the library: 2 texts" in app.success[0].value
    reasons = table_with(app, "why")
    assert len(reasons) == 1 and reasons["why"].iloc[0]
    with pytest.raises(KeyError):
        app.file_uploader(key="import.file.0")  # the file was let go


def test_the_text_column_is_named_after_a_look_at_the_file(open_page: Open, empty_home: Path) -> None:
    app = open_page("pages/library/import.py")
    app.segmented_control(key="import.way").set_value("Files").run()
    app.file_uploader(key="import.file.0").upload("survey.csv", b"id,review\n1,A bell that was cast in 1804.\n2,\n")
    app.button(key="import.preview.0").click().run()
    assert not app.exception and "0 of 1 texts can be read" in words(app)
    assert "name the text column" in str(table_with(app, "problem")["problem"].iloc[0])
    app.text_input(key="import.column.0").set_value("review")
    app.button(key="import.preview.0").click().run()
    assert table_with(app, "problem")["text"].iloc[0] == "A bell that was cast in 1804." and "1 of 2 texts" in words(app)
    assert not get_workbench(Settings.from_env()).datasets.all()  # it was a look
    app.form_submit_button[0].click().run()
    assert "in the library: 1 texts" in app.success[0].value or "in the library: 1 text" in app.success[0].value


def test_a_bad_name_and_no_file_are_explained(open_page: Open, empty_home: Path) -> None:
    app = open_page("pages/library/import.py")
    app.segmented_control(key="import.way").set_value("Files").run()
    app.form_submit_button[0].click().run()
    assert "No file was chosen" in app.error[0].value
    app.file_uploader(key="import.file.0").upload("a.csv", CSV)
    app.text_input(key="import.name.0").set_value("../evil")
    app.form_submit_button[0].click().run()
    assert len(app.error) == 1 and not app.exception
    assert get_workbench(Settings.from_env()).datasets.all() == []


def test_an_audit_says_what_the_data_can_teach(open_page: Open, home: Path) -> None:
    app = open_page("pages/library/audit.py")
    assert "**Fact:" in words(app)
    assert {m.label for m in app.metric} >= {"Rows", "Different texts"}
    assert len(app.get("plotly_chart")) == 1


@pytest.mark.slow
def test_a_new_run_is_shown_and_put_to_use(open_page: Open, home: Path) -> None:
    bench = get_workbench(Settings.from_env())
    before = bench.runs.production()
    assert before is not None
    made = bench.training.train("starter", config=TrainingConfig.of(ensemble_size=1, folds=2, max_steps=4)).run_id
    app = open_page("pages/train/runs.py")
    assert not app.exception and not app.error
    assert made != before.run_id and "Production model" in app.success[0].value
    app.selectbox(key="runs.run").set_value(made).run()
    app.button(key="runs.promote").click().run()
    assert bench.resources.runs.promoted_id() == before.run_id and escape(made) in words(app)
    app.button(key="runs.promote.yes").click().run()
    assert not app.exception and not app.error
    after = bench.runs.production()
    assert after is not None and after.run_id == made


def test_a_run_is_evaluated_on_a_data_set(open_page: Open, home: Path) -> None:
    app = open_page("pages/train/runs.py")
    app.session_state["runs.view"] = "Evaluate on a data set"
    app.run()
    button = next(b for b in app.form_submit_button if b.label == "Evaluate")
    button.click().run()
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == 3
    assert "The rules accept" in words(app)
