"""The pages of the workbench: each declares itself at the head of its own file, and they are collected and linked here."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from rebracket_core.errors import ConfigError
from rebracket_core.registry import Registry
from rebracket_core.ui.kit.engine import bench
from rebracket_core.workbench import Workbench

ROOT = Path(__file__).resolve().parents[2]
AREAS = {"home": "", "concepts": "Concepts", "annotate": "Annotate", "train": "Train", "review": "Review", "library": "Library"}
"""Folder below pages/ → heading in the navigation, in its order; other folders follow under their own names."""
HOME = "overview"
_PAGE_HERE, _ADDRESSES = "site.page", "site.addresses"

Empty = tuple[str | tuple[str, str], ...]
"""What is missing, in a sentence, and the (page, label) of each link that helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSpec:
    """A page as it declares itself. `PAGE = PageSpec(...)` stands in the page's file, with literal values only.

    Args:
        title: the page's title, in the navigation and on the page.
        icon: a Material icon, ":material/rule:".
        position: the place among the pages of its area, counted from 1.
        help: one sentence for the navigation.
        about: one sentence below the title.
        empty: name → what is said where something is missing, a sentence and (page, label) of the links that help.
        heading: the title on the page, where it differs.
        name: the page's address; by default its file's name.
        area: the heading above it in the navigation; by default that of its folder.
        file: the page's file, relative to the project folder or absolute; set by whoever collects it.
    """

    title: str
    icon: str
    position: int
    help: str
    about: str
    empty: Mapping[str, Empty] = field(default_factory=dict)
    heading: str = ""
    name: str = ""
    area: str | None = None
    file: str = ""

    @property
    def label(self) -> str:
        """The title."""
        return self.title

    def open(self) -> Workbench:
        """Draw title and sentence, and return the workbench."""
        st.title(self.heading or self.title, anchor=False)
        st.caption(self.about)
        return bench()

    def require(self, there: object, empty: str) -> None:
        """Stop the page unless something is there, with the empty state of this name in the page's place."""
        if not there:
            self.show_empty(empty)
            st.stop()

    def show_empty(self, empty: str) -> None:
        """Draw an empty state: what is missing in a sentence, and a link to each page that helps."""
        text, links = self.empty_state(empty)
        with st.container(border=True):
            st.text(text)
            for page, label in links:
                link(page, label)

    def empty_state(self, empty: str) -> tuple[str, list[tuple[str, str]]]:
        """The sentence of an empty state and the (page, label) of its links."""
        parts = self.empty[empty]
        return str(parts[0]), [(part[0], part[1]) for part in parts[1:] if isinstance(part, tuple)]


PAGES: Registry[PageSpec] = Registry("page", PageSpec, group="rebracket.pages")


def declared(path: Path, *, root: Path = ROOT) -> PageSpec:
    """Read what a page's file declares, without running it.

    Raises:
        ConfigError: where there is no `PAGE = PageSpec(...)` of literal values.
    """
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and ast.unparse(node.targets[0]) == "PAGE":
            try:
                given = {str(part.arg): ast.literal_eval(part.value) for part in node.value.keywords}
                spec = PageSpec(**given)
            except (ValueError, TypeError) as cause:
                raise _undeclared(path, found=str(cause)) from cause
            area = AREAS.get(path.parent.name, path.parent.name.capitalize()) if spec.area is None else spec.area
            return replace(spec, name=spec.name or path.stem, area=area, file=path.relative_to(root).as_posix())
    raise _undeclared(path, found="none")


def _undeclared(path: Path, *, found: str) -> ConfigError:
    return ConfigError(
        "A page does not declare itself.",
        expected="PAGE = PageSpec(title=..., icon=..., position=..., help=..., about=...) with literal values",
        found=found,
        hint="see docs/dev/adding/page.md",
        where=str(path),
    )


def in_order(pages: Iterable[PageSpec]) -> list[PageSpec]:
    """The pages by area and position."""
    areas = list(AREAS.values())
    return sorted(pages, key=lambda p: (areas.index(p.area) if p.area in areas else len(areas), p.area or "", p.position))


for _path in sorted((ROOT / "pages").glob("*/*.py")):
    PAGES.register(declared(_path))


def navigation() -> dict[str, list[StreamlitPage]]:
    """The pages as `st.navigation` takes them; Overview is where the address without a path leads."""
    found: dict[str, list[StreamlitPage]] = {}
    for page in in_order(PAGES):
        drawn = st.Page(
            page.file, title=page.title, icon=page.icon, url_path=page.name, help=page.help, default=page.name == HOME
        )
        found.setdefault(page.area or "", []).append(drawn)
    return found


def tab_title(title: str) -> str:
    """What the browser's tab says on a page: its title, so that several tabs can be told apart."""
    return f"{title} · Rebracket"


def current_page() -> str:
    """The name of the page that is drawn in this session, the overview before the first."""
    return str(st.session_state.get(_PAGE_HERE, HOME))


@contextmanager
def address_kept(page: str) -> Iterator[None]:
    """A `with` block around a page, in which its address says again what it said when the page was left.

    Filters stand in the address after the question mark. Streamlit forgets them when another page is opened, so that Back and
    the links of the navigation would lead to a page without them. A link that brings filters of its own is followed as it is.
    """
    kept = st.session_state.setdefault(_ADDRESSES, {})
    came = st.session_state.get(_PAGE_HERE, page) != page
    st.session_state[_PAGE_HERE] = page
    if came and not set(st.query_params) - {"person"}:
        for name, values in kept.get(page, {}).items():
            st.query_params[name] = values
    try:
        yield
    finally:
        kept[page] = {name: st.query_params.get_all(name) for name in st.query_params}


def link(page: str, label: str | None = None, *, query: Mapping[str, str] | None = None) -> None:
    """Draw a link to a page by its name, with its icon; `query` is what the address says after the question mark.

    Raises InputError, with the known names, for a page that does not exist.
    """
    spec = PAGES.get(page)
    st.page_link(spec.file, label=label or spec.title, icon=spec.icon, query_params=dict(query or {}))
