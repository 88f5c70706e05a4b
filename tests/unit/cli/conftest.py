"""The command line as its users run it: as a process of its own, or in this one where nothing but the answer counts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rebracket_core.cli.program import program

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def home(trained_home: Path, tmp_path: Path) -> Path:
    """A home of its own with the trained run: what a test writes there stays there."""
    place = tmp_path / "home"
    place.mkdir()
    for name in ("runs", "library"):
        if (trained_home / name).is_dir():
            shutil.copytree(trained_home / name, place / name)
    if (trained_home / "cache").is_dir():
        (place / "cache").symlink_to(trained_home / "cache", target_is_directory=True)
    return place


@pytest.fixture
def invoke() -> Callable[..., Result]:
    """A function that runs the program in this process; stdout and stderr stay apart."""

    def run(*arguments: object, data: bytes | None = None) -> Result:
        return CliRunner().invoke(program, [str(a) for a in arguments], input=data)

    return run


@pytest.fixture
def rebracket(tmp_path: Path) -> Run:
    """A function that runs the program as a process, in an empty folder, without the settings of this machine."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("REBRACKET_")}
    env["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[3]), env.get("PYTHONPATH", "")])
    env["REBRACKET_HOME"] = str(tmp_path / "default-home")

    def run(*arguments: object, data: bytes = b"", **options: object) -> subprocess.CompletedProcess[bytes]:
        line = [sys.executable, "-m", "rebracket_core.cli", *map(str, arguments)]
        return subprocess.run(line, input=data, capture_output=True, env=env, cwd=tmp_path, check=False, timeout=300)

    return run
