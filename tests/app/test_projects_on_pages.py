"""Projects that were closed or archived, and what else changes around whoever labels, on the pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rebracket_core.annotation import (
    NewItem,
    NewProject,
    ProjectSettings,
    Role,
    create_project,
    enrol,
    get_project,
    list_labels,
    set_closed,
    set_guideline,
    set_role,
)
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.settings import Settings
from rebracket_core.workbench import Workbench, get_workbench
from tests.support.app_pages import Open, words

LABEL, ADJUDICATE, PROGRESS = (f"pages/annotate/{name}.py" for name in ("label", "adjudicate", "progress"))


@pytest.fixture
def bench(empty_home: Path) -> Workbench:
    """Two projects, the newer one "Second"; Ann is an admin and Bo an annotator."""
    bench = get_workbench(Settings.from_env())
    for name in ("Ann", "Bo"):
        enrol(bench.labels.session, name)
    for name in ("First", "Second"):
        items = [NewItem(f"i{n}", f"{name}: a bell cast in 180{n}.") for n in range(4)]
        settings = ProjectSettings(blind_share=0.0, random_share=0.0)
        create_project(bench.labels.session, NewProject(name, items, settings=settings), by="ann")
    return bench


def _as(open_page: Open, page: str, person: str, **query: str) -> AppTest:
    app = open_page("pages/home/overview.py")
    app.session_state["annotate.person"] = person
    for name, value in query.items():
        app.query_params[name.replace("__", ".")] = value
    return app.switch_page(page).run()


def _said(app: AppTest) -> str:
    return words(app).replace("\\", "")


def _press(app: AppTest, label: str) -> AppTest:
    return next(button for button in [*app.button, *app.form_submit_button] if button.label == label).click().run()


def _answer(app: AppTest) -> AppTest:
    for axis in AXIS_NAMES:
        next(box for box in app.selectbox if box.label == axis.capitalize()).set_value("cannot tell")
    return _press(app, "Save")


def test_the_address_names_the_project_also_the_newest_and_by_id_or_name(open_page: Open, bench: Workbench) -> None:
    app = _as(open_page, LABEL, "ann")
    assert app.query_params["label.project"] == "second"
    for named in ("first", "First"):
        app = _as(open_page, LABEL, "ann", label__project=named)
        assert app.selectbox(key="label.project").value == "first"
    app = _as(open_page, LABEL, "ann", label__project="gone")
    assert app.selectbox(key="label.project").value == "second" and "There is no project gone here" in app.toast[0].value


@pytest.mark.parametrize("page", [LABEL, PROGRESS, ADJUDICATE])
def test_an_archived_project_is_in_no_list_and_read_by_its_address(open_page: Open, bench: Workbench, page: str) -> None:
    bench.lifecycle.archive("project", "second")
    key = f"{Path(page).stem}.project"
    app = _as(open_page, page, "ann")
    assert app.selectbox(key=key).options == ["First"]
    app = _as(open_page, page, "ann", **{key: "second"})
    assert not app.exception and app.selectbox(key=key).value == "second"


def test_an_archived_project_takes_no_label_until_it_is_restored(open_page: Open, bench: Workbench) -> None:
    app = _as(open_page, LABEL, "ann", label__project="second", label__mode="Plain form")
    bench.lifecycle.archive("project", "second")
    app = _answer(app)
    assert not app.exception and "The project is archived and takes nothing new" in _said(app)
    assert list_labels(bench.labels.session, "second") == []
    assert app.selectbox(key="label.archived").options == ["second"]
    app.button(key="label.restore").click().run()
    assert bench.lifecycle.projects()[0].project_id == "second"
    app = _answer(app)
    assert "Saved" in _said(app) and len(list_labels(bench.labels.session, "second")) == 1


def test_an_admin_closes_a_project_in_a_dialog_and_opens_it_again(open_page: Open, bench: Workbench) -> None:
    app = _as(open_page, LABEL, "ann")
    app.checkbox(key="label.settings.second.closed").check()
    next(b for b in app.form_submit_button if b.proto.form_id == "label.settings.second").click().run()
    assert "Labels that come later are refused" in _said(app)
    app.button(key="label.settings.second.close.yes").click().run()
    assert get_project(bench.labels.session, "second").closed
    assert app.selectbox(key="label.project").value == "second" and app.selectbox(key="label.closed").options == ["Second"]
    assert _as(open_page, LABEL, "ann").selectbox(key="label.project").options == ["First"]
    app.button(key="label.reopen").click().run()
    assert not app.exception and not get_project(bench.labels.session, "second").closed
    assert app.selectbox(key="label.project").value == "second"


def test_the_plain_form_says_that_a_project_was_closed_meanwhile(open_page: Open, bench: Workbench) -> None:
    app = _as(open_page, LABEL, "bo", label__mode="Plain form")
    set_closed(bench.labels.session, "second", closed=True, by="ann")
    app = _answer(app)
    assert not app.exception and "The project is closed and takes no labels" in app.error[0].value.replace("\\", "")
    assert list_labels(bench.labels.session, "second") == []
    for person, hint in (("bo", "Every project is closed or archived"), ("ann", "Every project is closed or archived")):
        set_closed(bench.labels.session, "first", closed=True, by="ann")
        app = _as(open_page, LABEL, person)
        assert not app.exception and hint in _said(app)
    assert app.selectbox(key="label.closed").options == ["Second", "First"]


def test_a_new_guideline_is_announced_and_a_label_names_the_one_that_was_shown(open_page: Open, bench: Workbench) -> None:
    app = _as(open_page, LABEL, "bo", label__mode="Plain form")
    first = app.text[0].value
    set_guideline(bench.labels.session, "second", text="Read it twice.", by="ann")
    app = _answer(app)
    (label,) = list_labels(bench.labels.session, "second")
    assert "Saved" in _said(app) and app.text[0].value != first
    assert label.guideline_version == 1
    _answer(app)
    assert sorted(label.guideline_version for label in list_labels(bench.labels.session, "second")) == [1, 2]


def test_whoever_is_removed_is_told_so_on_the_page(open_page: Open, bench: Workbench) -> None:
    app = _as(open_page, LABEL, "bo", label__mode="Plain form")
    set_role(bench.labels.session, "bo", role=Role.ANNOTATOR, by="ann", active=False)
    app = _answer(app)
    assert not app.exception and "may not label at present" in _said(app)
    assert list_labels(bench.labels.session, "second") == []


def test_labelling_goes_on_when_the_data_set_is_gone(open_page: Open, bench: Workbench) -> None:
    assert bench.datasets.all() == []
    app = _answer(_as(open_page, LABEL, "bo", label__mode="Plain form"))
    assert not app.exception and "Saved" in _said(app)
