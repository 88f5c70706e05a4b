"""What the pages say of a verdict, and when they may say how often it is right."""

from __future__ import annotations

from typing import Any

import pytest

from rebracket_core.runs.metrics import Calibration
from rebracket_core.ui.concepts import sentences
from rebracket_core.ui.concepts.reading import read_verdict
from rebracket_core.validation import Verdict

GOOD = {
    "n": 200,
    "ece": 0.04,
    "ece_of_a_perfect_model": 0.03,
    "reliability": [{"probability": 0.5, "right": 0.5, "n": 20}, {"probability": 0.8, "right": 0.85, "n": 20}],
}


def _verdict(**changes: Any) -> Verdict:
    plain = {
        "verdict": "ACCEPT",
        "album": "Red",
        "album_probability": 0.83,
        "reason": "",
        "flags": [],
        "error": None,
        "axes_album": "Red",
        "expected_album": None,
        "album_probabilities": {"Red": 0.83, "Blue": 0.1},
        **changes,
    }
    return read_verdict(plain)


def _calibration(**changes: Any) -> Calibration:
    return Calibration.from_dict(GOOD | changes)


def test_the_headline_is_the_verdict_the_album_and_its_probability() -> None:
    assert sentences.headline(_verdict()) == "ACCEPT — Red, 0.83"
    assert sentences.headline(_verdict(verdict="REJECT", album_probability=0.41)) == "REJECT — first guess Red, 0.41"
    assert sentences.headline(read_verdict({"error": "no text"})) == "Failed"


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.83, "four times in five"),
        (0.8, "four times in five"),
        (0.5, "every second time"),
        (0.33, "once in three times"),
        (0.9, "nine times in ten"),
        (0.99, "nearly always"),
        (0.01, "hardly ever"),
    ],
)
def test_shares_are_said_as_people_say_them(share: float, words: str) -> None:
    assert sentences.times(share) == words


def test_a_supported_probability_says_how_often_it_is_right() -> None:
    said = sentences.trust(_verdict(), _calibration(), unit="songs")
    wanted = "Right about four times in five on held-out songs: of the 20 held-out texts that scored most like it, 85% were."
    assert said == wanted


@pytest.mark.parametrize(
    ("changes", "calibration", "leaked", "part"),
    [
        ({}, {}, False, "was not measured"),
        ({}, {"n": 0, "ece": None}, False, "was not measured"),
        ({}, GOOD | {"n": 49}, False, "too few"),
        ({}, GOOD | {"ece": 0.2}, False, "Do not read it as odds"),
        ({}, GOOD, True, "split by row"),
        ({"reason": "ood_detection"}, GOOD, False, "says little about a text like this"),
        ({"flags": ["unknown_source"]}, GOOD, False, "says little about a text like this"),
        ({"flags": ["seen_in_training"]}, GOOD, False, "trained on this very text"),
    ],
)
def test_nothing_is_claimed_that_the_figures_do_not_support(
    changes: dict[str, Any], calibration: dict[str, Any], leaked: bool, part: str
) -> None:
    said = sentences.trust(_verdict(**changes), Calibration.from_dict(calibration), unit="songs", leaked=leaked)
    assert part in said and "Right about" not in said


@pytest.mark.parametrize(
    "reason", ["ood_detection", "uncharted_mode", "diffuse_ontology", "low_confidence", "unclear_ontology"]
)
def test_every_reason_has_its_sentence(reason: str) -> None:
    said = sentences.meaning(_verdict(verdict="REJECT", reason=reason))
    assert said.endswith(".") and "Reason:" not in said


def test_flags_are_explained_and_states_are_not_repeated() -> None:
    flags = ["dominant_past", "hybrid_spatial", "axes_disagree", "tie:Blue", "without_lyrics", "new_flag"]
    said = sentences.remarks(_verdict(flags=flags, axes_album="Blue"))
    assert len(said) == 4
    assert "would say Blue, the album classifier says Red" in said[0]
    assert said[1] == "It is nearly a tie: Blue has 0.10, close behind Red."
    assert "reads lyrics" in said[2] and said[3] == "new flag"


def test_the_expected_album_is_compared() -> None:
    assert sentences.expectation(_verdict()) == ""
    assert sentences.expectation(_verdict(expected_album="Red")) == "The source says Red: the model agrees."
    assert sentences.expectation(_verdict(expected_album="Blue")) == "The source says Blue; the model gives that 0.10."


@pytest.mark.parametrize(
    ("origins", "word"),
    [
        (("songs",), "songs"),
        (("songs", "proposals"), "songs"),
        (("proposals",), "threads"),
        (("starter",), "groups of texts"),
        ((), "groups of texts"),
    ],
)
def test_groups_are_called_what_they_are(origins: tuple[str, ...], word: str) -> None:
    assert sentences.units(origins) == word


def test_states_are_words() -> None:
    assert sentences.state_words({"state": "hybrid", "modes": ["past", "present"]}) == "past + present, hybrid"
    assert sentences.state_words({"state": "diffuse", "modes": []}) == "diffuse"
    assert sentences.state_words(None) == ""


def test_a_weak_first_album_is_told_the_threshold_that_it_misses() -> None:
    said = sentences.remarks(_verdict(flags=["uncertain_album"], album_probability=0.45, thresholds={"uncertain_album": 0.5}))
    assert said == ["No album reaches a probability of 0.5: the first one is only the best of nine weak answers."]


def test_the_meaning_is_the_rules_own_and_an_older_verdict_finds_its_rule() -> None:
    from rebracket_core.validation import RULES

    assert sentences.meaning(_verdict(rule="accept_black", verdict="ACCEPT_BLACK")) == RULES.get("accept_black").meaning
    assert sentences.meaning(_verdict(verdict="REJECT", reason="low_confidence")) == RULES.get("low_confidence").meaning
    assert "not installed here: theirs" in sentences.meaning(_verdict(rule="theirs"))
