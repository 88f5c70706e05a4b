"""What people read on pages, in charts, reports and commands follows the glossary, and has none of its left column."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CORE = ROOT / "rebracket_core"
FILES = sorted(
    [*(ROOT / "pages").rglob("*.py"), *(p for room in ("ui", "charts", "reports", "cli") for p in (CORE / room).rglob("*.py"))]
)
GONE = re.compile(
    r"\bin use\b|put to use|go back to the run|album right|share right|\bunseen\b|had not met|\bledger\b|\blamps?\b|left aside|"
    r"take away|bring in|hand over|smallest edits|middle half|oddly quick|second look|what caution buys|half within|"
    r"0\.95 within|"
    r"truth and answer|not judged|could not be judged|learn(ed|t) from|\bstrangeness\b|row-split twins|in hand|share by chance|"
    r"blind share|hidden repeats|make small|count words|what learns",
    re.IGNORECASE,
)


def said_in(path: Path) -> Iterator[tuple[int, str]]:
    """The texts that a file holds, with their lines; docstrings, keys and file names are none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    first = (node.body[0] for node in ast.walk(tree) if isinstance(node, documented) and ast.get_docstring(node))
    docs = {id(said.value) for said in first if isinstance(said, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs and " " in node.value:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_phrase_of_the_old_dialect_is_read(path: Path) -> None:
    assert [(line, text) for line, text in said_in(path) if GONE.search(text)] == []


def test_the_phrases_are_found_where_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text('"""Docs of the run in use."""\nst.text("The run in use")\nst.text(f"Album right on {x}: 1")\n')
    assert [line for line, text in said_in(path) if GONE.search(text)] == [2, 3]
