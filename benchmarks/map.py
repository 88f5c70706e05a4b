"""The Map page against a bare Streamlit page with the same Plotly points, and what the road to a map costs."""

from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.heads import DIM, ROWS, made_rows
from benchmarks.ratio import paired
from rebracket_core.maps import MapMethod, MapQuality, MapSpec, Projection, pca, place, write_map
from rebracket_core.rainbow import ALBUM_NAMES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
CHROMIUM = os.environ.get("REBRACKET_CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
MANY = (100_000, 1_000_000)
PAINTED = """() => [...document.querySelectorAll('*')].some(
  e => (e.shadowRoot ?? e).querySelector?.('canvas[data-painted]'))"""
PLOTTED = """() => { const g = document.querySelector('.js-plotly-plot');
  return !!(g && g._fullData?.length && g.querySelector('canvas')) }"""
TABLED = """() => [...document.querySelectorAll('[data-testid=stDataFrame] table[aria-rowcount]')].some(
  t => +t.getAttribute('aria-rowcount') > 500)"""
BARE = """
import numpy as np, plotly.graph_objects as go, streamlit as st
st.set_page_config(layout="wide")
data = np.load({path!r}, allow_pickle=False)
figure = go.Figure()
for k in range(9):
    at = data["album"] == k
    figure.add_trace(go.Scattergl(x=data["places"][at, 0], y=data["places"][at, 1], mode="markers", name=str(k)))
st.title("Bare", anchor=False)
st.plotly_chart(figure, key="points", on_select="rerun")
"""


def maps(*, rounds: int = 5) -> Iterator[dict[str, Any]]:
    """The figures of the Map page, over projections made for timing (no texts of anyone)."""
    yield from _placing()
    yield _first_against_umap()
    with TemporaryDirectory() as folder:
        yield from _pages(Path(folder), rounds=rounds)


def _placing() -> Iterator[dict[str, Any]]:
    x = made_rows(ROWS, DIM).x
    places = pca(x, dims=2).places
    times = [_seconds(partial(place, x[i], vectors=x, places=places)) for i in range(41)][1:]
    yield {
        "what": f"a new text placed among {ROWS:,}, beyond its encoding",
        "target": "<= 50 ms",
        "value": f"**{median(times) * 1e3:.1f} ms** (longest of 40: {max(times) * 1e3:.1f} ms)",
    }


def _first_against_umap() -> dict[str, Any]:
    """The first map with its quality against a cold UMAP, each in a process of its own."""
    code = (
        "import time; from benchmarks.heads import made_rows, ROWS, DIM; from rebracket_core.maps.reducers import fit;"
        "from rebracket_core.maps.quality import map_quality;"
        "from rebracket_core.maps.spec import MapMethod, MapSpec;"
        "x = made_rows(ROWS, DIM).x; t = time.perf_counter();"
        "s = MapSpec(dataset='d', digest='0', encoder='e', encoder_id='e', method=MapMethod('{method}'));"
        "p = fit(x, s, stage=lambda *a: None); map_quality(x, p.places, seed=0, most={most});"
        "import sys; sys.__stdout__.write('SECONDS %.3f' % (time.perf_counter() - t))"
    )
    seconds = {}
    for method, most in (("pca", 1000), ("umap", 1000)):
        out = subprocess.run(
            [sys.executable, "-c", code.format(method=method, most=most)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "NUMBA_CACHE_DIR": ""},
        )
        seconds[method] = float(out.stdout.rsplit("SECONDS ", 1)[1])
    shown = f"({seconds['pca']:.2f} s against {seconds['umap']:.1f} s, once)"
    return {
        "what": f"first map (PCA, {ROWS:,} x {DIM}) with its quality, against a cold UMAP with the same",
        "target": "<= 0.05",
        "value": f"**{seconds['pca'] / seconds['umap']:.3f}** {shown}",
    }


def _pages(folder: Path, *, rounds: int) -> Iterator[dict[str, Any]]:
    from playwright.sync_api import sync_playwright

    home = folder / "home"
    made = {n: _stored(home, n) for n in (ROWS, *MANY)}
    np.savez(folder / "points.npz", places=made[ROWS][1], album=made[ROWS][2])
    (folder / "bare.py").write_text(BARE.format(path=str(folder / "points.npz")), encoding="utf-8")
    ours = [sys.executable, "-m", "rebracket_core.ui", "run", "app.py"]
    bare = [sys.executable, "-m", "streamlit", "run", str(folder / "bare.py")]
    with _served(ours, home) as app, _served(bare, home) as plain, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        name = made[ROWS][0]

        def open_map(dataset: str) -> Callable[[], None]:
            return lambda: _visit(browser, f"{app}/map?dataset={dataset}", PAINTED).context.close()

        yield {
            "what": f"Map page, {ROWS:,} points, first paint against a bare page with the same Plotly points",
            "target": "<= 1.3",
            "result": paired(open_map(name), lambda: _visit(browser, plain, PLOTTED).context.close(), rounds=rounds),
        }
        yield from _on_the_page(browser, f"{app}/map?dataset={name}", rounds=rounds)
        for n in MANY:
            yield {
                "what": f"Map page, {n:,} points, first paint against {ROWS:,}",
                "target": "<= 2",
                "result": paired(open_map(made[n][0]), open_map(name), rounds=rounds),
            }
        browser.close()


def _on_the_page(browser: Browser, url: str, *, rounds: int) -> Iterator[dict[str, Any]]:
    paint, colour, table, received, again = [], [], [], 0, 0
    for _ in range(rounds):
        got: list[int] = []
        start = time.perf_counter()
        page = _visit(browser, url, PAINTED, got=got)
        paint.append(time.perf_counter() - start)
        page.wait_for_timeout(600)
        received = sum(got)
        got.clear()
        page.locator("input[aria-label='Colour by']").click()
        start = time.perf_counter()
        page.get_by_role("option", name="source").click()
        page.locator("canvas[data-painted*='source']").wait_for()
        colour.append(time.perf_counter() - start)
        again = sum(got)
        table.append(_lasso(page))
        heading = page.get_by_role("heading", name="selected").inner_text()
        page.context.close()
    yield {
        "what": f"re-colour, {ROWS:,} points, against its first paint (coordinates are not sent again)",
        "target": "<= 0.5",
        "value": f"**{median(colour) / median(paint):.2f}** ({median(colour):.2f} s against {median(paint):.2f} s; "
        f"{again / 1e3:.0f} kB)",
    }
    yield {
        "what": f"lasso of {heading.split()[0]} points to their table, {ROWS:,} points",
        "target": "<= 1 s for 1,000",
        "value": f"**{median(table):.2f} s** (longest of {rounds}: {max(table):.2f} s)",
    }
    yield {
        "what": f"data to the browser, {ROWS:,} points, beginnings of texts included",
        "target": "<= 2 MB without the texts",
        "value": f"**{received / 1e6:.2f} MB**",
    }


def _lasso(page: Page, *, radius: int = 45) -> float:
    """Seconds from letting the mouse go to the table of about a thousand texts."""
    box = page.locator("canvas[role=img]").bounding_box()
    assert box is not None
    x, y, r = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, radius
    page.mouse.move(x + r, y)
    page.mouse.down()
    for k in range(1, 25):
        page.mouse.move(x + r * math.cos(k / 24 * math.tau), y + r * math.sin(k / 24 * math.tau))
    start = time.perf_counter()
    page.mouse.up()
    page.wait_for_function(TABLED)
    return time.perf_counter() - start


def _visit(browser: Browser, url: str, ready: str, *, got: list[int] | None = None) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 1300}).new_page()
    if got is not None:
        page.on("websocket", lambda s: s.on("framereceived", lambda frame: got.append(len(frame))))
    page.goto(url)
    page.wait_for_function(ready, timeout=120_000)
    return page


