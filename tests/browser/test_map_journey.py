"""The map in a real browser: lasso to table, colours without coordinates, a link that restores the view."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from rebracket_core.annotation import LabelSession
from rebracket_core.annotation.projects import list_projects
from rebracket_core.annotation.queries import get_item, list_labels
from tests.support.moves import settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
Visit = Callable[..., "Page"]
CANVAS = "canvas[role=img]"


def _painted(page: Page, *, words: str = "") -> None:
    page.locator(f"{CANVAS}[data-painted*='{words or '@'}']").wait_for()


def _lasso(page: Page, *, radius: float = 110) -> None:
    page.locator(CANVAS).scroll_into_view_if_needed()
    box = page.locator(CANVAS).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for k in range(1, 33):
        page.mouse.move(x + radius * math.cos(k / 32 * math.tau), y + radius * math.sin(k / 32 * math.tau))
    page.mouse.up()


def test_lasso_table_and_a_link_that_restores_the_view(visit: Visit) -> None:
    page = visit("/map")
    _painted(page)
    _lasso(page)
    heading = page.get_by_role("heading", name="selected")
    heading.wait_for()
    said = heading.inner_text()
    assert int(said.split()[0].replace(",", "")) >= 5
    page.get_by_role("button", name="Red").click()  # the legend hides an album
    page.wait_for_url("**hide=Red**")
    address = urlsplit(page.url)
    assert {"dataset", "map", "run", "colour", "selection", "hide"} <= set(parse_qs(address.query))
    other = visit(f"{address.path}?{address.query}")
    _painted(other)
    other.get_by_role("heading", name=said).wait_for()
    assert other.get_by_role("button", name="Red").get_attribute("aria-pressed") == "false"
    with other.expect_download() as waiting:
        other.get_by_role("button", name="SVG").click()
    assert waiting.value.suggested_filename.endswith(".svg")


def test_a_new_colour_sends_no_coordinates(visit: Visit) -> None:
    page = visit("/")
    frames: list[bytes] = []

    def keep(frame: str | bytes) -> None:
        frames.append(frame.encode() if isinstance(frame, str) else frame)

    page.on("websocket", lambda socket: socket.on("framereceived", keep))
    page.goto(page.url.rstrip("/") + "/map")
    _painted(page, words="album (label)")
    page.wait_for_timeout(500)
    assert any(b'"xy": "' in frame for frame in frames)
    frames.clear()
    page.locator("input[aria-label='Colour by']").click()
    page.get_by_role("option", name="right or wrong (model)").click()
    _painted(page, words="right or wrong (model)")
    assert any(b'"xy": null' in frame for frame in frames) and not any(b'"xy": "' in frame for frame in frames)


def test_from_a_lasso_to_a_label(visit: Visit, home: Path) -> None:
    page = visit("/map")
    _painted(page)
    _lasso(page)
    page.get_by_role("heading", name="selected").wait_for()
    page.get_by_text("Label these", exact=True).click()
    page.get_by_label("Your name").fill("Ann")
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("Name of the project").fill("From the map")
    page.get_by_role("button", name="Make the project").click()
    page.get_by_text("From the map has").wait_for()
    page.get_by_role("link", name="Label them now").click()
    page.wait_for_selector(".desk .concept")
    settle(page)
    text = " ".join(page.locator(".desk .concept").inner_text().split())
    for key in ("1", "q", "a", "Enter"):
        page.keyboard.press(key)
        page.wait_for_timeout(100)
    page.locator(".desk [data-part=saving]", has_text="all saved").wait_for()
    session = LabelSession.open(f"sqlite:///{home / 'workbench.db'}")
    (project,) = list_projects(session)
    (label,) = list_labels(session, project.project_id)
    item = get_item(session, project.project_id, item_id=label.item_id)
    session.close()
    assert project.name == "From the map" and label.annotator == "ann" and " ".join(item.text.split()) in text


def test_links_to_the_other_review_pages_restore_the_view(visit: Visit) -> None:
    page = visit("/errors")
    page.get_by_role("tab", name="Slice performance").click()
    page.wait_for_url("**errors.view=Slice*")
    settle(page)
    table = page.locator("[data-testid=stDataFrame]").last
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 18, box["y"] + 53)
    page.wait_for_url("**errors.part.text=*")
    page.get_by_label("Note on this text").wait_for()
    named = parse_qs(urlsplit(page.url).query)["errors.part.text"][0]
    other = visit(_address(page))
    other.get_by_text(named, exact=True).wait_for()
    assert other.get_by_role("tab", name="Slice performance").get_attribute("aria-selected") == "true"

    page = visit("/confidence?confidence.what=spatial")
    page.get_by_role("slider", name="Accept from this album probability").press("ArrowLeft")
    page.wait_for_url("**confidence.accept*")
    settle(page)
    said = page.get_by_role("slider", name="Accept from this album probability").get_attribute("aria-valuenow")
    other = visit(_address(page))
    assert other.get_by_role("slider", name="Accept from this album probability").get_attribute("aria-valuenow") == said
    assert other.get_by_role("radio", name="spatial").get_attribute("aria-checked") == "true"


def _address(page: Page) -> str:
    address = urlsplit(page.url)
    return f"{address.path}?{address.query}"
