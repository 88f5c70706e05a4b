"""Older names of options: read wherever options are given, told beside today's in JSON, and known to one module alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.aliases import OLD_KEYS, modern, with_old_names
from rebracket_core.errors import ConfigError
from rebracket_core.training import TrainingConfig
from rebracket_core.training.config import all_options
from rebracket_core.training.hpo.space import SearchSpace
from tests.conftest import open_home

CORE = Path(__file__).resolve().parents[2] / "rebracket_core"
# A config as it was written before the options had today's names.
OLD: dict[str, Any] = {
    "schema_version": 1,
    "text": ["concept"],
    "encoder": "minilm",
    "words": False,
    "max_words": 512,
    "vector_weight": 1.5,
    "members": 2,
    "folds": 3,
    "split": "grouped",
    "strength": 7.5,
    "max_steps": 9,
    "patience": 4,
    "smoothing": 0.2,
    "outputs": ["axes", "album", "marked"],
    "marked_weight": 0.7,
    "weighting": "fixed",
    "method": "full",
    "epochs": 3,
    "phases": ["heads:1", "trunk/album+marked:2"],
    "tokens": 64,
    "stop_after": 0,
    "held_share": 0.25,
    "contrast": 1.0,
    "uncertainty": "ensemble",
    "dropout": 0.3,
    "passes": 7,
    "evidence_penalty": 0.2,
    "coverage": 0.8,
}


def test_an_older_config_is_read_whole() -> None:
    config = TrainingConfig.from_dict(OLD)
    assert (config.features.tfidf, config.features.max_tfidf_terms, config.features.embedding_weight) == (False, 512, 1.5)
    assert (config.heads.head, config.heads.ensemble_size, config.heads.inverse_l2) == ("linear", 2, 7.5)
    assert (config.heads.patience_steps, config.finetuning.patience_epochs) == (4, 0)
    assert config.tasks.tasks == ("axes", "album", "has_any_type") and config.tasks.contrastive_loss_weight == 1.0
    last = config.finetuning.plan(config.tasks.tasks)[1]
    assert (last.trained, last.parts) == ("backbone", ("album", "has_any_type"))
    assert config.with_(uncertainty="dropout", method="frozen").n_predictions == 7
    assert TrainingConfig.from_dict(config.to_dict()) == config


def test_options_stand_alone_dotted_or_below_their_section(tmp_path: Path) -> None:
    wanted = TrainingConfig.of(ensemble_size=3, tasks=("axes", "album"), tfidf=False)
    nested = {"heads": {"ensemble_size": 3}, "tasks": {"tasks": ["axes", "album"]}, "features": {"words": False}}
    assert TrainingConfig.from_dict(nested) == wanted
    assert TrainingConfig.from_dict({"heads.members": "3", "tasks.outputs": "axes,album", "tfidf": "no"}) == wanted
    (tmp_path / "c.yaml").write_text("heads:\n  members: 3\ntasks: [axes, album]\nwords: false\n", encoding="utf-8")
    assert TrainingConfig.from_file(tmp_path / "c.yaml") == wanted


def test_json_carries_both_names_and_can_be_read_back() -> None:
    config = TrainingConfig.of(head="mc_dropout", tasks="axes,album,has_any_type", inverse_l2=3.0)
    told = with_old_names(config.to_dict())
    assert set(told) == {*all_options(), *OLD_KEYS, "schema_version"}
    assert (told["uncertainty"], told["outputs"], told["strength"]) == ("dropout", ["axes", "album", "marked"], 3.0)
    assert TrainingConfig.from_dict(json.loads(json.dumps(told))) == config
    assert with_old_names({"head": ("linear", "evidential")})["uncertainty"] == ("ensemble", "evidential")


def test_two_names_with_two_values_are_refused() -> None:
    with pytest.raises(ConfigError, match="given twice"):
        TrainingConfig.from_dict({"members": 2, "ensemble_size": 3})
    assert modern({"members": 2, "ensemble_size": 2}) == {"ensemble_size": 2}


def test_an_older_space_is_read() -> None:
    raw = {"strength": {"low": 1, "high": 9}, "uncertainty": ["ensemble", "dropout"]}
    space = SearchSpace.from_dict(raw, base=TrainingConfig())
    assert space.to_dict() == {"inverse_l2": {"low": 1, "high": 9}, "head": ["linear", "mc_dropout"]}


def test_an_older_run_gives_the_verdicts_that_it_gave(home: Path) -> None:
    bench = open_home(home)
    run_id = bench.resources.runs.chosen(None)
    concepts = bench.verdicts.read_upload("one.txt", b"The rose remembers itself.").concepts
    before = bench.verdicts.validate(concepts, keep=False)[0].to_dict()
    for path in (home / "runs" / run_id / "spec.json", home / "runs" / run_id / "model" / "manifest.json"):
        found = json.loads(path.read_text(encoding="utf-8"))
        both = with_old_names(found["config"])
        found["config"] = {name: v for name, v in both.items() if name not in OLD_KEYS.values()} | {"schema_version": 1}
        path.write_text(json.dumps(found), encoding="utf-8")
    again = open_home(home)
    assert again.verdicts.validate(concepts, keep=False)[0].to_dict() == before
    told = again.resources.runs.info(run_id).to_dict()["config"]
    assert (told["members"], told["ensemble_size"]) == (1, 1)
    assert again.training.watch(run_id).state.to_dict()["config"]["max_words"] == 4096
    assert "## Its options" in again.runs.card(run_id)


def test_only_one_module_knows_the_older_names() -> None:
    words = ("stop_after", "held_share", "marked_weight", "max_words", "passes=", "trunk")
    told = re.compile("|".join(words))
    known = {CORE / "aliases.py", CORE / "corpus" / "starter.py"}
    for path in CORE.rglob("*.py"):
        found = [line for line in path.read_text(encoding="utf-8").splitlines() if told.search(line)]
        on_disk = [line for line in found if '"trunk.safetensors"' in line]
        assert path in known or found == on_disk, f"{path}: {found}"
