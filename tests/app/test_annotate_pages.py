"""Labelling without the keys, and settling what people differ on: the pages over the real session."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rebracket_core.annotation import DecisionKind, LabelSession, NewItem, NewProject, ProjectSettings, Role, Submission
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.formats.files import export_labels
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol, get_person
from rebracket_core.annotation.projects import create_project, get_project
from rebracket_core.annotation.queries import get_item, get_progress, list_items, list_labels
from rebracket_core.rainbow import AXIS_NAMES, MODES
from rebracket_core.settings import Settings
from rebracket_core.workbench import get_workbench
from tests.support.app_pages import Open, words
from tests.support.labels import hard_label

LABEL, ADJUDICATE = "pages/annotate/label.py", "pages/annotate/adjudicate.py"


@pytest.fixture
def session(empty_home: Path) -> LabelSession:
    """A project of four concepts that two people each label, Ann an admin and Bo an annotator."""
    session = get_workbench(Settings.from_env()).labels.session
    enrol(session, "Ann")
    enrol(session, "Bo")
    items = [NewItem(f"i{n}", f"A bell *cast* in 180{n}.") for n in range(4)]
    settings = ProjectSettings(overlap=2, blind_share=0.0, random_share=0.0)
    create_project(session, NewProject("Trial", items, settings=settings, guideline="Say what it says."), by="ann")
    return session


def _as(open_page: Open, page: str, person: str, **state: str) -> AppTest:
    app = open_page("pages/home/overview.py")
    app.session_state["annotate.person"] = person
    for key, value in state.items():
        app.session_state[key.replace("__", ".")] = value
    return app.switch_page(page).run()


def _give(session: LabelSession, by: str, item_id: str, *modes: str) -> None:
    item = get_item(session, "trial", item_id=item_id)
    value = hard_label(*modes)
    given = Submission(str(uuid.uuid4()), item_id, 1, item.text_digest, value, "2026-01-01T00:00:00Z")
    assert submit_labels(session, "trial", submissions=[given], by=by)[0].status == "saved"


def _press(app: AppTest, label: str) -> AppTest:
    return next(button for button in [*app.button, *app.form_submit_button] if button.label == label).click().run()


def test_the_first_visit_asks_for_a_name_and_makes_an_admin(open_page: Open, home: Path) -> None:
    app = open_page(LABEL)
    assert "Who are you?" in words(app)
    app.text_input(key="annotate.name").set_value("Cleo")
    app = _press(app, "Begin")
    assert not app.exception and not app.error
    session = get_workbench(Settings.from_env()).labels.session
    assert get_person(session, "cleo").role is Role.ADMIN
    app.text_input(key="label.new.name").set_value("First round")
    app = _press(app, "Make the project")
    assert not app.exception and not app.error
    project = get_project(session, "first-round")
    assert project.n_items > 10 and project.dataset == "starter"


def test_the_plain_form_writes_through_the_same_service(open_page: Open, session: LabelSession) -> None:
    app = _as(open_page, LABEL, "bo", label__mode="Plain form")
    shown = app.text[0].value
    app = _press(app, "Save")
    assert "temporal has no answer" in app.error[0].value.replace("\\", "")
    for axis, answer in zip(AXIS_NAMES, ("mostly past, slightly present", "cannot tell", "all three equally"), strict=True):
        next(box for box in app.selectbox if box.label == axis.capitalize()).set_value(answer)
    next(box for box in app.checkbox if box.label == "memory").check()
    app.text_area[0].set_value("a *note*")
    app = _press(app, "Save")
    assert not app.exception and not app.error and "Saved" in app.success[0].value
    (label,) = list_labels(session, "trial")
    assert get_item(session, "trial", item_id=label.item_id).text == shown != app.text[0].value
    assert [label.value.axes[axis].per_mille for axis in AXIS_NAMES] == [(750, 250, 0), (0, 0, 0), (334, 333, 333)]
    assert label.value.types == {"memory"} and label.value.note == "a *note*" and label.annotator == "bo"
    app = _press(app, "Undo my last")
    assert list_labels(session, "trial") == [] and "Taken back" in app.success[0].value
    app = _press(app, "Skip")
    assert get_progress(session, "trial").n_skipped == 1
    assert check_consistency(session) == []


def test_labels_go_out_as_a_file_and_come_in_again(open_page: Open, session: LabelSession) -> None:
    for item in list_items(session, "trial"):
        _give(session, "bo", item.item_id, "past", "thing", "known")
    data = export_labels(session, "trial", format_name="csv").data
    app = _as(open_page, LABEL, "ann", label__mode="Plain form")
    app.selectbox(key="label.files.form").set_value("doccano")
    app = _press(app, "Export")
    assert not app.exception and not app.error and "It holds 4 of 4 labels" in words(app)
    file = data.replace(list_labels(session, "trial")[0].label_id.encode(), str(uuid.uuid4()).encode())
    app.file_uploader(key="label.files.in").set_value(("labels.csv", file, "text/csv")).run()
    app = _press(app, "Import its labels")
    assert not app.exception and not app.error
    assert "0 labels imported, 1 revised, 3 were there already" in app.success[0].value
    assert check_consistency(session) == []


def test_an_empty_queue_says_why(open_page: Open, session: LabelSession) -> None:
    for item in list_items(session, "trial"):
        _give(session, "bo", item.item_id, "past", "thing", "known")
    app = _as(open_page, LABEL, "bo", label__mode="Plain form")
    assert not app.exception and len(app.info) == 1 and "4" in app.info[0].value


def test_an_annotator_does_not_adjudicate_on_the_page_nor_past_it(open_page: Open, session: LabelSession) -> None:
    app = _as(open_page, ADJUDICATE, "bo")
    assert "you are an annotator" in words(app) and not app.form_submit_button


def test_votes_are_shown_without_names_and_settled_and_taken_back(open_page: Open, session: LabelSession) -> None:
    for item in list_items(session, "trial"):
        _give(session, "ann", item.item_id, "past", "thing", "known")
    _give(session, "bo", "i1", "future", "person", "imagined")
    _give(session, "bo", "i0", "past", "thing", "known")
    app = _as(open_page, ADJUDICATE, "ann")
    assert not app.exception and not app.error
    assert app.selectbox(key="adjudicate.item").value == "i1"
    assert len(app.get("plotly_chart")) == 3
    table = next(frame.value for frame in app.dataframe if "who" in frame.value)
    assert set(table["who"]) == {"A", "B"} and "bo" not in table.to_csv().casefold().split(",")
    app = _press(app, "One label")
    assert "no answer for temporal" in app.error[0].value.replace("\\", "")
    for axis in AXIS_NAMES:
        next(box for box in app.selectbox if box.label == axis.capitalize()).set_value(MODES[axis][0])
    app = _press(app, "One label")
    assert not app.exception and not app.error
    assert get_item(session, "trial", item_id="i1").decision is DecisionKind.GOLD
    assert len(list_labels(session, "trial", item_id="i1")) == 2
    app = _press(app, "Undo")
    assert get_item(session, "trial", item_id="i1").decision is None
    app.radio(key="adjudicate.way").set_value("Ask for another label").run()
    app = _press(app, "Ask for another label")
    assert "There is no note" in app.error[0].value.replace("\\", "")
    app.text_area[0].set_value("Look at the year.")
    app = _press(app, "Ask for another label")
    assert not app.exception and not app.error
    assert get_item(session, "trial", item_id="i1").round == 2
    assert check_consistency(session) == []


def test_with_a_provider_people_sign_in_and_a_name_in_the_address_counts_for_nothing(
    open_page: Open, session: LabelSession
) -> None:
    app = open_page("pages/home/overview.py")
    app.secrets["auth"] = {"client_id": "x"}
    app.user = {"is_logged_in": False}
    app.query_params["person"] = "ann"
    app = app.switch_page(LABEL).run()
    assert not app.exception and not app.error
    assert [button.label for button in app.button] == ["Sign in"] and "signed in" in words(app)
    app.user = {"is_logged_in": True, "email": "Dana@Example.org", "name": "Dana"}
    app.session_state["label.mode"] = "Plain form"
    app.run()
    assert not app.exception and not app.error
    assert get_person(session, "dana@example.org").role is Role.ANNOTATOR
    assert any(button.label == "Sign out" for button in app.button)
