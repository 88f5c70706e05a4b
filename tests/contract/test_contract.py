"""Nothing of the recorded contract is lost: commands, options and defaults, JSON fields, exit codes, the API.

What may be added is free. After an addition, or an agreed change: python -m tests.contract.snapshots
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contract.snapshots import recorded
from tests.contract.snapshots.api import paths_lost, paths_of
from tests.contract.snapshots.commands import commands, commands_lost, helps
from tests.contract.snapshots.documents import AGREED_WIDER, OPTIONS_RENAMED, Scene
from tests.contract.snapshots.faces import openapi
from tests.contract.snapshots.shapes import lost, merged, shape_of

DOCUMENTS: dict[str, dict[str, Any]] = recorded("documents")
FLAG = re.compile(r"(?<![\w-])--?[a-z][\w-]*")
Edit = Any


@pytest.fixture(scope="module")
def scene(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The old home and the files that the recorded command lines name."""
    return Scene(tmp_path_factory.mktemp("contract"), cache=trained_home / "cache")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REBRACKET_DB", "REBRACKET_HOME", "REBRACKET_ENCODER", "REBRACKET_SEED", "REBRACKET_TRACKER"):
        monkeypatch.delenv(name, raising=False)


def test_every_command_and_option_is_there() -> None:
    assert commands_lost(recorded("commands"), commands()) == []


def test_every_help_names_its_options() -> None:
    now = helps()
    for words, before in recorded("helps").items():
        assert set(FLAG.findall(before)) - set(FLAG.findall(now[words])) == set(), words


SLOW = ("explain", "counterfactuals", "train")  # commands that take seconds each


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in DOCUMENTS])
def test_a_command_ends_and_answers_as_before(name: str, scene: Scene) -> None:
    before = DOCUMENTS[name]
    now = scene.run(tuple(before["line"]))
    assert now["code"] == before["code"]
    if "shape" in before:
        assert lost(before["shape"], now["shape"], renamed=OPTIONS_RENAMED) == []


def test_every_path_and_field_of_the_api_is_there(scene: Scene) -> None:
    told = paths_lost(recorded("api"), paths_of(openapi(scene.home)))
    assert [one for one in told if not one.endswith(AGREED_WIDER)] == []


# ---- the comparing itself can fail ------------------------------------------------------------------------------------


def _changed(name: str, edit: Edit) -> tuple[Any, Any]:
    before = recorded(name)
    after = copy.deepcopy(before)
    edit(after)
    return before, after


def _set(*path: Any) -> Edit:
    *steps, last, value = path

    def edit(told: Any) -> None:
        for step in steps:
            told = told[step]
        told[last] = value

    return edit


def _drop(*path: Any) -> Edit:
    *steps, last = path

    def edit(told: Any) -> None:
        for step in steps:
            told = told[step]
        del told[last]

    return edit


NEEDED = {
    "name": "new",
    "type": "text",
    "required": True,
    "flag": False,
    "many": False,
    "choices": [],
    "min": None,
    "max": None,
    "default": None,
}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (_drop("validate"), "the command 'validate' is gone"),
        (_drop("annotations agreement"), "the command 'annotations agreement' is gone"),
        (_drop("validate", "options", "--history"), "validate --history is gone"),
        (_drop("validate", "options", "--no-history"), "validate --no-history is gone"),
        (_set("validate", "options", "--part-rows", "default", 5000), "--part-rows: the default was 10000 and is 5000"),
        (_set("serve", "options", "--port", "type", "text"), "serve --port: type was 'integer' and is 'text'"),
        (_set("train", "options", "--config", "required", True), "train --config is required now"),
        (_set("train", "options", "--set", "many", False), "train --set: many was True and is False"),
        (_set("map", "options", "--dims", "max", 2), "map --dims must be at most 2 now"),
        (_set("validate", "options", "--format", "choices", ["table", "jsonl", "csv"]), "no longer takes parquet"),
        (_set("runs", "options", "--new", NEEDED), "runs now requires --new"),
        (_set("audit", "arguments", []), "audit takes 0 arguments and took 1"),
        (_set("promote", "arguments", 0, "required", True), "promote, argument 1 is required now"),
    ],
)
def test_a_lost_command_option_or_default_is_told(edit: Edit, said: str) -> None:
    told = commands_lost(*_changed("commands", edit))
    assert len(told) == 1 and said in told[0]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (_drop("validate jsonl", "shape", "fields", "ood_p_value"), "ood_p_value is gone"),
        (_drop("validate jsonl", "shape", "fields", "uncertainty", "fields", "epistemic"), "uncertainty.epistemic is gone"),
        (_drop("runs", "shape", "fields", "runs", "items", "fields", "promoted"), "runs[].promoted is gone"),
        (_set("validate jsonl", "shape", "fields", "album", "types", ["integer"]), "album was null or string and is integer"),
        (
            _set("validate jsonl", "shape", "fields", "run_id", "types", ["null", "string"]),
            "run_id was string and is null or string",
        ),
        (_drop("runs", "shape", "fields", "runs", "items"), "runs[] holds nothing any more"),
    ],
)
def test_a_lost_field_or_type_is_told(edit: Edit, said: str) -> None:
    before, after = _changed("documents", edit)
    told = [one for name in before if "shape" in before[name] for one in lost(before[name]["shape"], after[name]["shape"])]
    assert told == [said]


def test_an_agreed_name_is_taken_and_another_is_not() -> None:
    before, now = shape_of({"config": {"words": True}}), shape_of({"config": {"tfidf": True}})
    assert lost(before, now) == ["config.words is gone"]
    assert lost(before, now, renamed={"config.words": "tfidf"}) == []
    assert lost(before, shape_of({"config": {"tfidf": "yes"}}), renamed={"config.words": "tfidf"})


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (_drop("POST /v1/validate"), "POST /v1/validate is gone"),
        (_drop("POST /v1/validate", "responses", "429"), "no longer answers 429"),
        (_drop("POST /v1/validate", "request", "application/json", "fields", "thresholds"), "thresholds is gone"),
        (_set("POST /v1/validate", "request", "application/json", "required", ["id", "text"]), "now requires id"),
        (_drop("POST /v1/validate", "responses", "200", "application/json", "fields", "verdict"), "verdict is gone"),
        (
            _set("POST /v1/validate", "responses", "200", "application/json", "fields", "album", "types", ["number"]),
            "is number",
        ),
    ],
)
def test_a_lost_path_or_field_of_the_api_is_told(edit: Edit, said: str) -> None:
    told = paths_lost(*_changed("api", edit))
    assert len(told) == 1 and said in told[0]


def test_additions_are_no_loss() -> None:
    one = shape_of({"id": "a", "n": 1.5, "rows": [{"a": 1}]})
    more = shape_of({"id": "a", "n": 2, "rows": [{"a": 1, "b": [True]}], "new": None})
    assert lost(one, more) == [] and lost(more, one) != []
    assert merged([shape_of({"a": 1}), shape_of({"a": None, "b": "x"})])["fields"]["a"]["types"] == ["integer", "null"]
