"""`validate --parts`, `watch --once` and `monitor`, as people run them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Invoke = Callable[..., Result]
TEXT = "A brass key that the archive lists as melted in 1911 opens the same door every night."


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    good = "".join(f'{{"id": "c{k}", "concept": "{TEXT[:-1]}, number {k}."}}\n' for k in range(7))
    path.write_text(good + '{"concept": 5}\n')
    return path


def test_parts_are_told_and_gone_on_with(invoke: Invoke, home: Path, source: Path, tmp_path: Path) -> None:
    line = ("validate", source, "--home", home, "--parts", tmp_path / "out", "--part-rows", 4, "--json")
    first = invoke(*line)
    told = json.loads(first.stdout)
    assert (first.exit_code, told["n"], told["n_failed"]) == (3, 8, 1)
    assert json.loads(Path(told["manifest"]).read_text())["done"] is True
    assert [p.name for p in sorted((tmp_path / "out").glob("part-*"))] == ["part-00000.jsonl", "part-00001.jsonl"]
    assert json.loads(invoke(*line).stdout) == told
    assert invoke(*line, "--set", "accept=0.2").exit_code == 2


@pytest.mark.parametrize(
    "more", [("--out", "x.jsonl"), ("--history",), ("--format", "table"), ("--ray", "local", "--no-parts")]
)
def test_what_does_not_go_together_is_refused(
    invoke: Invoke, home: Path, source: Path, tmp_path: Path, more: tuple[str, ...]
) -> None:
    parts = () if "--no-parts" in more else ("--parts", tmp_path / "out")
    done = invoke("validate", source, "--home", home, *parts, *[word for word in more if word != "--no-parts"])
    assert done.exit_code == 2 and "What to do" in done.stderr
    assert invoke("validate", source, "--home", home, "--format", "parquet").exit_code == 2
    assert invoke("validate", "-", "--home", home, "--parts", tmp_path / "out", data=b"x\n").exit_code == 2


def test_a_folder_is_judged_once(invoke: Invoke, home: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(TEXT)
    line = ("watch", tmp_path / "in", "--home", home, "--once", "--settle", 0, "--json")
    assert json.loads(invoke(*line).stdout) == {"files": 1, "files_with_errors": 0}
    assert json.loads(invoke(*line).stdout) == {"files": 0, "files_with_errors": 0}
    (tmp_path / "in" / "b.yml").write_text("concept: [")
    assert invoke(*line).exit_code == 3
    assert invoke("watch", tmp_path / "none", "--home", home, "--once").exit_code == 2


def test_monitor_tells_counts_drift_and_makes_a_project(invoke: Invoke, home: Path, source: Path) -> None:
    empty = json.loads(invoke("monitor", "--home", home, "--json").stdout)
    assert (empty["n"], empty["drift"], empty["half_s"]) == (0, None, None)
    invoke("validate", source, "--home", home)
    said = invoke("monitor", "--home", home, "--label", "incoming", "--count", 3, "--by", "Ann")
    assert said.exit_code == 0 and "not tested" in said.stdout and "1 error" in said.stdout
    assert "incoming is ready" in said.stderr
    assert invoke("monitor", "--home", home, "--days", 3).exit_code == 2
