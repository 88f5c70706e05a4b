"""The page of progress: figures of a labelled project, and why there are none of a new one."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_pages import Open, table_with, words

from rebracket_core.annotation import AnnotationService, AxisLabel, LabelValue, NewItem, Submission
from rebracket_core.rainbow import AXIS_NAMES, MODES

PAGE = "pages/annotate/progress.py"


@pytest.fixture
def service(empty_home: Path) -> AnnotationService:
    empty_home.mkdir(parents=True)
    made = AnnotationService(f"sqlite:///{empty_home / 'workbench.db'}")
    for name in ("Ann", "Bo_x"):
        made.enrol(name)
    made.create_project("One", [NewItem(f"i{k}", f"Text {k}") for k in range(24)], by="ann")
    return made


def test_a_project_without_labels_says_so(open_page: Open, service: AnnotationService) -> None:
    app = open_page(PAGE)
    assert not app.exception and not app.error
    assert "Nobody has labelled anything here yet" in words(app)


def test_agreement_people_and_what_is_missing(open_page: Open, service: AnnotationService) -> None:
    for who in ("ann", "bo_x"):
        sent = []
        for k, item in enumerate(service.items("one")):
            at = (k + (who == "ann" and k % 3 == 0)) % 3
            value = LabelValue(**{axis: AxisLabel.hard(axis, MODES[axis][at]) for axis in AXIS_NAMES})
            sent.append(Submission(f"{who}{k}", item.item_id, 1, item.text_digest, value, "2026-03-01T10:00:00Z", active_s=3.0))
        service.submit("one", sent, by=who)
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
