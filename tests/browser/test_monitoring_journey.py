"""From verdicts to a sample of them on the labelling desk, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.moves import settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
Visit = Callable[..., "Page"]
TEXTS = {"A bell that was cast in 1804.", "A tower that will be forgotten."}


def test_what_came_in_is_counted_and_a_sample_of_it_lies_on_the_desk(visit: Visit) -> None:
    page = visit("/validate?validate.mode=Many+concepts&validate.way=Folder")
    page.locator("input[aria-label='File or folder']").click()
    page.get_by_role("option", name="set").click()
    page.get_by_role("button", name="Validate all").click()
    page.locator("[data-testid=stDataFrame]").first.wait_for()
    settle(page)
    page.get_by_role("link", name="Monitoring").first.click()
    page.get_by_role("heading", level=1, name="Monitoring").wait_for()
    settle(page)
    assert page.locator("[data-testid=stMetricValue]").first.inner_text() == "2"
    page.locator("[data-testid=stPlotlyChart] .js-plotly-plot").nth(2).wait_for()
    assert page.get_by_text("Drift is not tested:").count() == 1  # two texts are too few, and it says so
    page.get_by_label("Your name").fill("Ann")
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("Name of the project").fill("What came in")
    page.get_by_role("button", name="Make the project").click()
    page.get_by_role("link", name="Label it").click()
    page.locator(".desk .concept").wait_for()
    assert page.locator(".desk .concept").inner_text() in TEXTS
