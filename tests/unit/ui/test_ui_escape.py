"""Text from data shows as written wherever Markdown is read."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, strategies as st
from markdown_it import MarkdownIt

from rebracket_core.ui.kit.markdown import escape, snippet

_RENDER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _shown(markdown: str) -> tuple[set[str], str]:
    page = _RENDER.render(f"x {markdown}")
    return set(re.findall(r"<(\w+)", page)), html.unescape(re.sub(r"<[^>]*>", "", page)).strip().removeprefix("x").strip()


@pytest.mark.parametrize(
    "text",
    [
        "**bold** _it_ `code` ~~no~~",
        "<script>alert(1)</script>",
        "[x](http://evil)",
        "![x](http://evil/i.png)",
        "http://evil.example",
        "# head",
        "$a$",
        "1. one",
        "- one",
        "| a | b |",
        "&lt;b&gt;",
        "a\\*b",
        "<!-- x -->",
    ],
)
def test_no_markup_of_a_text_is_read(text: str) -> None:
    tags, shown = _shown(escape(text))
    assert tags == {"p"}
    assert shown == text


def test_streamlits_own_directives_are_harmless() -> None:
    assert escape(":red[x] :material/home: :smile: $$x$$") == (r"\:red\[x\] \:material\/home\: \:smile\: \$\$x\$\$")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60))
def test_any_text_shows_as_written(text: str) -> None:
    tags, shown = _shown(escape(text))
    assert tags == {"p"}
    assert shown.split() == text.split()


def test_line_breaks_become_spaces() -> None:
    assert escape("one\n\n   two") == "one two"
    assert snippet("one\n two", limit=20) == "one two"
    assert snippet("abcdefgh", limit=5) == "abcd…"