def _stored(home: Path, n: int) -> tuple[str, np.ndarray, np.ndarray]:
    """A stored map of n points around clusters, under a data set of its own: (its name, places, albums)."""
    import pyarrow as pa

    from rebracket_core.corpus import Library, ReadReport, make_frame
    from rebracket_core.jobs.kinds import create_map
    from rebracket_core.settings import Settings

    settings, name = Settings.from_env({"REBRACKET_HOME": str(home)}), f"points-{n}"
    frame = make_frame([{"row_id": f"r{k}", "group_id": "g", "concept": f"point {k} of {n}"} for k in range(8)])
    meta = Library(settings.library).add(frame, name=name, source="made", report=ReadReport(8)).meta
    rng = np.random.default_rng(0)
    cluster = rng.integers(0, 60, n)
    places = (rng.normal(size=(60, 2))[cluster] * 9 + rng.normal(size=(n, 2))).astype(np.float32)
    album, source = cluster % 9, rng.integers(0, 4, n)
    words = pa.array([f"made point {k} with a beginning as long as those that are shown on hover, or so" for k in range(n)])
    songs = [f"s{k}" for k in range(60)]
    coded = {"origin": (source, list("abcd")), "group_id": (cluster, songs), "album": (album, ALBUM_NAMES)}
    table = pa.table(
        {
            "row_id": [f"r{k}" for k in range(n)],
            "text": words,
            "title": [""] * n,
            "n_rows": [1] * n,
            **{
                column: pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(list(names)))
                for column, (codes, names) in coded.items()
            },
        }
    )
    spec = MapSpec(dataset=name, digest=meta.digest, encoder="minilm", encoder_id="made", method=MapMethod.UMAP)
    quality = MapQuality(n=n, measured=n, k=15, knn_preservation=0.2, chance=15 / n, trustworthiness=0.9, continuity=0.9)
    write_map(
        create_map(settings, spec).path,
        rows=table,
        projection=Projection(places),
        vectors=None,
        quality=quality,
        trust=rng.random(n).astype(np.float32),
    )
    return name, places, album


@contextmanager
def _served(command: list[str], home: Path) -> Iterator[str]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    server = subprocess.Popen(
        [
            *command,
            "--server.port",
            str(port),
            "--server.address",
            "127.0.0.1",
            "--server.headless",
            "true",
            "--browser.gatherUsageStats",
            "false",
        ],
        cwd=ROOT,
        env={**os.environ, "REBRACKET_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).read()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
