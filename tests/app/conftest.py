"""The app, opened as a browser would open it: from app.py."""

from __future__ import annotations

import pytest
from app_pages import ROOT, Open
from streamlit.testing.v1 import AppTest


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """A function that opens a page by its file, having started at app.py."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("REBRACKET_VALIDATE_ROOT", raising=False)
    monkeypatch.delenv("REBRACKET_DB", raising=False)

    def go(page: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
        return app.switch_page(page).run()

    return go
