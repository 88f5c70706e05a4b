"""What every verdict rule keeps, and a rule that a test alone makes up: it then shows everywhere.

A new rule needs no line here: the suite goes through whatever is registered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, album_named
from rebracket_core.thresholds import THRESHOLDS, threshold
from rebracket_core.validation import (
    RULES,
    Evidence,
    Rule,
    axis_state,
    decide,
    decision_of,
    describe,
    fits,
    rule_behind,
    rules_digest,
    rules_reading,
)
from rebracket_core.validation.rules import MAX_SUGGESTIONS
from rebracket_core.validation.transmigration import apply_targets
from rebracket_core.verdict_kinds import VerdictKind
from tests.support.evidence import (
    INDIGO,
    KNOWN,
    LEAN_PAST,
    LIMITS,
    PAST,
    PAST_OR_PRESENT,
    PLACE,
    PRESENT,
    RED,
    THING,
    THIRD,
    TooPresent,
    evidence,
    verdict,
)

# Evidence on which each rule decides; a rule of one's own may bring its own as `example`.
EXAMPLES: dict[str, dict[str, Any]] = {
    "ood_detection": {"ood_p": 0.011},
    "high_uncertainty": {"uncertainty": 0.87},
    "accept_black": {"album": "Black", "scores": (THIRD,) * 3, "confidence": 0.41},
    "uncharted_mode": {"scores": (PAST, PLACE, KNOWN)},
    "accept": {"p": 0.83},
    "accept_hybrid": {"scores": (PAST_OR_PRESENT, THING, KNOWN), "p": 0.44},
    "diffuse_ontology": {"scores": (THIRD, THIRD, KNOWN), "p": 0.4},
    "low_confidence": {"confidence": 0.33, "p": 0.4},
    "unclear_ontology": {"p": 0.41},
}
every_rule = pytest.mark.parametrize("rule", list(RULES), ids=list(RULES.names))


def example(rule: Rule) -> Evidence:
    return evidence(**(EXAMPLES.get(rule.code) or rule.example))  # type: ignore[attr-defined]


@every_rule
def test_a_rule_describes_itself(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z][a-z_]+", rule.code)
    assert isinstance(rule.verdict, VerdictKind) and rule.label
    assert bool(rule.reason) == (rule.verdict is VerdictKind.REJECT)
    assert rule.meaning[0].isupper() and rule.meaning.endswith(".") and "\n" not in rule.meaning
    assert not rule.when.endswith(".") and not re.search(r"\d", rule.when), "a condition names its thresholds, not their values"


@every_rule
def test_its_thresholds_exist_and_are_read(rule: Rule) -> None:
    for name in rule.thresholds:
        assert threshold(name).name == name and not threshold(name).retired
        assert name in rule.condition() and rule in rules_reading(name)
    assert "{" not in rule.condition(LIMITS)


@every_rule
def test_it_decides_on_its_example_with_its_verdict_and_reason(rule: Rule) -> None:
    found, _ = decide(example(rule))
    assert (found.rule, found.verdict, found.reason) == (rule.code, rule.verdict, rule.reason)
    assert found == rule.decide(example(rule))


@every_rule
def test_its_sentence_holds_the_numbers_that_decided(rule: Rule) -> None:
    one = example(rule)
    sentence = rule.decide(one).explanation  # type: ignore[union-attr]
    assert sentence[0].isupper() and sentence.endswith(".") and "\n" not in sentence
    told = {float(number) for number in re.findall(r"\d\.\d+", sentence)}
    shares = [n for n in rule.thresholds if not (threshold(n).choices or threshold(n).is_switch)]
    mine = [getattr(one.thresholds, name) for name in shares]
    if rule.code == "accept":  # White's and the axes' limits stand in the sentence only where they decided
        mine = [one.thresholds.accept, one.thresholds.confidence]
    if rule.code == "ood_detection":
        assert one.ood_p in told
    assert set(mine) <= told, f"{set(mine) - told} is missing in: {sentence}"


@every_rule
def test_its_advice_is_sentences_with_targets_that_can_be_reached(rule: Rule) -> None:
    one = example(rule)
    _, advice = decide(one)
    assert len(advice) <= MAX_SUGGESTIONS
    assert bool(advice) == (rule.verdict in (VerdictKind.REJECT, VerdictKind.ACCEPT_HYBRID))
    modes = album_named(one.albums.album).modes
    for suggestion in advice:
        assert suggestion.text[0].isupper() and suggestion.text.endswith(".") and "\n" not in suggestion.text
        if suggestion.axis:
            now = one.scores[AXIS_NAMES.index(suggestion.axis)]
            reached = apply_targets(suggestion.axis, now, targets=suggestion.targets)
            assert fits(axis_state(suggestion.axis, reached, thresholds=one.thresholds), modes[suggestion.axis])


triples = st.sampled_from([THIRD, PAST, PRESENT, KNOWN, LEAN_PAST, PAST_OR_PRESENT, *INDIGO])
shares = st.sampled_from([0.0, 0.2, 0.35, 0.45, 0.6, 0.75, 0.95])
CASES = st.fixed_dictionaries(
    {
        "scores": st.tuples(triples, triples, triples),
        "album": st.sampled_from(ALBUM_NAMES),
        "p": shares,
        "confidence": shares,
        "uncertainty": shares,
        "ood_p": st.one_of(st.none(), st.sampled_from([0.01, 0.3])),
        "flags": st.sampled_from([(), ("unknown_source",), ("seen_in_training",)]),
    }
)


@settings(max_examples=200, deadline=None)
@given(case=CASES)
def test_the_first_rule_that_decides_alone_is_the_one_and_a_rule_changes_nothing(case: dict[str, Any]) -> None:
    one = evidence(**case)
    alone = [rule.code for rule in RULES if rule.decide(one) is not None]
    assert decide(one)[0].rule == alone[0]
    assert decide(one) == decide(evidence(**case))


@every_rule
def test_a_threshold_that_no_rule_names_changes_no_decision_of_it(rule: Rule) -> None:
    one = example(rule)
    states = {"dominant", "hybrid", "diffuse", "tie", "uncertain_album"}  # read where the evidence is made
    for info in THRESHOLDS:
        if info.name in states or info.name in rule.thresholds or info.choices or info.is_switch:
            continue
        for value in (0.0, 0.5, 1.0):
            other = evidence(**EXAMPLES[rule.code], limits=LIMITS.with_(**{info.name: value}))
            assert rule.decide(other) == rule.decide(one), info.name


# ---- a rule from outside ------------------------------------------------------------------------------------------------


@pytest.fixture
def made_up() -> Iterator[Rule]:
    with RULES.registered(TooPresent, before="accept") as rule:
        yield rule


PRESENT_RED = (PRESENT, LEAN_PAST, KNOWN)


def test_a_made_up_rule_decides_in_its_place(made_up: Rule) -> None:
    before = rules_digest()
    assert RULES.position("made_up_present") == RULES.position("accept") - 1
    found = verdict(axis=PRESENT_RED)
    assert (found.verdict, found.reason, found.rule) == ("REJECT", "made_up", "made_up_present")
    assert found.explanation == "Rejected: present has 0.90, at least 0.60."
    assert found.suggestions == ("Say less of the present.",)
    assert decision_of(found).rule == "made_up_present"
    assert verdict(axis=RED).rule == "accept"
    RULES.unregister("made_up_present")
    try:
        assert rules_digest() != before and verdict(axis=PRESENT_RED).rule == "unclear_ontology"
        assert rule_behind(found.to_dict()) is None
    finally:
        RULES.register(made_up, before="accept")


def test_a_made_up_rule_shows_on_the_page(made_up: Rule) -> None:
    from rebracket_core.ui.concepts import sentences

    line = verdict(axis=PRESENT_RED)
    assert sentences.meaning(line) == "A rule that a test made up."
    assert sentences.explanation(line) == "Rejected: present has 0.90, at least 0.60."


def test_a_made_up_rule_shows_in_every_document(made_up: Rule) -> None:
    assert "made_up" in describe.reasons()
    assert "made_up_present" in [row["rule"] for row in describe.rules_document()]
    assert "made_up_present" in next(row["rules"] for row in describe.thresholds_document() if row["name"] == "dominant")
    assert "`made_up_present`" in describe.markdown() and "A rule that a test made up." in describe.markdown()
    assert any("made_up" in line for line in describe.rules_list(LIMITS))


def test_a_made_up_rule_shows_on_the_command_line(made_up: Rule) -> None:
    from typer.testing import CliRunner

    from rebracket_core.cli.program import program

    told = json.loads(CliRunner().invoke(program, ["rules", "--json"]).stdout)
    assert next(row for row in told["rules"] if row["rule"] == "made_up_present")["reason"] == "made_up"
    assert "made_up_present: REJECT made_up" in CliRunner().invoke(program, ["rules"]).stdout


def test_a_made_up_rule_shows_in_the_api_and_its_schema(made_up: Rule, tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    from fastapi.testclient import TestClient

    from rebracket_core.serving.api import create_app
    from rebracket_core.settings import Settings
    from rebracket_core.workbench import Workbench

    app = create_app(Workbench(Settings.from_env({"REBRACKET_HOME": str(tmp_path)})))
    schema = app.openapi()["components"]["schemas"]["VerdictOut"]["properties"]
    assert "made_up" in schema["reason"]["description"] and "made_up_present" in schema["rule"]["description"]
    with TestClient(app) as client:
        told = client.get("/v1/rules").json()
    assert "made_up_present" in [row["rule"] for row in told["rules"]]


def test_a_made_up_rule_shows_on_a_model_card(made_up: Rule) -> None:
    from rebracket_core.reports.cards import model_card
    from rebracket_core.runs.store import RunInfo

    run = RunInfo(
        run_id="r",
        created_at="2026",
        dataset="d",
        dataset_digest="0",
        encoder_id="e",
        origins=("songs",),
        n_rows=1,
        n_groups=1,
        metrics={},
        transfer=(),
        thresholds=LIMITS.to_dict(),
        config={},
        promoted=False,
        starter=False,
    )
    assert "made\\_up" in model_card(run, spec={})


def test_the_page_of_the_documentation_is_up_to_date() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "verdicts.md"
    assert page.read_text(encoding="utf-8") == describe.markdown(), "run: rebracket rules --markdown > docs/verdicts.md"
