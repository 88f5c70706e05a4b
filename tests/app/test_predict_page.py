"""The Predict page: what a model learnt of pasted texts, without a verdict."""

from __future__ import annotations

from pathlib import Path

from tests.support.app_pages import Open, table_with, words

PAGE = "pages/concepts/predict.py"


def test_without_a_run_it_says_the_way(open_page: Open, empty_home: Path) -> None:
    app = open_page(PAGE)
    assert not app.exception and "There is no model yet" in words(app)


def test_texts_are_predicted_one_row_each(open_page: Open, home: Path) -> None:
    app = open_page(PAGE)
    app.text_area(key="predict.text").set_value("The door remembers the room.\nA bell will ring at noon.")
    next(b for b in app.button if b.label == "Predict").click().run()
    assert not app.exception and not app.error
    table = table_with(app, "types")
    assert len(table) == 2 and {"types", "any type", "album", "text"} <= set(table.columns)
    assert "Nothing is kept in the history" in words(app)


def test_an_empty_field_is_refused(open_page: Open, home: Path) -> None:
    app = open_page(PAGE)
    next(b for b in app.button if b.label == "Predict").click().run()
    assert not app.exception and "Nothing was written" in words(app)
