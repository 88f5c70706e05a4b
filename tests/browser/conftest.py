"""A real server and a real browser: headless Chromium of the system."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.app_server import AppServer
from tests.support.moves import settle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path(os.environ.get("REBRACKET_CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser; the tests are skipped where the system has none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM} (set REBRACKET_CHROMIUM)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def app_url(home: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the app over a trained home of its own, with a folder opened for validation."""
    root = tmp_path / "root" / "set"
    root.mkdir(parents=True)
    (root / "two.txt").write_text("A bell that was cast in 1804.\n\nA tower that will be forgotten.", encoding="utf-8")
    server = AppServer(home, log=tmp_path / "server.log", env={"REBRACKET_VALIDATE_ROOT": str(root.parent)})
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@pytest.fixture
def visit(chromium: Browser, app_url: str) -> Iterator[Callable[..., Page]]:
    """A function that opens an address of the app in a fresh window: (path, width, scheme) → the settled page."""
    contexts = []

    def go(path: str, *, width: int = 1280, scheme: str = "light") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(app_url + path)
        settle(page)
        return page

    yield go
    for context in contexts:
        context.close()
