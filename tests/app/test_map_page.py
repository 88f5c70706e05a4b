"""The Map page: what an address asks for is shown, found and compared; the canvas itself is driven in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import list_projects
from rebracket_core.annotation.queue.leases import claim_items
from rebracket_core.services.maps.maps import Maps
from rebracket_core.settings import Settings
from rebracket_core.workbench import get_workbench
from tests.support.app_pages import Open, table_with, words

PAGE = "pages/review/map.py"


@pytest.fixture
def maps(home: Path) -> Maps:
    return get_workbench(Settings.from_env()).maps


def test_the_first_map_is_drawn_and_its_figures_stand_below(open_page: Open, maps: Maps) -> None:
    app = open_page(PAGE)
    assert not app.exception and not app.error
    (info,) = maps.infos("starter")
    said = words(app).replace("\\", "")
    assert (
        "neighbourhood preservation (k = 15)" in said
        and "by chance" in said
        and "trustworthiness" in said
        and f"version {info.map_id}" in said
    )
    assert "Nothing is chosen" in said
    assert app.query_params["map"] == info.map_id and app.query_params["dataset"] == "starter"


def test_search_gives_a_table_and_the_runs_answers_say_where_they_are_from(open_page: Open, maps: Maps) -> None:
    app = open_page(PAGE)
    text = maps.open(maps.infos()[0].map_id).values("text", [4])[0]
    app.text_input(key="map.find").set_value(text).run()
    found = table_with(app, "neighbours preserved")
    assert found["text"].iloc[0][:40] == text[:40] and len(found) == 1
    app.selectbox(key="map.colour").set_value("run.right").run()
    assert not app.exception and not app.error
    assert "predictions are held-out" in words(app)
    assert set(table_with(app, "standing")["standing"]) == {"held-out"}


def test_an_address_restores_a_selection_and_names_one_that_is_gone(open_page: Open, maps: Maps) -> None:
    app = open_page(PAGE)
    ids = maps.open(maps.infos()[0].map_id).values("row_id", [2, 7])
    app.query_params["selection"] = maps.selections.keep("starter", ids).selection_id
    app.run()
    assert sorted(table_with(app, "neighbours preserved")["id"]) == sorted(ids)
    app.query_params["selection"] = "0123456789ab"
    app.run()
    assert not app.exception and "no such selection" in words(app)


def test_a_selection_is_sent_to_be_labelled_and_the_way_there_is_shown(open_page: Open, maps: Maps) -> None:
    bench = get_workbench(Settings.from_env())
    enrol(bench.labels.session, "Ada")
    project = bench.labels.create_project("First round", "starter", by="ada")
    app = open_page(PAGE)
    ids = maps.open(maps.infos()[0].map_id).values("row_id", list(range(12)))
    app.query_params["selection"] = maps.selections.keep("starter", ids).selection_id
    app.query_params["person"] = "ada"
    app.session_state["map.label"] = True
    app.run()
    assert app.selectbox(key="map.send.project").options == ["First round (12 of them)", "a new project of these texts"]
    app.button(key="map.send.first").click().run()
    assert not app.exception and not app.error
    told = next(s.value for s in app.success)
    assert "come first in First round" in told
    given = claim_items(bench.labels.session, project.project_id, n=3, by="ada").items
    assert {c.why for c in given if not c.item.in_random_sample} == {"selected on the map"}
    app.selectbox(key="map.send.project").set_value("a new project of these texts").run()
    app.button(key="map.send.make").click().run()
    assert "needs a name" in app.error[0].value
    app.text_input(key="map.send.name").set_value("Twelve").run()
    app.button(key="map.send.make").click().run()
    assert not app.exception and list_projects(bench.labels.session)[0].n_items == 12
    for by in ("people.state", "people.annotator", "run.confidence"):
        app.selectbox(key="map.colour").set_value(by).run()
        assert not app.exception and not app.error


def _open_tab(app: AppTest, name: str) -> AppTest:
    app.session_state["map.tab"] = name
    return app.run()


def test_a_concept_is_placed_with_its_nearest_texts(open_page: Open, maps: Maps) -> None:
    app = _open_tab(open_page(PAGE), "Place a concept")
    app.text_area(key="map.place.text").set_value("A bell rang under the lake.")
    next(b for b in app.form_submit_button if b.label == "Place it").click().run()
    assert not app.exception and not app.error
    assert len(table_with(app, "likeness")) == 10
    assert len(maps.open(maps.infos()[0].map_id).placed()) == 1
    assert "stands on this map already" not in words(app)
    app.text_area(key="map.place.text").set_value(maps.open(maps.infos()[0].map_id).values("text", [0])[0])
    next(b for b in app.form_submit_button if b.label == "Place it").click().run()
    assert "stands on this map already" in words(app)


def test_two_kept_selections_are_compared(open_page: Open, maps: Maps) -> None:
    app = open_page(PAGE)
    stored = maps.open(maps.infos()[0].map_id)
    for name, at in (("one", range(20)), ("two", range(40, 70))):
        maps.selections.keep("starter", stored.values("row_id", list(at)), name=name)
    app = _open_tab(app, "Two selections")
    assert not app.exception and not app.error
    assert {"word", "z"} <= set(table_with(app, "z").columns)
    scores = table_with(app, "what").set_index("what")
    assert 0 <= scores.loc["accuracy", "first"] <= 1


def test_the_other_tabs_open_and_a_bad_layer_is_explained(open_page: Open, maps: Maps) -> None:
    app = open_page(PAGE)
    for name in ("Two models or maps", "Export", "Fit a map"):
        app = _open_tab(app, name)
        assert not app.exception and not app.error, name
    app.text_input(key="map.fit.layer").set_value("last")
    next(b for b in app.form_submit_button if b.label == "Fit this map").click().run()
    assert len(app.error) == 1 and not app.exception


def test_a_verdict_shows_the_way_to_an_album(open_page: Open, home: Path) -> None:
    app = open_page("pages/concepts/validate.py")
    app.text_area[0].set_value("The town weighed its bread against an iron pound that had been stamped in 1804.")
    app.button[0].click().run() if app.button else app.form_submit_button[0].click().run()
    assert not app.exception and not app.error
    assert "The way to an album" in words(app)
    app.selectbox(key="validate.verdict.path.album").set_value("Green").run()
    assert not app.exception and "one axis at a time" in words(app)
