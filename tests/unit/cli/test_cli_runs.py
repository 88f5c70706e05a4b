"""Comparing runs, their cards, handing one on, going back: `compare`, `card`, `export-run`, `import-run`, `promote --back`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Invoke = Callable[..., Result]
COMMANDS = ("compare", "card", "export-run", "import-run")


@pytest.fixture
def run_id(home: Path) -> str:
    return next(p.name for p in (home / "runs").iterdir() if p.is_dir())


@pytest.fixture
def twin(home: Path, run_id: str) -> str:
    """The same run under another id."""
    folder = home / "runs" / "twin"
    shutil.copytree(home / "runs" / run_id, folder)
    for name in ("spec.json", "evaluation.json", "model/manifest.json"):
        raw = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**raw, "run_id": "twin"}))
    return "twin"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_has_help(invoke: Invoke, name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0 and "--home" in result.stdout and "--json" in result.stdout


def test_a_comparison_as_text_and_as_json(invoke: Invoke, home: Path, run_id: str, twin: str) -> None:
    told = invoke("compare", run_id, twin, "--home", home)
    assert told.exit_code == 0
    assert "album_brier (less is better)" in told.stdout and "No option differs." in told.stdout
    found = json.loads(invoke("compare", run_id, twin, "--home", home, "--json").stdout)["comparisons"]
    assert len(found) == 1 and found[0]["honest"] is True
    assert [m["metric"] for m in found[0]["metrics"]][:2] == ["album", "temporal"]
    assert found[0]["metrics"][0]["difference"] == 0.0 and found[0]["metrics"][0]["p"] == 1.0


def test_one_run_alone_is_no_comparison(invoke: Invoke, home: Path, run_id: str) -> None:
    result = invoke("compare", run_id, "--home", home)
    assert result.exit_code == 2 and "two different runs" in result.stderr
    assert invoke("compare", run_id, "nothing", "--home", home).exit_code == 1


def test_a_card_on_stdout_in_a_file_and_as_json(invoke: Invoke, home: Path, run_id: str, tmp_path: Path) -> None:
    shown = invoke("card", run_id, "--home", home).stdout
    assert shown.startswith("# Model card: ") and "## Limits" in shown
    done = invoke("card", run_id, "--home", home, "--out", tmp_path / "card.md")
    assert done.exit_code == 0 and (tmp_path / "card.md").read_text() == shown
    assert json.loads(invoke("card", run_id, "--home", home, "--json").stdout)["card"] == shown


@pytest.mark.slow
def test_a_run_goes_from_one_home_to_another(invoke: Invoke, home: Path, run_id: str, tmp_path: Path) -> None:
    file, other = tmp_path / "run.zip", tmp_path / "other"
    said = json.loads(invoke("export-run", run_id, "--out", file, "--home", home, "--json").stdout)
    assert said["bytes"] == file.stat().st_size
    info = json.loads(invoke("import-run", file, "--home", other, "--json").stdout)
    assert (info["run_id"], info["promoted"]) == (run_id, False)
    assert invoke("promote", run_id, "--home", other).exit_code == 0
    file.write_bytes(file.read_bytes()[:-30])
    broken = invoke("import-run", file, "--home", tmp_path / "third")
    assert broken.exit_code == 2 and "archive" in broken.stderr and not (tmp_path / "third" / "runs").exists()


def test_promoting_goes_back(invoke: Invoke, home: Path, run_id: str, twin: str) -> None:
    assert invoke("promote", twin, "--home", home).exit_code == 0
    back = json.loads(invoke("promote", "--back", "--home", home, "--json").stdout)
    assert back == {"promoted": run_id, "before": twin}
    again = invoke("promote", "--back", "--home", home)
    assert again.exit_code == 2 and "nothing to roll back to" in again.stderr


@pytest.mark.parametrize("words", [[], ["some-run", "--back"]])
def test_promote_needs_a_run_or_back(invoke: Invoke, home: Path, words: list[str]) -> None:
    result = invoke("promote", *words, "--home", home)
    assert result.exit_code == 2 and "not clear which run" in result.stderr
