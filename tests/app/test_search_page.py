"""The Search page: one press searches with what is suggested, a wrong range is refused, and what was found is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rebracket_core.jobs import JobFolder, LocalLauncher
from rebracket_core.services.search import plan_from
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig
from rebracket_core.workbench import get_workbench
from tests.support.app_pages import Open, table_with, words

PAGE = "pages/train/search.py"


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[JobFolder]:
    folders: list[JobFolder] = []

    def launch(_: LocalLauncher, folder: JobFolder) -> None:
        folder.new_attempt()
        folders.append(folder)

    monkeypatch.setattr(LocalLauncher, "launch", launch)
    return folders


def test_one_press_searches_over_what_is_suggested(open_page: Open, home: Path, launched: list[JobFolder]) -> None:
    app = open_page(PAGE)
    app.button(key="search.go").click().run()
    assert not app.exception and not app.error
    plan = json.loads((launched[0].path / "spec.json").read_text())["search"]
    assert list(plan["space"]) == ["inverse_l2", "embedding_weight", "label_smoothing"] and plan["n_trials"] == 30
    assert app.query_params["search"] == launched[0].run_id and "worker is starting" in words(app)


def test_a_range_that_ends_before_it_begins_is_refused(open_page: Open, home: Path, launched: list[JobFolder]) -> None:
    app = open_page(PAGE)
    app.number_input(key="search.inverse_l2.low").set_value(200.0).run()
    assert not app.exception and "low below high" in app.error[0].value and not launched


@pytest.mark.slow
def test_what_was_found_is_told_with_the_groups_put_aside(open_page: Open, home: Path, launched: list[JobFolder]) -> None:
    bench = get_workbench(Settings.from_env())
    base = TrainingConfig.of(ensemble_size=1, folds=2, max_steps=3)
    view = bench.search.run("starter", plan=plan_from({"tfidf": [True, False]}, base=base, n_trials=2))
    app = open_page(PAGE)
    assert not app.exception and not app.error
    assert "groups were held out before the first trial" in words(app) and "Difference" in words(app)
    assert len(table_with(app, "trial")) == 2 and app.get("plotly_chart")
    app.button(key="search.train").click().run()
    assert not app.exception
    spec = json.loads((launched[0].path / "spec.json").read_text())
    assert spec["config"]["tfidf"] == view.found["config"]["tfidf"] and view.state.run_id in spec["notes"][0]  # type: ignore[index]
