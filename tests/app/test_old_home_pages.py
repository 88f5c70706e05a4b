"""A home that version 0.1 made, in the browser: every page opens on it, and what people left there is to be seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.contract.old_home import expected, renew_monitoring, unpack
from tests.support.app_pages import PAGES, Open

OLD = expected()


@pytest.fixture(scope="module")
def old_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The old home; pages may write to it."""
    home = unpack(tmp_path_factory.mktemp("old"), cache=trained_home / "cache")
    renew_monitoring(home)
    return home


@pytest.fixture
def open_old(old_home: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A function that opens a page over the old home."""
    monkeypatch.setenv("REBRACKET_HOME", str(old_home))
    return open_page


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(page: str, open_old: Open) -> None:
    app = open_old(page)
    assert not app.exception and not app.error, [element.value for element in (*app.exception, *app.error)]
    assert len(app.title) == 1


@pytest.mark.slow
def test_what_people_left_is_on_some_page(open_old: Open) -> None:
    """No page is named here, since they move: what was kept must be found by somebody who opens them all."""
    seen = "\n".join(_everything(open_old(page)) for page in PAGES)
    wanted = {
        "a run": OLD["runs"]["dropout"],
        "an interrupted run": OLD["runs"]["interrupted"],
        "a tag": OLD["note"]["tags"][0],
        "a kept verdict": OLD["texts"][0][:40],
        "a labelling project": "First round",
        "the search": OLD["search"]["search_id"],
        "a data set": "others",
    }
    missing = [name for name, said in wanted.items() if said not in seen]
    assert not missing, missing


def _everything(app: AppTest) -> str:
    """All that a page holds: words, choices, tables."""
    tables = [table.value.to_csv() for table in (*app.dataframe, *app.table)]
    return "\n".join([*(str(getattr(element, "proto", "")) for element in _elements(app.main)), *tables])


def _elements(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        yield child
        if hasattr(child, "children"):
            yield from _elements(child)
