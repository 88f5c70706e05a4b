"""Addresses, tab titles and what survives refresh and Back; confirmations and faults in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rebracket_core.ui import site

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def faulty_page() -> Iterator[str]:
    """The name of a page that meets a fault, there for one test."""
    file = Path(site.ROOT) / "pages" / "library" / "zz_fault.py"
    file.write_text(
        '"""A page that meets a fault."""\n\nimport streamlit as st\n\nfrom rebracket_core.ui import PageSpec\n\n'
        'PAGE = PageSpec(title="Fault", icon=":material/bug_report:", position=9, help="A fault.", about="A fault.")\n\n'
        "PAGE.open()\n\n\ndef fail() -> None:\n    raise ValueError(str(1 / 0))\n\n\n"
        'st.button("Press", key="fault.press", on_click=fail)\n\n\n'
        '@st.fragment\ndef part() -> None:\n    if st.button("Part", key="fault.part"):\n        fail()\n\n\npart()\n'
        'if st.query_params.get("fault"):\n    fail()\n',
        encoding="utf-8",
    )
    yield file.stem
    file.unlink()


@pytest.mark.parametrize("path", ["/overview", "/overview/", "/overview?person=ann"])
def test_the_overview_has_an_address_of_its_own(path: str, visit: Callable[..., Page]) -> None:
    page = visit(path)
    assert page.locator("h1").inner_text() == "Rebracket"
    assert page.get_by_text("Page not found").count() == 0
    assert page.title() == site.tab_title("Overview")
    assert ("person=ann" in page.url) == ("person" in path)


def test_each_page_gives_the_tab_its_title(visit: Callable[..., Page]) -> None:
    page = visit("/")
    for spec in site.PAGES:
        page.locator("[data-testid=stSidebarNav] a", has_text=spec.title).first.click()
        page.wait_for_function("(title) => document.title === title", arg=site.tab_title(spec.title))


def test_a_batch_survives_a_refresh(visit: Callable[..., Page]) -> None:
    page = visit("/validate?validate.mode=Many+concepts")
    page.get_by_label("Concepts", exact=True).fill("A bell that was cast.\n\nA tower that will fall.")
    page.get_by_role("button", name="Validate all").click()
    page.get_by_role("heading", name="Pasted concepts").wait_for()
    page.reload()
    page.get_by_role("heading", name="Pasted concepts").wait_for()
    assert page.get_by_text("2 of 2.").count() == 1


@pytest.mark.parametrize("press", ["Press", "Part", ""])
def test_a_fault_shows_the_apps_own_box_with_ways_out(press: str, faulty_page: str, visit: Callable[..., Page]) -> None:
    page = visit(f"/{faulty_page}" + ("" if press else "?fault=1"))
    if press:
        page.get_by_role("button", name=press, exact=True).click()
    page.get_by_text("This page met a fault of the app (ZeroDivisionError)").wait_for()
    main = page.locator("[data-testid=stMain]")
    assert not {"Ask ChatGPT", "Ask Google", "Traceback"} & set(main.inner_text().splitlines())
    main.get_by_role("link", name="Open this page again").first.wait_for()
    main.get_by_role("link", name="Go to the overview").first.click()
    page.wait_for_function("(title) => document.title === title", arg=site.tab_title("Overview"))
