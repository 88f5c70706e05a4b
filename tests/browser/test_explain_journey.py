"""From a cell of the confusion table to a text, its explanation, a counterfactual, and its verdict; a link restores it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
Visit = Callable[..., "Page"]


def _pick_first_row(page: Page) -> None:
    table = page.get_by_test_id("stDataFrame").filter(has=page.get_by_role("grid", name="Texts of")).first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 38 + 17)  # the box of the first row, below the head


def test_from_a_cell_to_a_verdict(visit: Visit) -> None:
    page = visit("/confusion?" + urlencode({"confusion.truth": "Red", "confusion.answer": "Red"}))
    page.get_by_text("Red answered Red", exact=False).wait_for()
    page.wait_for_timeout(1000)
    _pick_first_row(page)
    page.get_by_text("Explain what the run says of it").click()
    page.wait_for_url("**/explain?**")
    page.get_by_text("Both must beat 19 of 20").wait_for()
    page.get_by_role("button", name="Find the smallest edits").click()
    page.get_by_text("The fewest edits of those that were tried").wait_for()
    goal = page.get_by_text("To reach ", exact=False).first.inner_text()
    address = urlsplit(page.url)
    assert {"explain.text", "explain.run"} <= set(parse_qs(address.query))
    other = visit(f"{address.path}?{address.query}")
    other.get_by_text("Both must beat 19 of 20").wait_for()
    assert other.get_by_text("leads").first.inner_text() == page.get_by_text("leads").first.inner_text()
    assert other.get_by_text("To reach ", exact=False).first.inner_text() == goal
    page.get_by_role("button", name="Put it into the Validate form").first.click()
    page.get_by_text("It is in the form: go and validate it").click()
    page.wait_for_url("**/validate**")
    page.get_by_role("button", name="Validate", exact=True).click()
    page.get_by_role("heading", name="Smallest edits").wait_for()
    page.get_by_text("Which words the answer rests on").wait_for()
