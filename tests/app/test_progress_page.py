"""The page of progress: figures of a labelled project, and why there are none of a new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebracket_core.annotation import LabelSession, NewItem, NewProject, Submission
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import create_project
from rebracket_core.annotation.queries import list_items
from rebracket_core.annotation.snapshots import list_snapshots
from rebracket_core.jobs import LocalLauncher
from rebracket_core.settings import Settings
from rebracket_core.workbench import get_workbench
from tests.support.app_pages import Open, elements, table_with, words
from tests.support.labels import label_at

PAGE = "pages/annotate/progress.py"


@pytest.fixture
def session(empty_home: Path) -> LabelSession:
    empty_home.mkdir(parents=True)
    made = LabelSession.open(f"sqlite:///{empty_home / 'workbench.db'}")
    for name in ("Ann", "Bo_x"):
        enrol(made, name)
    create_project(made, NewProject("One", [NewItem(f"i{k}", f"Text {k}") for k in range(24)]), by="ann")
    return made


def test_a_project_without_labels_says_so(open_page: Open, session: LabelSession) -> None:
    app = open_page(PAGE)
    assert not app.exception and not app.error
    assert "Nobody has labelled anything here yet" in words(app)


def test_agreement_people_and_what_is_missing(open_page: Open, session: LabelSession) -> None:
    for who in ("ann", "bo_x"):
        sent = []
        for k, item in enumerate(list_items(session, "one")):
            at = (k + (who == "ann" and k % 3 == 0)) % 3
            value = label_at(at)
            sent.append(Submission(f"{who}{k}", item.item_id, 1, item.text_digest, value, "2026-03-01T10:00:00Z", active_s=3.0))
        submit_labels(session, "one", submissions=sent, by=who)
    app = open_page(PAGE)
    assert not app.exception and not app.error
    told = words(app)
    assert "48 of 48 labels were given alone" in told
    assert "types: no figure; there are no labels" in told
    assert "Nobody has seen a suggestion" in told
    assert len(app.get("plotly_chart")) == 2
    assert list(table_with(app, "person")["person"]) == ["ann", "bo_x"]
    assert table_with(app, "coefficient")["texts"].iloc[0] == 24
    assert not app.exception


def test_without_a_project_the_way_leads_to_one(open_page: Open, home: Path) -> None:
    app = open_page(PAGE)
    assert not app.exception and "One is made from texts that are here" in words(app)
    assert [link.label for link in elements(app, "page_link")] == ["Make a project"]


def test_one_press_retrains_and_leads_to_where_it_is_watched(
    open_page: Open, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = get_workbench(Settings.from_env())
    session = bench.labels.session
    enrol(session, "Ann")
    project = bench.labels.create_project("Trial", "starter", by="ann").project_id
    item = list_items(session, project)[0]
    value = label_at(0)
    submit_labels(session, project, submissions=[Submission("one", item.item_id, 1, item.text_digest, value, "")], by="ann")
    monkeypatch.setattr(LocalLauncher, "launch", lambda _self, _folder: None)
    app = open_page(PAGE)
    app.button(key="progress.retrain").click().run()
    assert not app.exception and not app.error and "no worker has begun" in words(app)
    made = bench.training.states()[0]
    assert made.config["labels"] == list_snapshots(session)[0].snapshot_id and made.dataset == "starter"
