"""The dstack task: its shape, what it takes along, and that dstack itself takes it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from rebracket_core.errors import InputError
from rebracket_core.training import TrainingConfig
from tests.conftest import open_home

KEYS = {"type", "name", "python", "files", "env", "commands", "backends", "resources", "max_duration"}
CHECK = """
import json, sys, yaml
from dstack._internal.core.models.configurations import parse_apply_configuration, parse_run_configuration
raw = yaml.safe_load(open(sys.argv[1]))
parse_run_configuration(raw)
print(json.dumps({"type": parse_apply_configuration(raw).type}))
"""


@pytest.fixture
def task(home: Path, tmp_path: Path) -> Path:
    file = tmp_path / "task.dstack.yml"
    open_home(home).training.write_dstack("starter", config=TrainingConfig.of(ensemble_size=2), to=file)
    return file


def test_the_task_has_the_shape_that_dstack_documents(task: Path, home: Path) -> None:
    raw = yaml.safe_load(task.read_text(encoding="utf-8"))
    assert set(raw) == KEYS and raw["type"] == "task" and raw["backends"] == ["runpod"]
    assert re.fullmatch(r"[a-z][a-z0-9-]{1,40}", raw["name"])
    assert all(isinstance(line, str) for line in [*raw["commands"], *raw["env"]])
    (mapping,) = raw["files"]
    parts = task.parent / mapping["local_path"]
    (spec,) = parts.glob("home/runs/*/spec.json")
    assert json.loads(spec.read_text())["config"]["ensemble_size"] == 2
    assert any(spec.parent.name in command for command in raw["commands"])
    assert (parts / "home/library/starter").is_dir() and (parts / "rebracket_core/jobs/workers/worker.py").is_file()
    assert "streamlit" in (parts / "requirements.txt").read_text()
    assert not (home / "runs" / spec.parent.name).exists()
    with pytest.raises(InputError, match="there already"):
        open_home(home).training.write_dstack("starter", to=task)


@pytest.mark.slow
def test_what_the_task_takes_along_trains_and_comes_back_as_one_file(task: Path, home: Path) -> None:
    """The task's own commands, but for the installation and the waiting, in the folder that goes to the machine."""
    raw = yaml.safe_load(task.read_text(encoding="utf-8"))
    room = task.parent / raw["files"][0]["local_path"]
    env = {**os.environ, "REBRACKET_HOME": str(room / "home"), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in raw["commands"][2:5]:
        done = subprocess.run(["bash", "-c", command], cwd=room, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    info = open_home(home).runs.take_in(room / "run.zip")
    assert info.config["ensemble_size"] == 2 and info.metrics["album"]["n"] > 0


def test_dstack_takes_the_task(task: Path) -> None:
    """With dstack in this environment, or in that of the Python which REBRACKET_DSTACK_PYTHON names."""
    python = os.environ.get("REBRACKET_DSTACK_PYTHON") or (sys.executable if find_spec("dstack") else "")
    if not python:
        pytest.skip("dstack is not installed; name a Python that has it: REBRACKET_DSTACK_PYTHON")
    told = subprocess.run([python, "-c", CHECK, str(task)], capture_output=True, text=True, check=False, cwd=task.parent)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout.splitlines()[-1]) == {"type": "task"}
