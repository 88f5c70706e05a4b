"""From the press of Launch to the first metric on screen, and how long the page takes to draw itself anew while it trains."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rebracket_core.jobs import JobFolder, job_state, metric_points
from rebracket_core.settings import Settings
from rebracket_core.workbench import Workbench

ROUNDS = 3
_CHROMIUM = Path("/usr/bin/chromium")
_LATEST_S = 120.0
# So many drawings of the page are timed a round; the training is cancelled then.
_DRAWN = 15
_OVER = re.compile("It is trained|It was cancelled")
# Notes when the page begins and ends a run of its script.
_NOTE = """() => {
  window.drawn = []; let since = null;
  new MutationObserver(() => {
    const state = document.querySelector('[data-testid=stApp]').dataset.testScriptState;
    if (state === 'running' && since === null) since = performance.now();
    if (state === 'notRunning' && since !== null) { window.drawn.push(performance.now() - since); since = null; }
  }).observe(document.body, {subtree: true, attributes: true, attributeFilter: ['data-test-script-state']});
}"""


def launches(bench: Workbench) -> Iterator[dict[str, Any]]:
    """Runs on the starter corpus, whose vectors are in the cache before the first is timed."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "cache").mkdir()
        shutil.copytree(bench.settings.cache / "encoders", home / "cache" / "encoders", symlinks=True)
        own = Workbench(Settings(home=home, database_url=f"sqlite:///{home / 'workbench.db'}"))
        own.datasets.import_starter()
        _trained(own)
        yield _first_point(own)
        yield from _on_screen(home)


def _trained(bench: Workbench) -> str:
    """A run that went through: all texts are in the cache then."""
    run_id = bench.training.launch("starter")
    folder = JobFolder(bench.settings.runs / run_id)
    while job_state(folder).status.active:
        time.sleep(0.1)
    return run_id


def _first_point(bench: Workbench) -> dict[str, Any]:
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        folder = JobFolder(bench.settings.runs / bench.training.launch("starter"))
        while not metric_points(folder) and time.perf_counter() - start < _LATEST_S:
            time.sleep(0.01)
        seconds.append(time.perf_counter() - start)
        while job_state(folder).status.active:
            time.sleep(0.1)
    shown = ", ".join(f"{s:.2f}" for s in seconds)
    what = "launch to the first metric in the run's folder by a fresh worker, heads on cached vectors (starter)"
    return {"what": what, "target": "<= 3 s", "value": f"**{np.median(seconds):.2f} s** ({shown})"}


def _on_screen(home: Path) -> Iterator[dict[str, Any]]:
    """The same in a browser: from the press to the first curve, and the page's drawings of each second after it."""
    from playwright.sync_api import TimeoutError as TooLate, sync_playwright
    from tests.browser.app_server import AppServer

    if not _CHROMIUM.exists():
        yield {"what": "launch to the first metric on screen", "target": "<= 3 s", "value": f"not measured: no {_CHROMIUM}"}
        return
    server = AppServer(home, log=home / "server.log")
    server.start()
    try:
        with sync_playwright() as driver:
            flags = ["--headless", "--no-sandbox", "--disable-gpu"]
            browser = driver.chromium.launch(executable_path=str(_CHROMIUM), args=flags)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(_LATEST_S * 1e3)
            seconds, drawn = [], []
            for _ in range(ROUNDS):
                page.goto(f"{server.url}/launch")
                page.get_by_text("New training", exact=True).click()
                button = page.get_by_role("button", name="Launch", exact=True)
                button.wait_for()
                page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
                start = time.perf_counter()
                button.click()
                page.wait_for_selector(".curves polyline.line")
                seconds.append(time.perf_counter() - start)
                page.evaluate(_NOTE)
                page.wait_for_function(f"window.drawn.length >= {_DRAWN} || document.body.innerText.includes('It is trained')")
                drawn += page.evaluate("window.drawn")
                with contextlib.suppress(TooLate):  # it may end by itself before the press
                    page.get_by_role("button", name="Cancel", exact=True).click(timeout=2000)
                page.get_by_text(_OVER).first.wait_for()
            browser.close()
    finally:
        server.stop()
    shown = ", ".join(f"{s:.2f}" for s in seconds)
    yield {
        "what": "launch to the first metric on screen, heads on cached vectors (starter)",
        "target": "<= 3 s",
        "value": f"**{np.median(seconds):.2f} s** ({shown})",
    }
    yield {
        "what": f"page drawn anew while it trains, p95 of {len(drawn)}",
        "target": "<= 200 ms",
        "value": f"**{np.quantile(drawn, 0.95):.0f} ms** (p50 {np.median(drawn):.0f} ms)" if drawn else "none was seen",
    }
