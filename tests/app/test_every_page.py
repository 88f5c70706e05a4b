"""Every page opens, with nothing yet and with everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebracket_core.ui import site
from tests.support.app_pages import PAGES, Open, words

# What each page says of an empty home: the first of the empty states that it declares.
NEEDS = {page.file: page.empty_state(next(iter(page.empty)))[0] for page in site.PAGES if page.empty} | {
    "pages/home/overview.py": "Bring texts in",
    "pages/annotate/progress.py": "no labelling project yet",
}

# What needs more than a data set and a run: a verdict that was kept, a labelling project.
WITHOUT = (
    "pages/concepts/history.py",
    "pages/concepts/monitoring.py",
    "pages/annotate/progress.py",
    "pages/annotate/adjudicate.py",
)


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_home_says_what_it_needs_and_links_there(page: str, open_page: Open, empty_home: Path) -> None:
    app = open_page(page)
    assert not app.exception and not app.error
    assert len(app.title) == 1
    assert NEEDS[page].casefold() in words(app).casefold()
    assert app.get("page_link") or page == "pages/library/import.py"
    assert not (empty_home / "workbench.db").exists()


@pytest.mark.parametrize("page", PAGES)
def test_a_full_home_opens(page: str, open_page: Open, home: Path) -> None:
    app = open_page(page)
    assert not app.exception and not app.error
    assert len(app.title) == 1
    if page not in WITHOUT:
        assert NEEDS[page].casefold() not in words(app).casefold()


def test_every_page_says_what_an_empty_home_lacks() -> None:
    assert set(NEEDS) == set(PAGES)


def test_a_broken_home_is_one_box_and_not_a_trace(open_page: Open, home: Path) -> None:
    (home / "runs" / "promoted.json").write_text("{not json", encoding="utf-8")
    app = open_page("pages/concepts/validate.py")
    assert not app.exception
    assert len(app.error) == 1
    assert "**Expected:**" in app.error[0].value and "**What to do:**" in app.error[0].value
