"""What people do, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.moves import choose_first_text, press_first_cell, settle

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page, Request

pytestmark = pytest.mark.browser
Visit = Callable[..., "Page"]
TEXT = "The town weighed its bread against an iron pound that had been stamped in 1804 and lay in the museum now."
PATHS = (
    "/",
    "/validate",
    "/history",
    "/monitoring",
    "/label",
    "/adjudicate",
    "/progress",
    "/launch",
    "/search",
    "/runs",
    "/map",
    "/confusion",
    "/confidence",
    "/errors",
    "/explain",
    "/geometry",
    "/import",
    "/audit",
)


def _wait_for_charts(page: Page, number: int) -> None:
    """Charts are drawn by the browser after the page has run, and on a busy machine not at once; the number is exact."""
    charts = page.locator("[data-testid=stPlotlyChart] .js-plotly-plot")
    charts.nth(number - 1).wait_for()
    assert charts.count() == number


def test_a_link_to_a_page_works_on_the_very_first_visit(visit: Visit) -> None:
    page = visit("/validate")
    assert page.get_by_role("dialog").count() == 0
    assert page.get_by_role("heading", level=1).inner_text() == "Validate"


def test_control_enter_validates_and_the_verdict_comes_first(visit: Visit) -> None:
    page = visit("/validate")
    page.get_by_label("Concept", exact=True).fill(TEXT)
    page.keyboard.press("Control+Enter")
    page.get_by_text("What to change").wait_for()
    settle(page)
    heading = page.get_by_role("heading", level=3).first.inner_text()
    assert heading.split(" — ")[0].split()[-1] in ("ACCEPT", "ACCEPT_HYBRID", "ACCEPT_BLACK", "REJECT")
    _wait_for_charts(page, 6)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as JSON lines").click()
    kept = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    assert kept["text"] == TEXT and kept["verdict"] in heading.replace("\\", "")


def test_a_row_of_many_opens_below_the_table(visit: Visit) -> None:
    page = visit("/validate?validate.mode=Many+concepts&validate.way=Folder")
    page.locator("input[aria-label='File or folder']").click()
    page.get_by_role("option", name="set").click()
    page.get_by_role("button", name="Validate all").click()
    table = page.locator("[data-testid=stDataFrame]").first
    table.wait_for()
    settle(page)
    assert page.get_by_text("How clear each axis is", exact=True).count() == 0
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 18, box["y"] + 53)
    page.get_by_text("How clear each axis is", exact=True).wait_for()


def test_a_training_goes_on_when_its_tab_is_closed_and_is_found_by_its_address(visit: Visit, home: Path) -> None:
    page = visit("/launch")
    page.get_by_role("button", name="Launch", exact=True).click()
    page.get_by_role("button", name="Cancel").wait_for()
    address = urlsplit(page.url)
    run_id = parse_qs(address.query)["run"][0]
    page.get_by_text("Training on the other songs").first.wait_for()
    page.close()
    page = visit(f"{address.path}?{address.query}")
    assert "It is being trained." in page.locator("[data-testid=stMain]").inner_text()
    assert page.locator("input[aria-label='Model']").input_value() == run_id
    page.get_by_text("It is trained.").wait_for(timeout=120_000)
    settle(page)
    page.locator(".curves polyline.line").nth(8).wait_for()  # five folds, album and three axes
    assert page.get_by_role("img", name="Validation loss").count() == 1
    assert page.get_by_role("img", name="Accuracy so far on held-out groups").count() == 1
    assert page.get_by_role("button", name="Cancel").count() == 0
    result = home / "runs" / run_id / "attempts" / "0001" / "result.json"
    assert json.loads(result.read_text(encoding="utf-8"))["status"] == "done"
    page.get_by_role("link", name="See its figures among the models").click()
    page.get_by_role("heading", level=1, name="Runs").wait_for()
    settle(page)
    assert parse_qs(urlsplit(page.url).query)["runs.run"] == [run_id]


def _note(asked: list[str], request: Request) -> None:
    asked.append(request.url)


def _note_text(told: list[str], line: ConsoleMessage) -> None:
    told.append(line.text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone_and_none_calls_out(visit: Visit, scheme: str) -> None:
    for path in PATHS:
        page = visit("/", width=390, scheme=scheme)
        asked: list[str] = []
        page.on("request", partial(_note, asked))
        told: list[str] = []
        page.on("console", partial(_note_text, told))
        page.goto(page.url.rstrip("/") + path)
        page.wait_for_selector("[data-testid=stMain] h1")
        settle(page)
        wide = page.evaluate(
            "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }"
        )
        assert wide <= 1, path
        assert page.locator("[data-testid=stException]").count() == 0, path
        assert not [url for url in asked if _outside(url)], path
        assert not [line for line in told if "Content Security Policy" in line or "Content-Security-Policy" in line], path


def _outside(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).hostname != "127.0.0.1"


def test_a_pressed_cell_shows_its_texts_and_one_of_them_is_validated(visit: Visit) -> None:
    page = visit("/validate")
    page.get_by_label("Concept", exact=True).fill("Typed before, and not sent")
    page.get_by_role("link", name="Confusion", exact=True).click()
    page.get_by_role("heading", level=1, name="Confusion").wait_for()
    settle(page)
    press_first_cell(page)
    asked = parse_qs(urlsplit(page.url).query)
    assert asked["confusion.truth"] == asked["confusion.answer"]
    choose_first_text(page)
    page.get_by_role("button", name="Put it into the Validate form").click()
    page.get_by_role("link", name="It is in the form").click()
    page.get_by_role("heading", level=1, name="Validate").wait_for()
    settle(page)
    assert page.get_by_label("Concept", exact=True).input_value() not in ("", "Typed before, and not sent")
    page.get_by_role("button", name="Validate", exact=True).click()
    page.get_by_text("What to change").wait_for()
