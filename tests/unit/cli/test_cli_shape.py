"""The command line without a model: help, wrong use, errors, importing and checking."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Invoke = Callable[..., Result]
Run = Callable[..., subprocess.CompletedProcess[bytes]]
HEAVY = ("torch", "transformers", "streamlit", "pandas", "numpy", "sklearn", "sqlalchemy", "yaml", "rich.console")
COMMANDS = ("import", "audit", "train", "runs", "promote", "evaluate", "validate", "options", "app", "doctor")
ROWS = "id,song_id,concept,rainbow_color\n" + "".join(
    f"r{k},s{k // 2},The {word} keeps a ledger of lost hours number {k}.,{'Red' if k % 2 else 'Blue'}\n"
    for k, word in enumerate(("miller", "ferryman", "clerk", "glazier", "baker", "sexton"))
)


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom rebracket_core.cli.program import run\nassert run(['--help']) == 0\n"
        f"loaded = [m for m in {HEAVY!r} if m in sys.modules]\nassert not loaded, loaded"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - started < 5.0
    for name in COMMANDS:
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(invoke: Invoke, name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert "--home" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["validate"],
        ["validate", "--format", "xml", "x"],
        ["import"],
        ["evaluate", "one"],
        ["app", "--port", "0"],
    ],
)
def test_wrong_use_is_bad_input(invoke: Invoke, arguments: list[str]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_the_version_and_no_argument(rebracket: Run) -> None:
    assert rebracket("--version").stdout.startswith(b"rebracket ")
    bare = rebracket()
    assert bare.returncode == 2
    assert b"Usage" in bare.stdout + bare.stderr


def test_without_a_model_there_is_no_verdict(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A tide table.")
    result = invoke("validate", tmp_path / "a.txt", "--home", tmp_path / "home", "--json")
    assert result.exit_code == 1
    assert "no verdict without" in json.loads(result.stdout)["error"]["message"]
    assert "What to do: train one" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("accept=2", "out of range"),
        ("accept=high", "cannot be read"),
        ("acept=0.5", "no threshold named acept"),
        ("accept", "key=value"),
        ("=1", "key=value"),
        ("accept_uncharted=maybe", "true or false"),
        ("accept=nan", "accept"),
    ],
)
def test_a_wrong_threshold_is_bad_input(invoke: Invoke, tmp_path: Path, words: str, said: str) -> None:
    result = invoke("validate", "x.txt", "--home", tmp_path, "--set", words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_home_before_or_after_the_command(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    assert invoke("import", tmp_path / "rows.csv", "--home", tmp_path / "a").exit_code == 0
    assert invoke("--home", tmp_path / "b", "import", tmp_path / "rows.csv").exit_code == 0
    assert (tmp_path / "a" / "library" / "rows").is_dir() and (tmp_path / "b" / "library" / "rows").is_dir()


def test_import_says_what_was_taken_and_skipped(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROWS + "r9,s9,,Red\nr10,s9,A tide table.,Mauve\n")
    result = invoke("import", tmp_path / "rows.csv", "--home", tmp_path / "home", "--name", "mine", "--json")
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert (document["name"], document["n_rows"], document["n_groups"]) == ("mine", 6, 3)
    assert len(document["report"]["skipped"]) == 2
    assert "2 skipped" in result.stderr and "Mauve" in result.stderr


def test_import_of_nothing_usable_is_bad_input(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("concept: !!python/object/apply:os.system ['true']")
    for source in (tmp_path / "bad.yml", tmp_path / "missing"):
        result = invoke("import", source, "--home", tmp_path / "home")
        assert result.exit_code == 2
        assert result.stdout == ""
        assert "Error:" in result.stderr and "What to do:" in result.stderr


def test_unknown_data_sets_and_runs_are_named(invoke: Invoke, tmp_path: Path) -> None:
    home = ("--home", tmp_path)
    for line in (["audit", "nothing"], ["train", "nothing"], ["promote", "../x"], ["evaluate", "run", "nothing"]):
        result = invoke(*line, *home)
        assert result.exit_code in (1, 2), line
        assert "Error:" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set", "members=0"], "ensemble_size"),
        (["--set", "colour=red"], "no such training option"),
        (["--set", "tfidf=perhaps"], "tfidf"),
        (["--config", "missing.yml"], "config"),
    ],
)
def test_a_wrong_training_option_is_bad_input(invoke: Invoke, tmp_path: Path, options: list[str], said: str) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    invoke("import", tmp_path / "rows.csv", "--home", tmp_path)
    result = invoke("train", "rows", "--home", tmp_path, *options)
    assert result.exit_code == 2
    assert said in result.stderr


def test_no_runs_yet(invoke: Invoke, tmp_path: Path) -> None:
    assert json.loads(invoke("runs", "--home", tmp_path, "--json").stdout) == {"runs": [], "active": [], "broken": []}
    assert "rebracket train" in invoke("runs", "--home", tmp_path).stdout


def test_a_home_that_is_a_file_fails_with_what_to_do(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    (tmp_path / "rows.csv").write_text(ROWS)
    result = invoke("import", tmp_path / "rows.csv", "--home", tmp_path / "home")
    assert result.exit_code == 1
    assert "What to do:" in result.stderr and "Traceback" not in result.stderr


def test_a_number_that_is_none_in_the_environment(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REBRACKET_THREADS", "many")
    result = invoke("runs", "--home", tmp_path)
    assert result.exit_code == 2
    assert "REBRACKET_THREADS" in result.stderr


def test_debug_shows_the_traceback(invoke: Invoke, tmp_path: Path) -> None:
    assert "Traceback" in invoke("--debug", "audit", "nothing", "--home", tmp_path).stderr
    assert "Traceback" not in invoke("audit", "nothing", "--home", tmp_path).stderr
