"""The pages on adding a thing of a known kind: what they show runs, and checks something."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "dev" / "adding").glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = [(page.name, code) for page in PAGES for code in BLOCK.findall(page.read_text("utf-8"))]


@pytest.mark.parametrize(("page", "code"), BLOCKS, ids=[f"{page}-{k}" for k, (page, _) in enumerate(BLOCKS)])
def test_a_block_runs_by_itself(page: str, code: str) -> None:
    assert "assert " in code, f"a block of {page} that checks nothing cannot fail"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr


def test_there_is_a_page_that_shows_code() -> None:
    assert {"format.md"} <= {page for page, _ in BLOCKS}
