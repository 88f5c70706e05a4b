"""The review pages: a link restores a cell, a leaked run is marked everywhere, thresholds are tried, axes are told apart."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from rebracket_core.annotation import Submission
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import list_projects
from rebracket_core.annotation.queries import get_item, list_items
from rebracket_core.settings import Settings
from rebracket_core.workbench import Workbench, get_workbench
from tests.support.app_pages import Open, table_with, words
from tests.support.labels import abstained

PAGES = [f"pages/review/{name}.py" for name in ("confusion", "confidence", "errors")]


def bench_here() -> Workbench:
    return get_workbench(Settings.from_env())


def _leak(home: Path) -> None:
    run = next(p for p in (home / "runs").iterdir() if p.is_dir())
    path = run / "model" / "manifest.json"
    raw = json.loads(path.read_text())
    raw["metrics"]["leaked"] = True
    path.write_text(json.dumps(raw))


@pytest.mark.parametrize("page", PAGES)
def test_a_leaked_run_is_marked_wherever_its_figures_show(page: str, open_page: Open, home: Path) -> None:
    assert "memory" not in words(open_page(page))
    _leak(home)
    from rebracket_core.ui.review import review as reviewing

    reviewing._review.clear()
    app = open_page(page)
    assert any("Leaked" in w.value and "memory" in w.value for w in app.warning)
    reviewing._review.clear()


def test_a_chosen_cell_shows_its_texts(open_page: Open, home: Path) -> None:
    app = open_page(PAGES[0])
    pair = table_with(app, "share of the label").iloc[0]
    app.selectbox(key="confusion.truth").set_value(pair["label"])
    app.selectbox(key="confusion.answer").set_value(pair["prediction"]).run()
    assert not app.exception and not app.error
    table = table_with(app, "row")
    assert (
        len(table) == pair["texts"]
        and set(table["label"]) == {pair["label"]}
        and set(table["prediction"]) == {pair["prediction"]}
    )


@pytest.mark.parametrize("what", ["temporal", "type", "verdict", "joint"])
def test_every_question_has_its_table(what: str, open_page: Open, home: Path) -> None:
    app = open_page(PAGES[0])
    app.session_state["confusion.what"] = what
    app.run()
    assert not app.exception and not app.error
    assert not table_with(app, "groups of the label").empty


def test_a_lower_acceptance_accepts_no_fewer(open_page: Open, home: Path) -> None:
    app = open_page(PAGES[1])
    slider = next(s for s in app.slider if s.label == "Accept from this album probability")
    assert isinstance(slider.value, float)
    slider.set_value(0.31 if slider.value > 0.35 else 0.9).run()
    assert not app.exception and not app.error
    assert "a little worse on new ones" in words(app)


def test_errors_are_ranked_and_candidates_and_slices_open(open_page: Open, home: Path) -> None:
    app = open_page(PAGES[2])
    shown = table_with(app, "probability")["probability"].tolist()
    assert shown == sorted(shown, reverse=True)
    for view in ("Label-error candidates", "Model or people", "Slice performance"):
        app.session_state["errors.view"] = view
        app.run()
        assert not app.exception and not app.error


def test_label_error_candidates_go_to_a_blind_re_annotation(open_page: Open, home: Path) -> None:
    session = bench_here().labels.session
    enrol(session, "Ada")
    app = open_page(PAGES[2])
    app.query_params["person"] = "ada"
    app.session_state["errors.view"] = "Label-error candidates"
    app.session_state["errors.look"] = True
    app.run()
    doubted = table_with(app, "probability of the label")["row"].tolist()
    app.number_input(key="errors.send.n").set_value(3).run()
    app.button(key="errors.send.make").click().run()
    assert not app.exception and not app.error
    assert "3 candidates, the rest mixed in" in app.success[0].value
    (project,) = list_projects(session)
    items = list_items(session, project.project_id)
    assert len(items) == 5 and {item.item_id for item in items} >= set(doubted[:3])
    assert all(item.blind and not item.album and item.wanted == 2 for item in items)
    app.button(key="errors.send.make").click().run()
    assert "project of this name" in app.error[0].value
    item = get_item(session, project.project_id, item_id=doubted[0])
    said = abstained()
    sent = Submission(str(uuid.uuid4()), item.item_id, item.round, item.text_digest, said, "")
    assert submit_labels(session, project.project_id, submissions=[sent], by="ada")[0].status == "saved"
    app.run()
    assert "to neither 1" in words(app)
    assert table_with(app, "people side with")["people side with"].dropna().tolist() == ["neither"]


def test_a_run_that_kept_no_numbers_says_so_and_still_shows_its_albums(open_page: Open, home: Path) -> None:
    for path in (home / "runs").glob("*/held_answers.parquet"):
        path.unlink()
    from rebracket_core.ui.review import review as reviewing

    reviewing._review.clear()
    app = open_page(PAGES[0])
    assert not app.exception and not app.error
    app = open_page(PAGES[1])
    assert not app.exception and any("did not keep all numbers" in e.value for e in app.error)
    reviewing._review.clear()


def test_the_report_holds_every_figure_and_needs_no_network(home: Path) -> None:
    from plotly.offline import get_plotlyjs

    bench = bench_here()
    run = bench.runs.all()[0]
    document = bench.review.report(run.run_id)
    assert "<h2>How far albums lie apart</h2>" in document and "<h2>Label-error candidates: album</h2>" in document
    assert document.count("<figure") >= 18 and "LEAKED" not in document
    own = document.replace(get_plotlyjs(), "")
    assert len(own) < len(document) and "<script src" not in own and 'href="http' not in own
    assert not [t for t in bench.review.review(run.run_id).text if len(t) > 40 and t in document]


def test_a_data_set_without_albums_is_told_from_an_error_and_another_can_be_chosen(
    open_page: Open, home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bare.txt"
    path.write_text("A bell that was cast in 1804.\n\nA tower that will be forgotten.\n", encoding="utf-8")
    bench_here().datasets.import_path(path, name="bare")
    app = open_page("pages/review/geometry.py")
    app.selectbox(key="geometry.dataset").set_value("bare").run()
    assert not app.exception and not app.error and "No text of this data set has an album" in words(app)
    app.selectbox(key="geometry.dataset").set_value("starter").run()
    assert not app.exception and not app.error and "No text of this data set has an album" not in words(app)
