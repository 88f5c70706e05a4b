"""The pages on adding a kind of thing run: all Python blocks of a page, in their order, in a process of their own.

A new page in docs/dev/adding/ is taken without a change here. Its blocks assert what they show.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rebracket_core.registry import GROUPS

ROOT = Path(__file__).parents[2]
PAGES = sorted(page for page in (ROOT / "docs" / "dev" / "adding").glob("*.md") if page.name != "README.md")
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def script(page: str) -> str:
    """The Python blocks of a page as one script whose lines have the numbers that they have on the page."""
    lines = [""] * (page.count("\n") + 1)
    for block in _BLOCK.finditer(page):
        first = page.count("\n", 0, block.start(1))
        code = block.group(1).splitlines()
        lines[first : first + len(code)] = code
    return "\n".join(lines) + "\n"


def run(page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / f"{page.stem}.py"
    file.write_text(script(page.read_text(encoding="utf-8")), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "REBRACKET_HOME": str(folder / "home"), "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, str(file)], capture_output=True, text=True, env=env, cwd=folder, timeout=300)


def groups() -> set[str]:
    """The groups of entry points of all registries in the engine, read from the code."""
    found = set()
    for path in (ROOT / "rebracket_core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).partition("[")[0] == "Registry":
                found |= {str(ast.literal_eval(part.value)) for part in node.keywords if part.arg == "group"}
    return found


def test_the_index_names_every_page_and_every_kind_has_one() -> None:
    index = (ROOT / "docs" / "dev" / "adding" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[[\w ]+\]\(([\w-]+)\.md\) \| .+ \| `([\w.]+)` \|$", index, re.MULTILINE)
    assert {page for page, _ in rows} == {page.stem for page in PAGES}
    assert {group for _, group in rows} == groups() == set(GROUPS) and len(rows) == len(GROUPS) > 10


def test_a_page_says_how_another_package_brings_its_kind() -> None:
    index = (ROOT / "docs" / "dev" / "adding" / "README.md").read_text(encoding="utf-8")
    for page, group in re.findall(r"\]\(([\w-]+)\.md\) \| .+ \| `([\w.]+)` \|", index):
        assert group in (ROOT / "docs" / "dev" / "adding" / f"{page}.md").read_text(encoding="utf-8"), f"{page}: {group}"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "assert " in script(text), f"{page.name} shows nothing that could fail"
    done = run(page, tmp_path)
    assert done.returncode == 0, f"{page.name}:\n{done.stderr}"


def test_a_page_that_is_wrong_fails_with_its_line(tmp_path: Path) -> None:
    page = tmp_path / "wrong.md"
    page.write_text("# Wrong\n\n```python\nx = 1\n```\n\nand\n\n```python\nassert x == 2\n```\n", encoding="utf-8")
    done = run(page, tmp_path)
    assert done.returncode == 1 and "line 10" in done.stderr
