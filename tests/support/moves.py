"""What the journeys do again and again in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def settle(page: Page) -> None:
    """Wait until the app has drawn a page and runs no more."""
    page.wait_for_selector("[data-testid=stMain] h1")
    page.wait_for_timeout(400)  # what was pressed just now has begun to run
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def press_first_cell(page: Page) -> None:
    """Press the first cell of the confusion table and wait for its texts."""
    cells = page.locator(".js-plotly-plot").first.locator(".barlayer .point path")
    cells.first.wait_for()
    cells.first.scroll_into_view_if_needed()
    settle(page)
    box = cells.first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**confusion.answer=*")
    settle(page)


def choose_first_text(page: Page) -> None:
    """Tick the first row of the texts in a cell."""
    below = page.get_by_text("Choose a row to read the whole text")
    below.scroll_into_view_if_needed()
    settle(page)
    end = below.bounding_box()
    boxes = [table.bounding_box() for table in page.locator("[data-testid=stDataFrame]").all()]
    place = max((b for b in boxes if b and end and b["y"] < end["y"]), key=lambda b: b["y"])
    page.mouse.click(place["x"] + 18, place["y"] + 53)
