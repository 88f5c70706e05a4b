"""The Explain page: an address restores what was asked, checks stand beside the words, nothing is searched unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.app_pages import Open, words

PAGE = "pages/review/explain.py"
TEXT = "A brass lantern was left on the quay."


def test_it_asks_for_a_text_first(open_page: Open, home: Path) -> None:
    app = open_page(PAGE)
    assert not app.exception and "Write a concept above" in words(app)


@pytest.mark.slow
def test_words_checks_and_counterfactuals(open_page: Open, home: Path) -> None:
    app = open_page(PAGE)
    app.text_area(key="explain.text").set_value(TEXT).run()
    assert not app.exception and not app.error
    said = words(app)
    for part in (
        "leads",
        "Check 1, sums to the score:",
        "Check 2, removing these words matters:",
        "Exact Shapley asks",
        "every word removed",
        "No change is saved",
    ):
        assert part in said, part
    assert "The fewest word changes" not in said and "Nothing was found" not in said
    app.button(key="explain.flips.find").click().run()
    assert not app.exception and not app.error
    assert "The fewest word changes" in words(app) or "Nothing was found" in words(app)
    app.selectbox(key="explain.answer").set_value("Green").run()
    assert not app.exception and "Green" in words(app)
    app.toggle(key="explain.attention").set_value(True).run()
    assert not app.exception and not app.error and "goes to the marks around the text" in words(app)


@pytest.mark.slow
def test_a_text_that_cannot_be_explained_is_refused_in_a_box(open_page: Open, home: Path) -> None:
    app = open_page(PAGE)
    app.text_area(key="explain.text").set_value("12 34").run()
    assert not app.exception and any("cannot be explained" in e.value for e in app.error)
