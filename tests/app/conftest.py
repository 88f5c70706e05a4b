"""The app, opened as a browser would open it: from app.py."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rebracket_core.jobs import LocalLauncher
from tests.conftest import copy_home
from tests.support.app_pages import ROOT, Open
from tests.support.busy import make_busy


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


@pytest.fixture(scope="session")
def busy_template(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two labelling projects, three runs (one leaked, one interrupted) and three data sets; not to be changed."""
    folder = tmp_path_factory.mktemp("busy")
    return make_busy(copy_home(trained_home, folder / "home"), folder)


@pytest.fixture
def busy_home(busy_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the busy home, the environment that points at it, and workers that do nothing."""
    mine = tmp_path / "home"
    shutil.copytree(busy_template, mine, symlinks=True)
    monkeypatch.setenv("REBRACKET_HOME", str(mine))
    monkeypatch.setattr(LocalLauncher, "launch", lambda _, folder: folder.new_attempt())
    return mine
