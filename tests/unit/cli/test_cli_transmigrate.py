"""`rebracket transmigrate`: one document, a table for people, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
TEXT = "A brass lantern was left on the quay."


def test_between_albums_and_triples(invoke: Invoke, tmp_path: Path) -> None:
    found = json.loads(invoke("transmigrate", "Red", "future_place_imagined", "--json", "--home", tmp_path).stdout)
    assert found["distance"] == pytest.approx(2.449490, abs=1e-5) and found["difficulty"] == "difficult"
    assert found["to"]["album"] == "Yellow" and not found["within_reach"] and found["word_edits"] is None
    assert found["changes"][0]["vector"] == {"past": -1.0, "present": 0.0, "future": 1.0}
    shown = invoke("transmigrate", "Red", "Yellow", "--home", tmp_path).stdout
    assert "difficult, distance 2.4495" in shown and "3. Move ontological from known to imagined." in shown


@pytest.mark.parametrize(
    "line", [("Red", "Purple"), ("teal", "Red"), ("Red", "Blue", "--words"), ("Red", "Blue", "--run", "x")]
)
def test_wrong_use_is_bad_input_of_a_move(invoke: Invoke, tmp_path: Path, line: tuple[str, ...]) -> None:
    result = invoke("transmigrate", *line, "--home", tmp_path)
    assert result.exit_code == 2 and "What to do:" in result.stderr


def test_a_text_is_scored(invoke: Invoke, home: Path) -> None:
    found = json.loads(invoke("transmigrate", TEXT, "Blue", "--text", "--json", "--home", home).stdout)
    assert found["from"]["text"] == TEXT and found["edits"] and found["steps"][-1]["nearest_album"] == "Blue"
    assert "Minimal edit" in invoke("transmigrate", TEXT, "Blue", "--text", "--home", home).stdout


@pytest.mark.slow
def test_words_that_lead_there(invoke: Invoke, home: Path) -> None:
    line = ("transmigrate", TEXT, "--text", "--words", "--seconds", "20", "--json", "--home", home)
    before = json.loads(invoke("validate", "-", "--json", "--no-history", "--home", home, data=TEXT.encode()).stdout)
    end = "Blue" if before["verdicts"][0]["album"] != "Blue" else "Red"
    found = json.loads(invoke(*line[:2], end, *line[2:]).stdout)["word_edits"]
    assert found["goal"] == f"album={end}" and found["tried"] > 5
    assert all(one["album"] == end and one["edits"] for one in found["found"])
