"""The review pages: a link restores a cell, a leaked run is marked everywhere, thresholds are tried, axes are told apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from app_pages import Open, table_with, words

PAGES = [f"pages/review/{name}.py" for name in ("confusion", "confidence", "errors")]


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
    from rebracket_core.ui import reviewing

    reviewing._review.clear()
    app = open_page(page)
    assert any("Leaked" in w.value and "memory" in w.value for w in app.warning)
    reviewing._review.clear()


def test_a_chosen_cell_shows_its_texts(open_page: Open, home: Path) -> None:
    app = open_page(PAGES[0])
    pair = table_with(app, "share of the truth").iloc[0]
    app.selectbox(key="confusion.truth").set_value(pair["truth"])
    app.selectbox(key="confusion.answer").set_value(pair["answer"]).run()
    assert not app.exception and not app.error
    table = table_with(app, "row")
    assert len(table) == pair["texts"] and set(table["truth"]) == {pair["truth"]} and set(table["answer"]) == {pair["answer"]}


@pytest.mark.parametrize("what", ["temporal", "type", "verdict", "joint"])
def test_every_question_has_its_table(what: str, open_page: Open, home: Path) -> None:
    app = open_page(PAGES[0])
    app.session_state["confusion.what"] = what
    app.run()
    assert not app.exception and not app.error
    assert not table_with(app, "groups of the truth").empty


def test_a_lower_acceptance_accepts_no_fewer(open_page: Open, home: Path) -> None:
    app = open_page(PAGES[1])
    slider = next(s for s in app.slider if s.label == "Album probability at least")
    slider.set_value(0.31 if slider.value > 0.35 else 0.9).run()
    assert not app.exception and not app.error
    assert "a little worse on new ones" in words(app)


def test_errors_are_ranked_and_suspects_and_slices_open(open_page: Open, home: Path) -> None:
    app = open_page(PAGES[2])
    shown = table_with(app, "probability")["probability"].tolist()
    assert shown == sorted(shown, reverse=True)
    for view in ("Suspected labels", "Model or people", "Where it is worse"):
        app.session_state["errors.view"] = view
        app.run()
        assert not app.exception and not app.error


def test_a_run_that_kept_no_numbers_says_so_and_still_shows_its_albums(open_page: Open, home: Path) -> None:
    for path in (home / "runs").glob("*/held_answers.parquet"):
        path.unlink()
    from rebracket_core.ui import reviewing

    reviewing._review.clear()
    app = open_page(PAGES[0])
    assert not app.exception and not app.error
    app = open_page(PAGES[1])
    assert not app.exception and any("did not keep all numbers" in e.value for e in app.error)
    reviewing._review.clear()


def test_the_report_holds_every_figure_and_needs_no_network(home: Path) -> None:
    from plotly.offline import get_plotlyjs

    from rebracket_core.settings import Settings
    from rebracket_core.workbench import get_workbench

    bench = get_workbench(Settings.from_env())
    run = bench.runs()[0]
    document = bench.reviewing.report(run.run_id)
    assert document.count("<figure") >= 15 and "LEAKED" not in document
    own = document.replace(get_plotlyjs(), "")
    assert len(own) < len(document) and "<script src" not in own and 'href="http' not in own
    assert not [t for t in bench.reviewing.review(run.run_id).text if len(t) > 40 and t in document]
