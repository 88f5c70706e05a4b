"""Where the command line and the API are, for tests of the contract: the one place to change when they move."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

WIDTH = "100"


def program() -> Any:
    """The Typer program `rebracket`."""
    from rebracket_core.cli.program import program as found

    return found


def invoke(*arguments: object, data: str | None = None) -> Result:
    """The result of a command in this process; stdout and stderr stay apart, and lines are 100 wide."""
    env = {"COLUMNS": WIDTH, "TERMINAL_WIDTH": WIDTH, "NO_COLOR": "1"}
    return CliRunner(env=env).invoke(program(), [str(a) for a in arguments], input=data)


def openapi(home: Path) -> dict[str, Any]:
    """The OpenAPI document of the API over a home."""
    from rebracket_core.serving.api import create_app
    from rebracket_core.settings import Settings
    from rebracket_core.workbench import get_workbench

    found: dict[str, Any] = create_app(get_workbench(Settings.from_env({"REBRACKET_HOME": str(home)}))).openapi()
    return found
