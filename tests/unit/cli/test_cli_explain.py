"""`rebracket explain`, `counterfactuals`, `replay`: one document each, goals that are refused, a replay's exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from rebracket_core.services.explain.counterfactual_store import CounterfactualStore
from rebracket_core.settings import Settings

Invoke = Callable[..., Result]
TEXT = "A brass lantern was left on the quay."


@pytest.mark.slow
def test_explain_and_counterfactuals_give_one_document(invoke: Invoke, home: Path) -> None:
    told = json.loads(invoke("explain", TEXT, "--output", "temporal", "--quick", "--json", "--home", home).stdout)
    assert told["adds_up"] and len(told["gradients"]) == len(told["words"]) == 8 and told["checks"] is None
    assert told["nearest_among"] == told["training_texts"] > 0
    asked = ("counterfactuals", TEXT, "--to", "album", "--seconds", "30", "--json", "--home", home)
    found = json.loads(invoke(*asked).stdout)
    assert found["tried"] > 20
    for flip in found["flips"]:
        assert flip["verdict"]["album"] != found["before"]["album"] and flip["edits"]
    replayed = json.loads(invoke("replay", "--json", "--home", home).stdout)
    assert replayed["holds"] == len(replayed["flips"]) == len(found["flips"])


def test_a_goal_that_is_none_is_bad_input(invoke: Invoke, home: Path) -> None:
    result = invoke("counterfactuals", TEXT, "--to", "album=teal", "--home", home)
    assert result.exit_code == 2 and "Blue" in result.stderr
    assert invoke("explain", TEXT, "--output", "colour", "--home", home).exit_code == 2


def test_a_flip_that_no_longer_flips_ends_a_replay_with_3(invoke: Invoke, home: Path) -> None:
    assert "No counterfactual is saved" in invoke("replay", "--home", home).stdout
    url = Settings.from_env({"REBRACKET_HOME": str(home)}).database_url
    ledger = CounterfactualStore(url)
    same = {"run_id": "old", "goal": "album=Green", "text": TEXT, "edited": TEXT, "edits": ["none"], "fluency": None}
    ledger.add([same])
    ledger.close()
    result = invoke("replay", "--home", home)
    assert result.exit_code == 3 and "no longer flips: album=Green" in result.stdout
