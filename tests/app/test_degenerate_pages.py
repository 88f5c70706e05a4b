"""Data that teaches not all, on pages and at the command line: what was not learnt is said, and a refusal leaves no run."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rebracket_core.cli.program import program
from rebracket_core.corpus import ReadReport, make_frame
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig
from rebracket_core.workbench import Workbench, get_workbench
from tests.support.app_pages import Open, table_with, words

QUICK = TrainingConfig.of(folds=2, ensemble_size=1, max_steps=5)


def _add(bench: Workbench, albums: list[str], name: str) -> str:
    rows = [
        {
            "row_id": str(i),
            "group_id": f"g{i // 2}",
            "concept": f"Bell {i} hung in the drowned tower.",
            "album": album,
            "origin": "table",
        }
        for i, album in enumerate(albums)
    ]
    bench.resources.library.add(make_frame(rows), name=name, source="test", report=ReadReport(len(rows)))
    return name


@pytest.mark.slow
def test_commands_and_pages_say_what_was_not_learnt(home: Path, open_page: Open) -> None:
    bench = get_workbench(Settings.from_env())
    run_id = bench.training.train(_add(bench, ["Red", "Red", "Orange", "Orange"] * 5, "two"), config=QUICK).run_id
    line = f"{run_id} did not learn: temporal, spatial, types"
    assert line in CliRunner().invoke(program, ["runs"]).stderr
    app = open_page("pages/train/runs.py")
    app.selectbox(key="runs.run").set_value(run_id).run()
    assert not app.exception and "Not learnt: temporal, spatial, types." in words(app).replace("\\", "")
    assert "Not learnt: temporal. All 20 labelled texts are past." in words(app).replace("\\", "")
    assert table_with(app, "rank").set_index("model").loc[run_id, "not learnt"] == "temporal, spatial, types"
    _add(bench, ["Green"] * 8, "one")
    assert CliRunner().invoke(program, ["train", "one", "--quiet"]).exit_code == 2
    launch = open_page("pages/train/launch.py")
    launch.selectbox(key="launch.dataset").set_value("one").run()
    next(b for b in launch.button if b.label == "Launch").click().run()
    assert not launch.exception and "Nothing can be learnt from these labels" in words(launch).replace("\\", "")
    assert not bench.resources.runs.broken() and len(bench.training.states()) == 2
