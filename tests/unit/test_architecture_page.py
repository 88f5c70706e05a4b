"""The page on the architecture says what the code is: the floors of the house, and hops that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.unit.test_house import CORE, FLOORS

PAGE = (CORE.parent / "docs" / "dev" / "architecture.md").read_text("utf-8")
WALKS = PAGE.partition("## Four walks")[2].partition("## Kinds")[0]
HOPS = sorted(set(re.findall(r"`((?:\w+\.){2,}\w+)`", WALKS)))


def test_the_rooms_stand_on_their_floors() -> None:
    told = {name: int(floor) for floor, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE, re.MULTILINE)}
    assert told == FLOORS


@pytest.mark.parametrize("hop", HOPS)
def test_a_hop_of_a_walk_exists(hop: str) -> None:
    parts = hop.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        path: Path = CORE.joinpath(*parts[:cut]).with_suffix(".py")
        path = path if path.is_file() else CORE.joinpath(*parts[:cut], "__init__.py")
        if path.is_file():
            break
    else:
        pytest.fail(f"no module for {hop}")
    body = ast.parse(path.read_text("utf-8")).body
    for name in parts[cut:]:
        found = [n for n in body if isinstance(n, ast.ClassDef | ast.FunctionDef) and n.name == name]
        assert found, f"{path} has no {name}"
        body = found[0].body


def test_the_walks_are_told() -> None:
    assert len(HOPS) > 30 and WALKS.count("\n1. ") == 4
