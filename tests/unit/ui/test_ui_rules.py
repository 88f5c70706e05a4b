"""The rules that every page keeps."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

from rebracket_core.errors import ConfigError
from rebracket_core.ui import site
from rebracket_core.ui.kit import figure

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "pages").glob("*/*.py"))
SOURCES = [*PAGES, ROOT / "app.py", *sorted((ROOT / "rebracket_core" / "ui").rglob("*.py"))]


def test_no_page_lies_where_streamlit_would_serve_it_past_the_app() -> None:
    assert not list((ROOT / "pages").glob("*.py"))


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(page.file for page in site.PAGES) == [p.relative_to(ROOT).as_posix() for p in PAGES]
    areas: dict[str, list[int]] = {}
    for page in site.PAGES:
        areas.setdefault(str(page.area), []).append(page.position)
    assert all(sorted(positions) == list(range(1, len(positions) + 1)) for positions in areas.values())


def _named_pages(path: Path) -> list[str]:
    """The pages that a file links to by name: `link("runs", ...)` and the links of its empty states."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "site.link" and isinstance(node.args[0], ast.Constant):
            found.append(str(node.args[0].value))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_every_link_leads_to_a_page(path: Path) -> None:
    assert set(_named_pages(path)) <= set(site.PAGES.names)


def test_every_empty_state_says_what_is_missing_and_leads_to_pages() -> None:
    for page in site.PAGES:
        for text, *links in page.empty.values():
            assert str(text).endswith(".") and {link[0] for link in links} <= set(site.PAGES.names)


def test_a_page_that_declares_nothing_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "pages" / "train" / "odd.py"
    path.parent.mkdir(parents=True)
    for text in ("import streamlit as st\n", "PAGE = PageSpec(title=name())\n", 'PAGE = PageSpec(title="Odd")\n'):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"odd\.py"):
            site.declared(path, root=tmp_path)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_a_page_is_short_and_holds_no_logic(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 150
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert not any(word in text for word in ("sqlalchemy", "torch", "groupby", "unsafe_allow"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_nothing_from_data_is_rendered_as_html(path: Path) -> None:
    text = path.read_text()
    assert "unsafe_allow" not in text and "st.html" not in text and "st.write(" not in text and "iframe" not in text


def test_navigation_comes_before_anything_can_stop_the_app() -> None:
    text = (ROOT / "app.py").read_text()
    assert "st.navigation(" in text and "st.stop" not in text


def test_the_ink_of_figures_is_still_streamlits_placeholder() -> None:
    theme = import_module("streamlit.elements.lib.streamlit_plotly_theme")
    assert figure._INK == theme.GRAY_90


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_every_widget_key_names_its_page(path: Path) -> None:
    """A key that is written out stands as "page.widget"; others carry their page from the caller."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.keyword) and node.arg == "key" and isinstance(node.value, ast.Constant):
            assert isinstance(node.value.value, str) and "." in node.value.value, f"{path.name}:{node.value.lineno}"
