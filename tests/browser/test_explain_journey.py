"""From a cell of the confusion table to a text, its explanation, a counterfactual, and its verdict; a link restores it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.moves import choose_first_text, press_first_cell, settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
Visit = Callable[..., "Page"]
WORKED_S = 240_000  # on a busy machine; the pages themselves say what they are at


def _explained(page: Page) -> str:
    """What the page says of the margin, once all is checked."""
    page.get_by_text("Both must beat 19 of 20").wait_for(timeout=WORKED_S)
    settle(page)
    return page.get_by_text(" leads ").first.inner_text()


def _find(page: Page, goal: str) -> bool:
    """Whether edits were found that reach a goal, chosen from the list by a part of its words."""
    wanted = page.get_by_role("option").filter(has_text=goal).first
    for _ in range(5):  # a part of the page that is drawn anew at that moment closes the list
        page.get_by_label("To reach", exact=False).click()
        page.wait_for_timeout(1500)
        if wanted.is_visible():
            break
    wanted.click()
    settle(page)
    page.get_by_role("button", name="Find word changes").click()
    page.get_by_text("Trying word edits").first.wait_for()
    page.get_by_text("Tried in").first.wait_for(timeout=WORKED_S)
    settle(page)
    return page.get_by_text("The fewest word changes of those that were tried").is_visible()


def test_from_a_cell_to_a_verdict_and_a_link_that_restores_the_explanation(visit: Visit) -> None:
    page = visit("/confusion")
    press_first_cell(page)
    choose_first_text(page)
    page.get_by_role("link", name="Explain its prediction").click()
    page.get_by_role("heading", level=1, name="Explain").wait_for()
    said = _explained(page)
    assert any(
        _find(page, goal) for goal in ("to be ", "Indigo", "Orange", "Green", "Red", "Violet", "Blue", "Yellow", "temporal: ")
    )
    address = urlsplit(page.url)
    assert {"explain.text", "explain.run"} <= set(parse_qs(address.query))
    other = visit(f"{address.path}?{address.query}")
    assert _explained(other) == said
    edited = other.get_by_role("button", name="Put it into the Validate form").first
    edited.click()
    other.get_by_role("link", name="It is in the form").click()
    other.get_by_role("heading", level=1, name="Validate").wait_for()
    settle(other)
    text = parse_qs(address.query)["explain.text"][0]
    assert other.get_by_label("Concept", exact=True).input_value() not in ("", " ".join(text.split()))
    other.get_by_role("button", name="Validate", exact=True).click()
    other.get_by_role("heading", name="Word changes that flip the result").wait_for()
    other.get_by_role("link", name="Which words the prediction rests on").wait_for()
