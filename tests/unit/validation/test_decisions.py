"""The rules, one by one; their boundaries; and what holds for any evidence.

Where upstream's validators differ, a comment names what they say; the value held here is that of the decided rules.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, album_named, album_of_triple
from rebracket_core.validation import RULES, axis_states
from rebracket_core.validation.wording import number
from rebracket_core.verdict_kinds import VerdictKind
from tests.support.evidence import (
    FUTURE,
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
    evidence,
    gate,
)

ROWS: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("unlike text", {"ood_p": 0.01}, "ood_detection", "REJECT", "ood_detection"),
    ("unknown source", {"flags": ("unknown_source",)}, "ood_detection", "REJECT", "ood_detection"),
    ("undecided model", {"uncertainty": 0.9}, "high_uncertainty", "REJECT", "high_uncertainty"),
    ("unlike before undecided", {"uncertainty": 0.9, "ood_p": 0.01}, "ood_detection", "REJECT", "ood_detection"),
    ("unlike before Black", {"album": "Black", "confidence": 0.1, "ood_p": 0.0}, "ood_detection", "REJECT", "ood_detection"),
    ("no detector", {"ood_p": None}, "accept", "ACCEPT", ""),
    ("Black", {"album": "Black", "confidence": 0.4}, "accept_black", "ACCEPT_BLACK", ""),
    (
        "Black although three axes contradict it",
        {"scores": RED, "album": "Black", "confidence": 0.4},
        "accept_black",
        "ACCEPT_BLACK",
        "",
    ),
    (
        "diffuse axes alone make no Black",
        {"scores": (THIRD,) * 3, "p": 0.1, "confidence": 0.2},
        "diffuse_ontology",
        "REJECT",
        "diffuse_ontology",
    ),
    (
        "Black with much confidence",
        {"scores": (THIRD,) * 3, "album": "Black"},
        "unclear_ontology",
        "REJECT",
        "unclear_ontology",
    ),
    ("uncharted", {"scores": (PAST, PLACE, KNOWN)}, "uncharted_mode", "REJECT", "uncharted_mode"),
    (
        "uncharted before Indigo",
        {"scores": (PAST, PLACE, KNOWN), "album": "Indigo"},
        "uncharted_mode",
        "REJECT",
        "uncharted_mode",
    ),
    ("all agree", {}, "accept", "ACCEPT", ""),
    ("leaning agrees", {"scores": (LEAN_PAST, THING, KNOWN)}, "accept", "ACCEPT", ""),
    ("a diffuse axis contradicts nothing", {"scores": (THIRD, THING, KNOWN)}, "accept", "ACCEPT", ""),
    ("two diffuse axes contradict nothing", {"scores": (THIRD, THIRD, KNOWN)}, "accept", "ACCEPT", ""),
    ("a hybrid axis contradicts nothing", {"scores": (PAST_OR_PRESENT, THING, KNOWN)}, "accept", "ACCEPT", ""),
    (
        "a leaning axis elsewhere contradicts nothing",
        {"scores": (LEAN_PAST, THING, KNOWN), "album": "Violet"},
        "unclear_ontology",
        "REJECT",
        "unclear_ontology",
    ),
    ("one leaning axis elsewhere", {"scores": ((0.25, 0.55, 0.2), THING, KNOWN)}, "accept", "ACCEPT", ""),
    ("Indigo by its own two modes", {"scores": INDIGO, "album": "Indigo"}, "accept", "ACCEPT", ""),
    ("Indigo by one of its modes", {"scores": (THIRD, THIRD, KNOWN), "album": "Indigo"}, "accept", "ACCEPT", ""),
    (
        "White is told from its low confidence",
        {"scores": (LEAN_PAST,) * 3, "album": "White", "confidence": 0.3},
        "accept",
        "ACCEPT",
        "",
    ),
    (
        "a dominant axis contradicts White",
        {"scores": (PAST, THIRD, THIRD), "album": "White", "confidence": 0.3},
        "low_confidence",
        "REJECT",
        "low_confidence",
    ),
    ("one hybrid", {"scores": (PAST_OR_PRESENT, THING, KNOWN), "p": 0.4}, "accept_hybrid", "ACCEPT_HYBRID", ""),
    (
        "two hybrids, too little confidence for ACCEPT",
        {"scores": (PAST_OR_PRESENT, PAST_OR_PRESENT, KNOWN), "confidence": 0.6},
        "accept_hybrid",
        "ACCEPT_HYBRID",
        "",
    ),
    (
        "the second of the two may be the album's",
        {"scores": ((0.47, 0.48, 0.05), THING, KNOWN), "p": 0.4},
        "accept_hybrid",
        "ACCEPT_HYBRID",
        "",
    ),
    ("Indigo, too faint for ACCEPT", {"scores": INDIGO, "album": "Indigo", "p": 0.4}, "accept_hybrid", "ACCEPT_HYBRID", ""),
    (
        "three hybrids",
        {"scores": (PAST_OR_PRESENT,) * 3, "album": "Orange", "p": 0.4},
        "unclear_ontology",
        "REJECT",
        "unclear_ontology",
    ),
    (
        "a hybrid without the album's mode",
        {"scores": ((0.05, 0.48, 0.47), THING, KNOWN), "p": 0.4},
        "unclear_ontology",
        "REJECT",
        "unclear_ontology",
    ),
    (
        "a hybrid where the album has no mode",
        {"scores": (PAST_OR_PRESENT, THIRD, KNOWN), "album": "Indigo", "p": 0.4},
        "unclear_ontology",
        "REJECT",
        "unclear_ontology",
    ),
    ("two diffuse, improbable", {"scores": (THIRD, THIRD, KNOWN), "p": 0.4}, "diffuse_ontology", "REJECT", "diffuse_ontology"),
    ("three diffuse", {"scores": (THIRD,) * 3, "confidence": 0.3}, "diffuse_ontology", "REJECT", "diffuse_ontology"),
    (
        "diffuse before low confidence",
        {"scores": (THIRD, THIRD, KNOWN), "confidence": 0.1},
        "diffuse_ontology",
        "REJECT",
        "diffuse_ontology",
    ),
    (
        "diffuse where the album has no modes does not count",
        {"scores": INDIGO, "album": "Indigo", "p": 0.1},
        "unclear_ontology",
        "REJECT",
        "unclear_ontology",
    ),
    ("faint confidence", {"confidence": 0.35}, "low_confidence", "REJECT", "low_confidence"),
    ("middling confidence", {"confidence": 0.6}, "unclear_ontology", "REJECT", "unclear_ontology"),
    ("improbable album", {"p": 0.4}, "unclear_ontology", "REJECT", "unclear_ontology"),
    (
        "dominant where Indigo has none",
        {"scores": (PAST, THIRD, KNOWN), "album": "Indigo"},
        "unclear_ontology",
        "REJECT",
        "unclear_ontology",
    ),
    (
        "White with much confidence",
        {"scores": (LEAN_PAST,) * 3, "album": "White", "confidence": 0.9},
        "unclear_ontology",
        "REJECT",
        "unclear_ontology",
    ),
]


@pytest.mark.parametrize(("what", "case", "rule", "verdict", "reason"), ROWS, ids=[row[0] for row in ROWS])
def test_each_rule(what: str, case: dict[str, Any], rule: str, verdict: str, reason: str) -> None:
    found = gate(**case)
    assert (found.rule, found.verdict, found.reason) == (rule, verdict, reason), what
    assert found.explanation.endswith(".")


def test_every_rule_has_a_case_and_its_number() -> None:
    assert {row[2] for row in ROWS} == set(RULES.names)
    assert [RULES.position(name) for name in RULES.names] == list(range(1, 10))
    assert RULES.names == (
        "ood_detection",
        "high_uncertainty",
        "accept_black",
        "uncharted_mode",
        "accept",
        "accept_hybrid",
        "diffuse_ontology",
        "low_confidence",
        "unclear_ontology",
    )


BOUNDARIES: list[tuple[dict[str, Any], str]] = [
    ({"ood_p": 0.05}, "accept"),
    ({"ood_p": 0.049999}, "ood_detection"),
    ({"uncertainty": 0.8}, "accept"),
    ({"uncertainty": 0.800001}, "high_uncertainty"),
    ({"album": "Black", "confidence": 0.499999, "p": 0.5}, "accept_black"),
    ({"album": "Black", "confidence": 0.5, "p": 0.5}, "unclear_ontology"),
    ({"album": "Black", "confidence": 0.3, "p": 0.499999}, "low_confidence"),
    ({"p": 0.5}, "accept"),
    ({"p": 0.499999}, "unclear_ontology"),
    ({"confidence": 0.7}, "accept"),
    ({"confidence": 0.699999}, "unclear_ontology"),
    ({"scores": (LEAN_PAST,) * 3, "album": "White", "confidence": 0.499999}, "accept"),
    ({"scores": (LEAN_PAST,) * 3, "album": "White", "confidence": 0.5}, "unclear_ontology"),
    ({"scores": (PAST_OR_PRESENT, THING, KNOWN), "p": 0.3}, "accept_hybrid"),
    ({"scores": (PAST_OR_PRESENT, THING, KNOWN), "p": 0.299999}, "unclear_ontology"),
    ({"confidence": 0.4}, "unclear_ontology"),
    ({"confidence": 0.399999}, "low_confidence"),
    # Dominance (0.6), the hybrid gap (0.15) and diffuseness (0.2) on the axis itself.
    ({"scores": ((0.6, 0.2, 0.2), PLACE, KNOWN), "album": "Violet"}, "uncharted_mode"),
    ({"scores": ((0.599999, 0.2, 0.200001), PLACE, KNOWN), "album": "Violet"}, "unclear_ontology"),
    ({"scores": ((0.2, 0.6, 0.2), THIRD, KNOWN)}, "unclear_ontology"),
    ({"scores": ((0.2, 0.599999, 0.200001), THIRD, KNOWN)}, "accept"),
    ({"scores": ((0.55, 0.4, 0.05), THING, KNOWN), "p": 0.4}, "accept_hybrid"),
    ({"scores": ((0.550001, 0.4, 0.049999), THING, KNOWN), "p": 0.4}, "unclear_ontology"),
    ({"scores": ((0.46, 0.28, 0.26), (0.459999, 0.28, 0.260001), KNOWN), "p": 0.4}, "unclear_ontology"),
    ({"scores": ((0.459999, 0.28, 0.260001), (0.459999, 0.28, 0.260001), KNOWN), "p": 0.4}, "diffuse_ontology"),
    # At 1 a rule accepts nothing, whatever the probability.
    ({"p": 1.0, "limits": LIMITS.with_(accept=0.999999)}, "accept"),
    ({"p": 1.0, "limits": LIMITS.with_(accept=1.0)}, "unclear_ontology"),
    (
        {"p": 1.0, "scores": (PAST_OR_PRESENT, THING, KNOWN), "limits": LIMITS.with_(accept=1.0, accept_hybrid=1.0)},
        "unclear_ontology",
    ),
]


@pytest.mark.parametrize(("case", "rule"), BOUNDARIES)
def test_both_sides_of_each_threshold(case: dict[str, Any], rule: str) -> None:
    assert gate(**case).rule == rule


AGAINST = ((0.25, 0.55, 0.2), THING, KNOWN)
CONTRADICTED = (PRESENT, THING, THIRD)


@pytest.mark.parametrize(
    ("axes", "hybrid", "against", "contradicted"),
    [
        ("contradicts", "accept", "accept", "unclear_ontology"),
        ("agree", "accept_hybrid", "unclear_ontology", "unclear_ontology"),
        ("flag", "accept", "accept", "accept"),
    ],
)
def test_the_axis_condition_of_accept_is_a_setting(axes: str, hybrid: str, against: str, contradicted: str) -> None:
    limits = LIMITS.with_(accept_axes=axes)
    assert gate(limits=limits).rule == "accept"
    assert gate((PAST_OR_PRESENT, THING, KNOWN), limits=limits).rule == hybrid
    assert gate(AGAINST, limits=limits).rule == against
    found = gate(CONTRADICTED, limits=limits)
    assert found.rule == contradicted
    assert found.flags == (("axes_contradict",) if axes == "flag" else ())


@pytest.mark.parametrize(
    ("scores", "album", "raised"),
    [
        (RED, "Red", False),
        (RED, "Orange", True),
        ((PAST, THING, (0.3, 0.15, 0.55)), "Orange", False),  # the axes say Red, and no axis is dominant elsewhere
        ((THIRD,) * 3, "White", False),  # the axes say Black, whose target is White's
        ((THIRD,) * 3, "Red", False),  # the axes say Black, and nothing contradicts Red
        (RED, "White", True),
    ],
)
def test_axes_disagree_only_where_they_contradict(scores: tuple, album: str, raised: bool) -> None:
    found = evidence(scores, album=album)
    assert found.axes_disagree is raised
    assert ("axes_disagree" in found.all_flags()) is raised


GLOSSARY = {
    "orange": ((0.92, 0.05, 0.03), (0.88, 0.09, 0.03), (0.85, 0.10, 0.05)),
    "hybrid": ((0.48, 0.47, 0.05), (0.78, 0.15, 0.07), (0.06, 0.12, 0.82)),
    "black": ((0.34, 0.33, 0.33), (0.32, 0.35, 0.33), (0.33, 0.34, 0.33)),
}


def test_the_glossary_texts() -> None:
    assert gate(GLOSSARY["orange"], album="Orange", confidence=0.91).verdict == "ACCEPT"
    assert gate(GLOSSARY["hybrid"], album="Red", p=0.5, confidence=0.62).verdict == "ACCEPT_HYBRID"
    assert gate(GLOSSARY["black"], album="Black", confidence=0.18).verdict == "ACCEPT_BLACK"


LEAN = (LEAN_PAST, LEAN_PAST, (0.2, 0.25, 0.55))
UPSTREAM: list[tuple[str, dict[str, Any], str]] = [
    ("V2 .9 DDD: accept", {}, "ACCEPT"),
    ("V2 .69 DDD: accept, by a step that makes its 0.7 dead", {"confidence": 0.69}, "REJECT"),
    ("V2 .55 D D partial: accept", {"scores": (PAST, THING, LEAN[2]), "confidence": 0.55}, "REJECT"),
    ("V2 .9 D D diffuse: accept", {"scores": (PAST, THING, THIRD)}, "ACCEPT"),
    ("V2 .9 D diff diff: reject", {"scores": (PAST, THIRD, THIRD)}, "ACCEPT"),
    ("V2 .2 3 diffuse: accept_black", {"scores": (THIRD,) * 3, "confidence": 0.2}, "REJECT"),
    ("V2 .3 3 diffuse: reject", {"scores": (THIRD,) * 3, "confidence": 0.3}, "REJECT"),
    ("V2 .35 DDD: reject", {"confidence": 0.35}, "REJECT"),
    ("V2 .45 DDD: reject", {"confidence": 0.45}, "REJECT"),
    ("V2 .62 hybrid D D: accept_hybrid", {"scores": (PAST_OR_PRESENT, THING, KNOWN), "confidence": 0.62}, "ACCEPT_HYBRID"),
    ("V2 .9 3 hybrid: reject", {"scores": (PAST_OR_PRESENT,) * 3, "album": "Orange"}, "ACCEPT"),
    (
        "V2 .45 hybrid D D: reject, asking for 0.5",
        {"scores": (PAST_OR_PRESENT, THING, KNOWN), "confidence": 0.45},
        "ACCEPT_HYBRID",
    ),
    ("V2 .9 D partial partial: reject, asking for two dominant", {"scores": (PAST, *LEAN[1:])}, "ACCEPT"),
    (
        "V2 .6 hybrid diffuse D: accept_hybrid, whatever the others",
        {"scores": (PAST_OR_PRESENT, THIRD, KNOWN), "confidence": 0.6},
        "REJECT",
    ),
    ("V3 uniform .18: reject", {"scores": (THIRD,) * 3, "confidence": 0.18}, "REJECT"),
    ("V3 uniform .9: accept_hybrid, as it calls uniform hybrid", {"scores": (THIRD,) * 3}, "ACCEPT"),
    ("V3 nearly uniform .2: accept_black", {"scores": ((0.44, 0.28, 0.28),) * 3, "confidence": 0.2}, "REJECT"),
    ("V3 dominant .65: accept_hybrid by falling through", {"confidence": 0.65}, "REJECT"),
    (
        "V3 no state at .45: accept_hybrid by falling through",
        {"scores": ((0.55, 0.35, 0.1),) * 3, "album": "Orange", "confidence": 0.45},
        "REJECT",
    ),
]


@pytest.mark.parametrize(("upstream", "case", "verdict"), UPSTREAM, ids=[row[0] for row in UPSTREAM])
def test_upstream_examples_under_the_decided_rule(upstream: str, case: dict[str, Any], verdict: str) -> None:
    assert gate(**case).verdict == verdict, upstream


def test_uncharted_triples_can_be_accepted() -> None:
    found = gate((PAST, PLACE, KNOWN), limits=LIMITS.with_(accept_uncharted=True))
    assert (found.verdict, found.reason, found.rule) == (VerdictKind.ACCEPT, "uncharted_mode", "uncharted_mode")
    assert found.flags == ("uncharted",)
    assert "past_place_known" in found.explanation


def test_the_explanation_carries_the_numbers() -> None:
    assert "0.35, below 0.40" in gate(confidence=0.35).explanation
    assert "0.0499, below 0.05" in gate(ood_p=0.0499).explanation
    assert "0.900001, above 0.9" in gate(uncertainty=0.900001, limits=LIMITS.with_(uncertainty=0.9)).explanation


def test_numbers_are_told_apart_from_what_they_are_compared_with() -> None:
    assert number(0.55) == "0.55"
    assert number(0.4567) == "0.457"
    assert number(0.399999, beside=0.4) == "0.399999"
    assert number(0.4, beside=0.4) == "0.40"


# --- what holds for any evidence, by predicates written apart from the rules -------------------------------------------

shares = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.05, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]))
triples = st.one_of(
    st.tuples(*[st.floats(0.0, 1.0)] * 3).filter(lambda w: sum(w) > 1e-3).map(lambda w: tuple(x / sum(w) for x in w)),
    st.sampled_from([THIRD, PAST, PRESENT, FUTURE, LEAN_PAST, PAST_OR_PRESENT, (0.05, 0.48, 0.47), (0.6, 0.2, 0.2)]),
)
CASES = st.fixed_dictionaries(
    {
        "scores": st.tuples(triples, triples, triples),
        "album": st.sampled_from(ALBUM_NAMES),
        "p": shares,
        "confidence": shares,
        "uncertainty": shares,
        "ood_p": st.one_of(st.none(), shares),
        "limits": st.sampled_from(
            [
                LIMITS,
                LIMITS.with_(accept=0.8),
                LIMITS.with_(accept_uncharted=True),
                LIMITS.with_(accept_axes="agree"),
                LIMITS.with_(accept_axes="flag"),
                LIMITS.with_(accept=1.0),
                LIMITS.with_(accept_hybrid=0.6),
            ]
        ),
    }
)


def _agrees(state: Any, modes: frozenset[str]) -> bool:
    if modes:
        return state.state != "diffuse" and state.argmax_mode in modes
    return state.state != "dominant"


def _holding(case: dict[str, Any]) -> list[bool]:
    """For each rule of DOMAIN 4, in order, whether its own condition holds, the order set aside."""
    limits, name, p, conf = case["limits"], case["album"], case["p"], case["confidence"]
    states, modes = axis_states(case["scores"], thresholds=limits), album_named(case["album"]).modes
    kinds, tiny = [s.state for s in states], 1e-9
    hybrids = [s for s in states if s.state == "hybrid"]
    agree = [_agrees(s, modes[s.axis]) for s in states]
    against = any(s.state == "dominant" and s.argmax_mode not in modes[s.axis] for s in states)
    hovering = any(set(s.modes) != set(modes[s.axis]) for s in hybrids)
    axes = {"contradicts": not against, "agree": all(agree) and not hovering, "flag": True}[limits.accept_axes]
    probable = limits.accept < 1.0 and p >= limits.accept - tiny
    enough = conf < 0.5 - tiny if name == "White" else conf >= 0.7 - tiny
    return [
        case["ood_p"] is not None and case["ood_p"] < limits.ood_p - tiny,
        case["uncertainty"] > 0.8 + tiny,
        name == "Black" and probable and conf < 0.5 - tiny,
        kinds == ["dominant"] * 3 and album_of_triple(s.argmax_mode for s in states) is None,
        name != "Black" and probable and axes and enough,
        p >= limits.accept_hybrid - tiny
        and len(hybrids) in (1, 2)
        and all(set(s.modes) & modes[s.axis] if s.state == "hybrid" else ok for s, ok in zip(states, agree, strict=True)),
        sum(s.state == "diffuse" and bool(modes[s.axis]) for s in states) >= 2,
        conf < 0.4 - tiny,
        True,
    ]


@settings(max_examples=500)
@given(case=CASES)
def test_the_first_rule_that_holds_decides(case: dict[str, Any]) -> None:
    found = gate(**case)
    number = RULES.position(found.rule)
    assert number == _holding(case).index(True) + 1
    uncharted = VerdictKind.ACCEPT if case["limits"].accept_uncharted else VerdictKind.REJECT
    verdicts = {3: VerdictKind.ACCEPT_BLACK, 4: uncharted, 5: VerdictKind.ACCEPT, 6: VerdictKind.ACCEPT_HYBRID}
    assert found.verdict == verdicts.get(number, VerdictKind.REJECT)
    assert (found.reason == "") == (number in (3, 5, 6))
    assert ("uncharted" in found.flags) == (number == 4)


def test_the_modes_of_the_cases_are_those_of_the_table() -> None:
    assert [MODES[axis][0] for axis in AXIS_NAMES] == ["past", "thing", "imagined"]
