"""Rooms meet at their faces: each name is there, nothing loads before it is asked for, few imports go past a face."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rebracket_core.lazy import lazy_face, read_stub

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "rebracket_core"
STUBS = sorted(CORE.rglob("__init__.pyi"))


def _package(stub: Path) -> str:
    return ".".join(stub.parent.relative_to(ROOT).parts)


@pytest.mark.parametrize("stub", STUBS, ids=_package)
def test_each_name_of_a_face_is_the_one_of_its_module(stub: Path) -> None:
    face = importlib.import_module(_package(stub))
    homes = read_stub(stub)
    assert homes and list(face.__all__) == sorted(homes) == dir(face)
    for name, home in homes.items():
        assert home.startswith(f"{_package(stub)}."), (name, home)
        assert getattr(face, name) is getattr(importlib.import_module(home), name)
    aliases = sum(len(node.names) for node in ast.parse(stub.read_text("utf-8")).body if isinstance(node, ast.ImportFrom))
    assert aliases == len(homes), "a line of the stub is not read"


def test_a_name_that_a_face_does_not_offer_is_told_as_anywhere() -> None:
    face = importlib.import_module("rebracket_core.models")
    with pytest.raises(AttributeError, match=r"module 'rebracket_core.models' has no attribute 'nowhere'"):
        face.nowhere  # noqa: B018
    with pytest.raises(ImportError, match="nowhere"):
        exec("from rebracket_core.models import nowhere")


def test_a_face_follows_its_module_when_a_name_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    from rebracket_core.models import scores

    find, _, _ = lazy_face("rebracket_core.models", str(CORE / "models" / "__init__.py"))
    monkeypatch.setattr(scores, "Scores", "another")
    assert find("Scores") == "another"


def test_a_face_loads_nothing_until_a_name_is_asked_for() -> None:
    rooms = [_package(stub) for stub in STUBS]
    program = f"""
import importlib, sys
for room in {rooms!r}:
    importlib.import_module(room)
loaded = [name for name in ("torch", "pandas", "plotly", "streamlit", "sklearn", "sqlalchemy") if name in sys.modules]
print(loaded)
"""
    eager = subprocess.run([sys.executable, "-c", program], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    assert "torch" not in eager and "streamlit" not in eager and "plotly" not in eager, eager


def test_imports_across_rooms_go_through_faces() -> None:
    crossing, past = 0, []
    for module, target in _crossings():
        crossing += 1
        if target.count(".") > 1 and not (ROOT / target.replace(".", "/")).is_dir():
            past.append(f"{module}: {target}")
    assert crossing > 1500, "the imports were not found"
    assert len(past) <= crossing / 20, "\n".join(past)


def _crossings() -> Iterator[tuple[str, str]]:
    """(importing module, imported module) of each imported name where a room imports from another."""
    modules = {_module(path): path for path in CORE.rglob("*.py") if "versions" not in path.parts}
    for module, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rebracket_core"):
                for alias in node.names:
                    target = f"{node.module}.{alias.name}"
                    while target and target not in modules:
                        target = target.rpartition(".")[0]
                    if target.split(".")[1:2] != module.split(".")[1:2]:
                        yield module, target


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
