"""No module of any room imports another that imports it back, inside functions, for types alone and through lazy faces too."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from rebracket_core.lazy import read_stub

CORE = Path(__file__).resolve().parents[2] / "rebracket_core"
ROOMS = sorted(path.parent.name for path in CORE.glob("*/__init__.py"))


def _name(path: Path) -> str:
    return ".".join(path.relative_to(CORE.parent).with_suffix("").parts).removesuffix(".__init__")


def _homes(path: Path) -> dict[str, str]:
    """By public name the module behind a lazy face."""
    stub = path.with_suffix(".pyi")
    return read_stub(stub) if stub.exists() else {}


def _imports(path: Path) -> list[tuple[str, str]]:
    """(module, name) of every import of names, those for types alone too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return [(str(node.module), alias.name) for node in told for alias in node.names]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_no_circle(room: str) -> None:
    modules = {_name(path): path for path in (CORE / room).rglob("*.py")}
    faces = {name: _homes(path) for name, path in modules.items() if path.name == "__init__.py"}

    def behind(module: str, name: str) -> str:
        if f"{module}.{name}" in modules:
            return f"{module}.{name}"
        home = faces.get(module, {}).get(name)
        return behind(home, name) if home else module

    graph = {
        name: {behind(module, imported) for module, imported in _imports(path)} & set(modules) - set(faces) - {name}
        for name, path in modules.items()
        if name not in faces
    }
    assert room not in ("models", "training", "validation") or sum(map(len, graph.values())) > len(graph) / 2
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))
