"""Archive, restore and delete on the pages: a dialog names what goes, and what is used is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rebracket_core.settings import Settings
from rebracket_core.workbench import Workbench, get_workbench
from tests.support.app_pages import Open, words
from tests.support.copies import twin_run

RUNS, IMPORT, MAP, PROGRESS = (
    f"pages/{name}.py" for name in ("train/runs", "library/import", "review/map", "annotate/progress")
)


@pytest.fixture
def bench(home: Path) -> Workbench:
    return get_workbench(Settings.from_env())


def _press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


@pytest.mark.slow
def test_a_run_is_archived_restored_and_deleted(open_page: Open, home: Path, bench: Workbench) -> None:
    twin = twin_run(home, "twin")
    app = open_page(RUNS)
    app.selectbox(key="runs.run").set_value(twin).run()
    _press(app, "runs.own.archive")
    assert not app.exception and twin not in [run.run_id for run in bench.runs.all()]
    assert app.selectbox(key="runs.archived").value == twin
    _press(app, "runs.restore")
    app.selectbox(key="runs.run").set_value(twin).run()
    _press(app, "runs.own.delete")
    assert f"The run **{twin}** goes" in words(app).replace("\\", "") and (home / "runs" / twin).is_dir()
    _press(app, "runs.own.delete.yes")
    assert not app.exception and not (home / "runs" / twin).exists()


def test_the_production_model_says_why_it_stays(open_page: Open, home: Path, bench: Workbench) -> None:
    app = open_page(RUNS)
    _press(app, "runs.own.archive")
    assert "it is the production model" in words(app).replace("\\", "")
    _press(app, "runs.own.delete")
    text = words(app).replace("\\", "")
    assert "is used, so it is not deleted" in text and "verdicts: it is the production model" in text
    assert bench.runs.production() is not None


def test_a_broken_run_can_go(open_page: Open, home: Path, bench: Workbench) -> None:
    twin = twin_run(home, "broken")
    (home / "runs" / twin / "model" / "manifest.json").unlink()
    app = open_page(RUNS)
    _press(app, "runs.broken.delete")
    _press(app, "runs.broken.delete.yes")
    assert not app.exception and not (home / "runs" / twin).exists()


def test_a_data_set_names_the_run_that_uses_it(open_page: Open, home: Path, bench: Workbench) -> None:
    run_id = bench.resources.runs.promoted_id()
    app = open_page(IMPORT)
    _press(app, "import.own.delete")
    assert f"the run {run_id}" in words(app).replace("\\", "") and bench.datasets.all()
    _press(app, "import.own.archive")
    assert not bench.datasets.all() and app.selectbox(key="import.archived").value == "starter"
    _press(app, "import.restore")
    assert [meta.name for meta in bench.datasets.all()] == ["starter"]


def test_an_archived_map_stays_away_until_it_is_wanted(open_page: Open, home: Path, bench: Workbench) -> None:
    open_page(MAP)
    (info,) = bench.maps.infos("starter")
    bench.lifecycle.archive("map", info.map_id)
    app = open_page(MAP)
    assert not app.exception and "The maps of this data set are archived" in words(app).replace("\\", "")
    assert bench.maps.infos("starter") == []
    _press(app, "map.restore")
    assert [one.map_id for one in bench.maps.infos("starter")] == [info.map_id]
    mark = home / "maps" / info.map_id / "mark"
    mark.touch()
    app.session_state["map.tab"] = "Export"
    app.run()
    _press(app, "map.own.delete")
    _press(app, "map.own.delete.yes")
    assert not app.exception and not mark.exists()  # the page then draws its first map anew


def test_a_project_is_archived_and_restored(open_page: Open, busy_home: Path) -> None:
    bench = get_workbench(Settings.from_env())
    before = [p.project_id for p in bench.lifecycle.projects()]
    app = open_page(PROGRESS)
    _press(app, "progress.own.archive")
    assert not app.exception and len(bench.lifecycle.projects()) == len(before) - 1
    _press(app, "progress.restore")
    assert [p.project_id for p in bench.lifecycle.projects()] == before
