"""The runs in order, against each other, with notes, export, import and roll-back."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from rebracket_core.settings import Settings
from rebracket_core.workbench import Workbench, get_workbench
from tests.support.app_pages import Open, table_with, words

PAGE = "pages/train/runs.py"


def _twin(home: Path, name: str, *, leaked: bool = False) -> str:
    """Another run in the home: the trained one under another id, each of its albums turned to the first where not leaked."""
    source = next(p for p in (home / "runs").iterdir() if p.is_dir())
    folder = home / "runs" / name
    shutil.copytree(source, folder)
    for part in ("spec.json", "evaluation.json", "model/manifest.json"):
        raw = json.loads((folder / part).read_text())
        raw["run_id"] = name
        if part == "model/manifest.json":
            raw["metrics"] |= {"leaked": leaked, "album": {**raw["metrics"]["album"], "accuracy": 0.99 if leaked else 0.01}}
        (folder / part).write_text(json.dumps(raw))
    return name


@pytest.fixture
def bench(home: Path) -> Workbench:
    return get_workbench(Settings.from_env())


def test_a_leaked_run_never_stands_above_an_honest_one(open_page: Open, home: Path) -> None:
    _twin(home, "leaked-run", leaked=True)
    _twin(home, "weak-run")
    table = table_with(open_page(PAGE), "rank")
    assert table["rank"].tolist() == ["1", "2", "leaked"]
    assert table["model"].tolist()[1:] == ["weak-run", "leaked-run"]


def test_tags_are_kept_shown_and_filter_the_table(open_page: Open, home: Path, bench: Workbench) -> None:
    twin = _twin(home, "twin")
    app = open_page(PAGE)
    app.session_state["runs.view"] = "Note and tags"
    app.selectbox(key="runs.run").set_value(twin).run()
    app.text_input(key=f"runs.note.tags.{twin}").set_value("best, on songs")
    app.text_area(key=f"runs.note.text.{twin}").set_value("Trained on a <b>rainy</b> day.")
    next(b for b in app.form_submit_button if b.label == "Keep").click().run()
    assert not app.exception and not app.error
    assert bench.runs.note(twin).tags == ("best", "on songs")
    assert table_with(app, "tags").set_index("model").loc[twin, "tags"] == "best, on songs"
    app.multiselect(key="runs.tags").set_value(["best"]).run()
    assert table_with(app, "tags")["model"].tolist() == [twin]
    app.text_input(key=f"runs.note.tags.{twin}").set_value("<b>")
    next(b for b in app.form_submit_button if b.label == "Keep").click().run()
    assert "tag is not allowed" in app.error[0].value and bench.runs.note(twin).tags == ("best", "on songs")


def test_two_runs_are_compared_in_words(open_page: Open, home: Path, bench: Workbench) -> None:
    from rebracket_core.stats.out_of_fold_rows import read_out_of_fold_rows, write_out_of_fold_rows

    first = bench.runs.all()[0].run_id
    twin = home / "runs" / _twin(home, "twin")
    rows = read_out_of_fold_rows(twin)
    rows.album_proba[:] = 0.01
    rows.album_proba[:, 0] = 0.92
    rows.album_top[:] = 0
    write_out_of_fold_rows(twin, rows)
    app = open_page(PAGE)
    assert "Choose two models or more" in words(app)
    app.multiselect(key="runs.compare").set_value([first, "twin"]).run()
    assert not app.exception and not app.error
    told = app.table[-1].value
    assert "worse by" in told.loc["album accuracy", "the second is"]
    assert "no proven difference" in told.loc["temporal accuracy", "the second is"]
    assert "same options on the same data" in words(app)
    parted = table_with(app, "first prediction")
    assert set(parted["right"]) >= {"the first"} and parted["second prediction"].str.startswith("Black").all()


def test_a_leaked_run_is_compared_under_a_warning(open_page: Open, home: Path, bench: Workbench) -> None:
    first, leaked = bench.runs.all()[0].run_id, _twin(home, "leaked-run", leaked=True)
    app = open_page(PAGE)
    app.multiselect(key="runs.compare").set_value([first, leaked]).run()
    assert "Leaked" in app.warning[0].value
    assert app.table[-1].value["the second is"].iloc[0].endswith("leaked")


@pytest.mark.slow
def test_a_run_of_before_the_rows_were_kept_says_so(open_page: Open, home: Path, bench: Workbench) -> None:
    first, twin = bench.runs.all()[0].run_id, _twin(home, "twin")
    (home / "runs" / twin / "held.parquet").unlink()
    app = open_page(PAGE)
    app.multiselect(key="runs.compare").set_value([first, twin]).run()
    assert not app.exception and "did not keep" in app.error[0].value


@pytest.mark.slow
def test_rolling_back_promotes_the_model_before(open_page: Open, home: Path, bench: Workbench) -> None:
    first, twin = bench.runs.all()[0].run_id, _twin(home, "twin")
    bench.runs.promote(twin)
    app = open_page(PAGE)
    app.button(key="runs.back").click().run()
    assert twin in words(app) and bench.resources.runs.promoted_id() == twin
    app.button(key="runs.back.no").click().run()
    assert bench.resources.runs.promoted_id() == twin
    app.button(key="runs.back").click().run()
    app.button(key="runs.back.yes").click().run()
    assert not app.exception and bench.resources.runs.promoted_id() == first
    app.button(key="runs.back").click().run()
    app.button(key="runs.back.yes").click().run()
    assert "nothing to roll back to" in app.error[0].value


@pytest.mark.slow
def test_a_run_is_exported_and_imported(
    open_page: Open, home: Path, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = bench.runs.all()[0].run_id
    app = open_page(PAGE)
    app.session_state["runs.view"] = "Export"
    app.run()
    assert not app.exception and len(app.get("download_button")) == 2
    assert any("## Limits" in m.value for m in app.markdown)
    sink = io.BytesIO()
    bench.runs.export(run_id, to=sink)
    monkeypatch.setenv("REBRACKET_HOME", str(tmp_path / "other"))
    app = open_page(PAGE)
    app.file_uploader(key="runs.import.0").upload("run.zip", sink.getvalue())
    next(b for b in app.form_submit_button if b.label == "Import").click().run()
    assert not app.exception and not app.error
    assert "is among the models" in app.success[0].value
    app.file_uploader(key="runs.import.1").upload("run.zip", sink.getvalue()[:-30])
    next(b for b in app.form_submit_button if b.label == "Import").click().run()
    assert len(app.error) == 1 and not app.exception


@pytest.mark.parametrize(("page", "key"), [("pages/train/runs.py", "runs.run"), ("pages/review/errors.py", "errors.run")])
def test_a_link_names_a_run_by_its_id(page: str, key: str, open_page: Open, home: Path) -> None:
    """The address holds what the choice shows: the id, which stays when another run is promoted."""
    other = _twin(home, "twin")
    app = open_page(page)
    choice = app.selectbox(key=key)
    assert other in choice.options
    choice.set_value(other).run()
    assert not app.exception and any(caption.value.startswith(other) for caption in app.caption)
