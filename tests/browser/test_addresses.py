"""Addresses, tab titles and what survives refresh and Back; confirmations and faults in a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rebracket_core.ui import site
from tests.support.app_server import AppServer
from tests.support.moves import settle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


SCRIPT = """
import streamlit as st
from fault_page import PAGE

PAGE.open()


def fail():
    raise ValueError(str(1 / 0))


st.button("Press", key="fault.press", on_click=fail)


@st.fragment
def part():
    if st.button("Part", key="fault.part"):
        fail()


part()
if st.query_params.get("fault"):
    fail()
"""
DECLARED = """
from pathlib import Path
from rebracket_core.ui.site import PageSpec

PAGE = PageSpec(
    title="Fault", icon=":material/bug_report:", position=9, help="A fault.", about="A fault.", name="fault", area="Library",
    file=str(Path(__file__).with_name("fault_script.py")),
)
"""


@pytest.fixture
def faulty_app(home: Path, tmp_path: Path) -> Iterator[str]:
    """The address of an app with a page, brought by an installed package, that meets a fault."""
    site_folder = tmp_path / "site"
    info = site_folder / "faulty-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[rebracket.pages]\nfault = fault_page:PAGE\n", encoding="utf-8")
    (site_folder / "fault_page.py").write_text(DECLARED, encoding="utf-8")
    (site_folder / "fault_script.py").write_text(SCRIPT, encoding="utf-8")
    path = os.pathsep.join([str(site_folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    server = AppServer(home, log=tmp_path / "server.log", env={"PYTHONPATH": path})
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


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


def _typed(page: Page) -> list[str]:
    """What this tab keeps of typed text, as the browser holds it."""
    found = page.evaluate("Object.entries(sessionStorage).filter(([key]) => key.startsWith('rebracket.typed')).map(String)")
    return [str(one) for one in found]


def _holds(page: Page, label: str, text: str) -> None:
    """Wait until a field holds a text; one that was kept comes a moment after its field."""
    page.wait_for_function(
        "([label, text]) => document.querySelector(`textarea[aria-label='${label}']`)?.value === text", arg=[label, text]
    )


def test_typed_text_survives_refresh_and_back_and_stays_in_its_tab(visit: Callable[..., Page]) -> None:
    """Texts that were not sent: in a form, outside of one, on a page that is left and come back to."""
    page = visit("/validate")
    field = page.get_by_label("Concept", exact=True)
    field.press_sequentially("A bell that nobody has rung")
    page.reload()
    settle(page)
    _holds(page, "Concept", "A bell that nobody has rung")
    assert "bell" not in page.url
    page.get_by_role("link", name="Map", exact=True).click()
    place = page.get_by_label("A concept to place on this map")
    place.wait_for()
    settle(page)
    place.fill("A tower that was built twice.")
    page.go_back()
    field.wait_for()
    settle(page)
    _holds(page, "Concept", "A bell that nobody has rung")
    page.go_forward()
    place.wait_for()
    settle(page)
    page.reload()
    settle(page)
    _holds(page, "A concept to place on this map", "A tower that was built twice.")
    assert "tower" not in page.url
    other = page.context.new_page()
    other.goto(page.url)
    settle(other)
    assert other.get_by_label("A concept to place on this map").input_value() == "" and _typed(other) != _typed(page)


def test_an_edit_of_a_validated_text_survives_and_what_was_emptied_stays_empty(visit: Callable[..., Page]) -> None:
    page = visit("/validate")
    field = page.get_by_label("Concept", exact=True)
    field.fill("A bell that was cast.")
    page.get_by_role("button", name="Validate", exact=True).click()
    page.wait_for_url("**concept=*")
    page.get_by_text("What to change").wait_for()
    settle(page)
    field.fill("A bell that was cast, and never rung.")
    page.reload()
    page.get_by_text("What to change").wait_for()  # the verdict on what was sent
    settle(page)
    _holds(page, "Concept", "A bell that was cast, and never rung.")
    field.fill("")
    page.goto(page.url.split("?")[0])
    settle(page)
    page.wait_for_timeout(1000)
    assert field.input_value() == ""


def test_a_fault_shows_the_apps_own_box_with_ways_out(faulty_app: str, chromium: Browser) -> None:
    for press in ("Press", "Part", ""):
        page = chromium.new_page()
        page.goto(f"{faulty_app}/fault" + ("" if press else "?fault=1"))
        settle(page)
        if press:
            page.get_by_role("button", name=press, exact=True).click()
        page.get_by_text("This page met a fault of the app (ZeroDivisionError)").wait_for()
        main = page.locator("[data-testid=stMain]")
        assert not {"Ask ChatGPT", "Ask Google", "Traceback"} & set(main.inner_text().splitlines())
        main.get_by_role("link", name="Open this page again").first.wait_for()
        main.get_by_role("link", name="Go to the overview").first.click()
        page.wait_for_function("(title) => document.title === title", arg=site.tab_title("Overview"))
        page.close()
