"""Faces of rooms: a stub says what a package offers, and a module is loaded when a name of it is asked for (PEP 562)."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

_IMPORT = re.compile(r"^from ([\w.]+) import (?:\(([^)]*)\)|([^(\n]+))$", re.MULTILINE)
_NAME = re.compile(r"\w+ as (\w+)")

Face = tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]


def lazy_face(package: str, file: str) -> Face:
    """The `__getattr__`, `__dir__` and `__all__` of a package whose stub lists what it offers.

    The stub `__init__.pyi` beside the package's `__init__.py` holds lines such as
    `from rebracket_core.models.scores import Scores as Scores`, which type checkers read too.

    Args:
        package: the package's `__name__`.
        file: its `__file__`.
    Returns: two functions and the names, by alphabet; an unknown name is an AttributeError as anywhere.
    """
    homes = read_stub(Path(file).with_suffix(".pyi"))

    def find(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(home), name)

    def listed() -> list[str]:
        return sorted(homes)

    return find, listed, listed()


def read_stub(path: Path) -> dict[str, str]:
    """By public name the module that defines it, as a stub of imports says. Raises OSError where there is no stub."""
    found = _IMPORT.finditer(path.read_text(encoding="utf-8"))
    return {name: line[1] for line in found for name in _NAME.findall(line[2] or line[3])}
