"""The Monitoring page: nothing yet, verdicts over time, drift, and a sample that becomes a project."""

from __future__ import annotations

from pathlib import Path

from rebracket_core.annotation.projects import list_projects
from rebracket_core.annotation.queries import list_items
from rebracket_core.validation import Concept
from tests.conftest import open_home
from tests.support.app_pages import Open, words

PAGE = "pages/concepts/monitoring.py"


def test_without_a_run_it_says_the_way(open_page: Open, empty_home: Path) -> None:
    app = open_page(PAGE)
    assert not app.exception and "There is no model yet" in words(app)


def test_without_verdicts_it_says_so(open_page: Open, home: Path) -> None:
    app = open_page(PAGE)
    assert not app.exception and not app.error
    assert "No verdict of this model was counted" in words(app)


def test_figures_drift_and_a_sample_to_label(open_page: Open, home: Path) -> None:
    bench = open_home(home)
    bench.verdicts.validate([Concept(id="0", text="A door that was shut in 1911.")])
    assert "Drift is not tested: " in words(open_page(PAGE))
    recipes = [f"Step {k}: stir {k + 2} eggs, 200 g of flour and a spoon of sugar; bake at 180 degrees." for k in range(40)]
    bench.verdicts.validate([Concept(id=str(k), text=text) for k, text in enumerate(recipes)])
    app = open_page(PAGE)
    assert not app.exception and not app.error
    assert [metric.value for metric in app.metric][:1] == ["41"]
    assert len(app.get("plotly_chart")) == 3
    assert "Drift:" in words(app) and "p = 0.001" in words(app)
    app.text_input(key="annotate.name").set_value("Ann")
    next(b for b in app.button if b.label == "Begin").click().run()
    app.number_input(key="monitoring.size").set_value(7)
    next(b for b in app.button if b.label == "Make the project").click().run()
    assert not app.exception and not app.error
    assert any("ready to be labelled" in box.value for box in app.success)
    project = list_projects(bench.labels.session)[0]
    assert len({item.text for item in list_items(bench.labels.session, project.project_id)}) == 7
