"""Every example config trains on a small corpus, by the command that stands in it, and says what it is made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rebracket_core.cli.program import program
from rebracket_core.training.config import read_config_file
from tests.conftest import copy_home, open_home
from tests.support.encoder_fixtures import save_small_deberta

CONFIGS = Path(__file__).parents[3] / "docs" / "configs"
FILES = sorted(path for path in CONFIGS.glob("*.yaml") if path.stem != "search")
QUICK = {"folds": 2, "max_steps": 3, "ensemble_size": 2}
OWN = {"sequential": {"epochs": 1, "phases": "all/types:1,heads/axes:1,all:1@0.1", "batch_size": 64, "max_tokens": 16}}


@pytest.fixture(scope="module")
def small_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the data set "songs": nine albums, and every third text without a type."""
    root = tmp_path_factory.mktemp("examples")
    home = copy_home(trained_home, root / "home")
    frame = open_home(home).datasets.get("starter").frame
    lines = []
    for i, row in enumerate(frame.to_dict("records")):
        types = [] if i % 3 == 0 else list(row["types"])[:1]
        lines.append(
            json.dumps(
                {"id": str(i), "song": row["group_id"], "concept": row["concept"], "album": row["album"], "types": types}
            )
        )
    (root / "songs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    open_home(home).datasets.import_path(root / "songs.jsonl", name="songs")
    return home


def run(home: Path, *words: str) -> Any:
    result = CliRunner().invoke(program, [*words, "--home", str(home)])
    assert result.exit_code == 0, result.output
    return result


def test_every_example_is_ours_and_stands_in_the_list() -> None:
    listed = (CONFIGS / "README.md").read_text(encoding="utf-8")
    for path in FILES:
        assert f"[{path.name}]({path.name})" in listed and f"docs/configs/{path.name}" in path.read_text(encoding="utf-8")
        reading = read_config_file(path)
        assert reading.plain and (reading.config.changed() or path.stem == "basic"), path.name
    assert {"basic", "types", "binary", "multi-task", "soft-targets", "evidential", "validation", "production"} <= {
        path.stem for path in FILES
    }


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_trains(path: Path, small_home: Path, tmp_path: Path) -> None:
    values = {**QUICK, **OWN.get(path.stem, {})}
    if path.stem in OWN:
        values["encoder"] = str(save_small_deberta(tmp_path))
    changes = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    result = run(small_home, "train", "songs", "--config", str(path), "--quiet", "--json", *changes)
    kept = json.loads(result.stdout)["config"]
    wanted = read_config_file(path).config.to_dict()
    free = {*values, "labels"}
    assert {name: kept[name] for name in wanted if name not in free} == {n: v for n, v in wanted.items() if n not in free}
    assert f"{path}: " in result.stderr


@pytest.mark.slow
def test_the_example_of_a_search_is_a_space_that_can_be_searched(small_home: Path) -> None:
    line = [
        "search",
        "songs",
        "--space",
        str(CONFIGS / "search.yaml"),
        "--trials",
        "2",
        "--set",
        "folds=2",
        "--set",
        "max_steps=2",
    ]
    assert len(json.loads(run(small_home, *line, "--set", "ensemble_size=1", "--json").stdout)["trials"]) >= 2


@pytest.mark.slow
def test_a_pipelines_file_trains_and_its_table_is_printed(small_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "theirs.yml"
    file.write_text(
        "data: {target_type: multiclass, val_split: 0.5}\n"
        "model: {classifier: {hidden_dims: [16], class_weights: balanced}}\n"
        "training: {max_grad_norm: 0.5, epochs: 3, device: cuda}\n",
        encoding="utf-8",
    )
    result = run(small_home, "train", "songs", "--config", str(file), "--set", "max_steps=2", "--quiet", "--json")
    assert "REBRACKET_DEVICE" in result.stderr and "7 keys" in result.stderr
    assert "no effect here: it counts where method is full or lora" in result.stderr
    kept = json.loads(result.stdout)["config"]
    assert (kept["head"], kept["hidden_layers"], kept["folds"], kept["max_grad_norm"]) == ("hidden", ["16"], 2, 0.5)
