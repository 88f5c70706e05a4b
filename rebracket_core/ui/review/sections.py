"""The registered sections of a review on a page: each is drawn from its own description, some with more to press."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import plotly.graph_objects as go
import streamlit as st

from rebracket_core.reports.sections import REVIEW_SECTIONS, Note, ReviewContext, ReviewSection, Table
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.figure import show
from rebracket_core.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """A review page: its name, which begins the keys of its widgets, the workbench, and what its sections are made from."""

    name: str
    workbench: Workbench
    context: ReviewContext


class Drawer(Protocol):
    """A function that draws a section with more than its blocks: cells to press, thresholds to move."""

    def __call__(self, page: ReviewPage, section: ReviewSection, *, chosen: str) -> None:
        """Draw the section for the chosen value, "" where there is nothing to choose."""


def sections_of(page: str) -> list[ReviewSection]:
    """The registered sections that stand on a page, in their order."""
    return [section for section in REVIEW_SECTIONS if section.page == page]


def show_sections(page: ReviewPage, *, drawers: Mapping[str, Drawer] | None = None) -> None:
    """Draw all sections of a page one below the other; `drawers` is section name → what draws it in another way."""
    for section in sections_of(page.name):
        st.subheader(section.label, anchor=False)
        show_section(page, section, drawer=(drawers or {}).get(section.name))


def show_section_tabs(page: ReviewPage, *, key: str, drawers: Mapping[str, Drawer] | None = None) -> None:
    """Draw the sections of a page as tabs; only the open one is computed, and the address names it under `key`."""
    sections = sections_of(page.name)
    for tab, section in zip(st.tabs([s.label for s in sections], key=key, bind="query-params"), sections, strict=True):
        if tab.open:
            with tab:
                show_section(page, section, drawer=(drawers or {}).get(section.name))


def show_section(page: ReviewPage, section: ReviewSection, *, drawer: Drawer | None = None) -> None:
    """Draw one section: its help, its choice, and its blocks or what a drawer makes of it; an error is drawn as a box."""
    st.caption(section.help)
    if lacking := page.context.lacking(section):
        st.caption(f"It needs what this page does not have: {', '.join(lacking)}.")
        return
    with guard():
        chosen = chosen_value(page, section)
        if drawer is not None:
            drawer(page, section, chosen=chosen)
        else:
            show_blocks(section.show(page.context, chosen=chosen), key=f"{page.name}.{section.name}")


def chosen_value(page: ReviewPage, section: ReviewSection) -> str:
    """Draw the choice of a section (in the address) and return what is chosen; "" where there is nothing to choose."""
    choice = section.choice
    if choice is None:
        return ""
    chosen = st.segmented_control(
        choice.label,
        list(choice.values),
        default=choice.values[0],
        required=True,
        key=f"{page.name}.{choice.name}",
        bind="query-params",
        format_func=choice.words,
    )
    return str(chosen) if chosen in choice.values else choice.values[0]


def show_blocks(blocks: Sequence[go.Figure | Note | Table], *, key: str) -> None:
    """Draw blocks in their order; two figures that follow each other stand side by side."""
    at = 0
    while at < len(blocks):
        block = blocks[at]
        if isinstance(block, Note):
            st.text(block.text)
        elif isinstance(block, Table):
            st.dataframe(list(block.rows), hide_index=True, alt=block.alt)
        elif at + 1 < len(blocks) and isinstance(blocks[at + 1], go.Figure):
            for place, figure in zip(st.columns(2), blocks[at : at + 2], strict=True):
                with place:
                    show(figure, key=f"{key}.{blocks.index(figure)}")
            at += 1
        else:
            show(block, key=f"{key}.{at}")
        at += 1
