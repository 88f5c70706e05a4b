"""The gate, row by row; its boundaries; and what holds for any input.

Where upstream's validators differ, a comment names what they say; the value held here is that of the decided rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket_core.errors import InputError
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, album_named, album_of_triple
from rebracket_core.settings import Thresholds
from rebracket_core.validation.gate import Decision, Reason, VerdictKind, decide, number
from rebracket_core.validation.states import axis_states

LIMITS = Thresholds()
THIRD = (1 / 3, 1 / 3, 1 / 3)
PAST, PRESENT, FUTURE = (0.9, 0.05, 0.05), (0.05, 0.9, 0.05), (0.05, 0.05, 0.9)
THING, PLACE, PERSON = PAST, PRESENT, FUTURE
IMAGINED, FORGOTTEN, KNOWN = PAST, PRESENT, FUTURE
LEAN_PAST = (0.55, 0.25, 0.2)
PAST_OR_PRESENT = (0.48, 0.47, 0.05)
RED = (PAST, THING, KNOWN)
INDIGO = (THIRD, THIRD, (0.02, 0.5, 0.48))


def gate(
    scores: Sequence[Sequence[float]] = RED,
    *,
    album: str = "Red",
    p: float = 0.9,
    confidence: float = 0.9,
    uncertainty: float = 0.2,
    ood_p: float | None = 0.5,
    limits: Thresholds = LIMITS,
) -> Decision:
    return decide(
        scores=scores,
        states=axis_states(scores, thresholds=limits),
        album=album,
        probability=p,
        confidence=confidence,
        uncertainty=uncertainty,
        ood_p=ood_p,
        thresholds=limits,
    )


ROWS: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("strange text", {"ood_p": 0.01}, 1, "REJECT", "ood_detection"),
    ("undecided model", {"uncertainty": 0.9}, 1, "REJECT", "ood_detection"),
    ("strange before Black", {"album": "Black", "confidence": 0.1, "ood_p": 0.0}, 1, "REJECT", "ood_detection"),
    ("no detector", {"ood_p": None}, 4, "ACCEPT", ""),
    ("Black by its head", {"album": "Black", "confidence": 0.4}, 2, "ACCEPT_BLACK", ""),
    ("Black by its axes", {"scores": (THIRD,) * 3, "p": 0.1, "confidence": 0.2}, 2, "ACCEPT_BLACK", ""),
    ("uncharted", {"scores": (PAST, PLACE, KNOWN)}, 3, "REJECT", "uncharted_mode"),
    ("uncharted before Indigo", {"scores": (PAST, PLACE, KNOWN), "album": "Indigo"}, 3, "REJECT", "uncharted_mode"),
    ("all agree", {}, 4, "ACCEPT", ""),
    ("leaning agrees", {"scores": (LEAN_PAST, THING, KNOWN)}, 4, "ACCEPT", ""),
    ("Indigo by its own two modes", {"scores": INDIGO, "album": "Indigo"}, 4, "ACCEPT", ""),
    ("Indigo by one of its modes", {"scores": (THIRD, THIRD, KNOWN), "album": "Indigo"}, 4, "ACCEPT", ""),
    (
        "White is told from its low confidence",
        {"scores": (LEAN_PAST,) * 3, "album": "White", "confidence": 0.3},
        4,
        "ACCEPT",
        "",
    ),
    ("one hybrid", {"scores": (PAST_OR_PRESENT, THING, KNOWN), "p": 0.4}, 5, "ACCEPT_HYBRID", ""),
    ("two hybrids", {"scores": (PAST_OR_PRESENT, PAST_OR_PRESENT, KNOWN)}, 5, "ACCEPT_HYBRID", ""),
    ("the second of the two may be the album's", {"scores": ((0.47, 0.48, 0.05), THING, KNOWN)}, 5, "ACCEPT_HYBRID", ""),
    ("Indigo, too faint for row 4", {"scores": INDIGO, "album": "Indigo", "p": 0.4}, 5, "ACCEPT_HYBRID", ""),
    ("three hybrids", {"scores": (PAST_OR_PRESENT,) * 3, "album": "Orange"}, 8, "REJECT", "unclear_ontology"),
    ("a hybrid without the album's mode", {"scores": ((0.05, 0.48, 0.47), THING, KNOWN)}, 8, "REJECT", "unclear_ontology"),
    (
        "a hybrid where the album has no mode",
        {"scores": (PAST_OR_PRESENT, THIRD, KNOWN), "album": "Indigo"},
        8,
        "REJECT",
        "unclear_ontology",
    ),
    ("two diffuse", {"scores": (THIRD, THIRD, KNOWN)}, 6, "REJECT", "diffuse_ontology"),
    ("three diffuse", {"scores": (THIRD,) * 3, "confidence": 0.3}, 6, "REJECT", "diffuse_ontology"),
    ("diffuse before low confidence", {"scores": (THIRD, THIRD, KNOWN), "confidence": 0.1}, 6, "REJECT", "diffuse_ontology"),
    (
        "diffuse where the album has no modes does not count",
        {"scores": INDIGO, "album": "Indigo", "p": 0.1},
        8,
        "REJECT",
        "unclear_ontology",
    ),
    ("faint confidence", {"confidence": 0.35}, 7, "REJECT", "low_confidence"),
    ("one diffuse", {"scores": (THIRD, THING, KNOWN)}, 8, "REJECT", "unclear_ontology"),
    ("middling confidence", {"confidence": 0.6}, 8, "REJECT", "unclear_ontology"),
    ("improbable album", {"p": 0.4}, 8, "REJECT", "unclear_ontology"),
    ("an axis elsewhere", {"scores": (LEAN_PAST, THING, KNOWN), "album": "Violet"}, 8, "REJECT", "unclear_ontology"),
    ("dominant where Indigo has none", {"scores": (PAST, THIRD, KNOWN), "album": "Indigo"}, 8, "REJECT", "unclear_ontology"),
    (
        "White with much confidence",
        {"scores": (LEAN_PAST,) * 3, "album": "White", "confidence": 0.9},
        8,
        "REJECT",
        "unclear_ontology",
    ),
]


@pytest.mark.parametrize(("what", "case", "rule", "verdict", "reason"), ROWS, ids=[row[0] for row in ROWS])
def test_each_row(what: str, case: dict[str, Any], rule: int, verdict: str, reason: str) -> None:
    found = gate(**case)
    assert (found.rule, found.verdict, found.reason) == (rule, verdict, reason), what
    assert found.explanation.endswith(".")


def test_every_row_has_a_case() -> None:
    assert {row[2] for row in ROWS} == set(range(1, 9))


BOUNDARIES: list[tuple[dict[str, Any], int]] = [
    ({"ood_p": 0.05}, 4),
    ({"ood_p": 0.049999}, 1),
    ({"uncertainty": 0.8}, 4),
    ({"uncertainty": 0.800001}, 1),
    ({"album": "Black", "confidence": 0.499999, "p": 0.5}, 2),
    ({"album": "Black", "confidence": 0.5, "p": 0.5}, 8),
    ({"album": "Black", "confidence": 0.3, "p": 0.499999}, 7),
    ({"scores": (THIRD,) * 3, "confidence": 0.299999}, 2),
    ({"scores": (THIRD,) * 3, "confidence": 0.3}, 6),
    ({"p": 0.5}, 4),
    ({"p": 0.499999}, 8),
    ({"confidence": 0.7}, 4),
    ({"confidence": 0.699999}, 8),
    ({"scores": (LEAN_PAST,) * 3, "album": "White", "confidence": 0.499999}, 4),
    ({"scores": (LEAN_PAST,) * 3, "album": "White", "confidence": 0.5}, 8),
    ({"scores": (PAST_OR_PRESENT, THING, KNOWN), "p": 0.3}, 5),
    ({"scores": (PAST_OR_PRESENT, THING, KNOWN), "p": 0.299999}, 8),
    ({"confidence": 0.4}, 8),
    ({"confidence": 0.399999}, 7),
    # Dominance (0.6), the hybrid gap (0.15) and diffuseness (0.2) on the axis itself.
    ({"scores": ((0.6, 0.2, 0.2), PLACE, KNOWN), "album": "Violet"}, 3),
    ({"scores": ((0.599999, 0.2, 0.200001), PLACE, KNOWN), "album": "Violet"}, 8),
    ({"scores": ((0.55, 0.4, 0.05), THING, KNOWN)}, 5),
    ({"scores": ((0.550001, 0.4, 0.049999), THING, KNOWN)}, 4),
    ({"scores": ((0.46, 0.28, 0.26), THING, KNOWN)}, 4),
    ({"scores": ((0.459999, 0.28, 0.260001), THING, KNOWN)}, 8),
]


@pytest.mark.parametrize(("case", "rule"), BOUNDARIES)
def test_both_sides_of_each_threshold(case: dict[str, Any], rule: int) -> None:
    assert gate(**case).rule == rule


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
    ("V2 .9 D D diffuse: accept", {"scores": (PAST, THING, THIRD)}, "REJECT"),
    ("V2 .9 D diff diff: reject", {"scores": (PAST, THIRD, THIRD)}, "REJECT"),
    ("V2 .2 3 diffuse: accept_black", {"scores": (THIRD,) * 3, "confidence": 0.2}, "ACCEPT_BLACK"),
    ("V2 .3 3 diffuse: reject", {"scores": (THIRD,) * 3, "confidence": 0.3}, "REJECT"),
    ("V2 .35 DDD: reject", {"confidence": 0.35}, "REJECT"),
    ("V2 .45 DDD: reject", {"confidence": 0.45}, "REJECT"),
    ("V2 .62 hybrid D D: accept_hybrid", {"scores": (PAST_OR_PRESENT, THING, KNOWN), "confidence": 0.62}, "ACCEPT_HYBRID"),
    ("V2 .9 3 hybrid: reject", {"scores": (PAST_OR_PRESENT,) * 3, "album": "Orange"}, "REJECT"),
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
    ("V3 uniform .18: reject", {"scores": (THIRD,) * 3, "confidence": 0.18}, "ACCEPT_BLACK"),
    ("V3 uniform .9: accept_hybrid, as it calls uniform hybrid", {"scores": (THIRD,) * 3}, "REJECT"),
    ("V3 nearly uniform .2: accept_black", {"scores": ((0.44, 0.28, 0.28),) * 3, "confidence": 0.2}, "ACCEPT_BLACK"),
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
    assert (found.verdict, found.reason, found.rule) == (VerdictKind.ACCEPT, Reason.UNCHARTED_MODE, 3)
    assert found.flags == ("uncharted",)
    assert "past_place_known" in found.explanation


def test_the_explanation_carries_the_numbers() -> None:
    assert "0.35, below 0.40" in gate(confidence=0.35).explanation
    assert "0.0499, below 0.05" in gate(ood_p=0.0499).explanation
    assert "album head says Red (0.10)" in gate((THIRD,) * 3, p=0.1, confidence=0.2).explanation


def test_numbers_are_told_apart_from_what_they_are_compared_with() -> None:
    assert number(0.55) == "0.55"
    assert number(0.4567) == "0.457"
    assert number(0.399999, beside=0.4) == "0.399999"
    assert number(0.4, beside=0.4) == "0.40"


@pytest.mark.parametrize("name", ["p", "confidence", "uncertainty", "ood_p"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(name: str, value: float) -> None:
    with pytest.raises(InputError, match="no share"):
        gate(**{name: value})


def test_an_unknown_album_is_refused() -> None:
    with pytest.raises(InputError, match="no such album"):
        gate(album="Purple")


# --- what holds for any input, by predicates written apart from the gate -------------------------------------------

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
        "limits": st.sampled_from([LIMITS, LIMITS.with_(accept=0.8), LIMITS.with_(accept_uncharted=True)]),
    }
)


def _agrees(state: Any, modes: frozenset[str]) -> bool:
    if modes:
        return state.state != "diffuse" and state.lead in modes
    return state.state != "dominant"


def _holding(case: dict[str, Any]) -> list[bool]:
    """For each row from 1 to 8 whether its own condition holds, the order set aside."""
    limits, name, p, conf = case["limits"], case["album"], case["p"], case["confidence"]
    states, modes = axis_states(case["scores"], thresholds=limits), album_named(case["album"]).modes
    kinds, tiny = [s.state for s in states], 1e-9
    hybrids = [s for s in states if s.state == "hybrid"]
    agree = [_agrees(s, modes[s.axis]) for s in states]
    strange = case["ood_p"] is not None and case["ood_p"] < limits.ood_p - tiny
    black = name == "Black" and p >= limits.accept - tiny and conf < 0.5 - tiny
    own = all(set(s.modes) == set(modes[s.axis]) for s in hybrids)
    enough = conf < 0.5 - tiny if name == "White" else conf >= 0.7 - tiny
    return [
        strange or case["uncertainty"] > 0.8 + tiny,
        black or (kinds == ["diffuse"] * 3 and conf < 0.3 - tiny),
        kinds == ["dominant"] * 3 and album_of_triple(s.lead for s in states) is None,
        p >= limits.accept - tiny and all(agree) and own and enough,
        p >= 0.3 - tiny
        and len(hybrids) in (1, 2)
        and all(set(s.modes) & modes[s.axis] if s.state == "hybrid" else ok for s, ok in zip(states, agree, strict=True)),
        sum(s.state == "diffuse" and bool(modes[s.axis]) for s in states) >= 2,
        conf < 0.4 - tiny,
        True,
    ]


@settings(max_examples=400)
@given(case=CASES)
def test_the_first_row_that_holds_decides(case: dict[str, Any]) -> None:
    found = gate(**case)
    assert found.rule == _holding(case).index(True) + 1
    uncharted = VerdictKind.ACCEPT if case["limits"].accept_uncharted else VerdictKind.REJECT
    verdicts = {2: VerdictKind.ACCEPT_BLACK, 3: uncharted, 4: VerdictKind.ACCEPT, 5: VerdictKind.ACCEPT_HYBRID}
    assert found.verdict == verdicts.get(found.rule, VerdictKind.REJECT)
    assert (found.reason == Reason.NONE) == (found.rule in (2, 4, 5))
    assert ("uncharted" in found.flags) == (found.rule == 3)


@settings(max_examples=300)
@given(case=CASES)
def test_accept_implies_every_condition_of_row_four(case: dict[str, Any]) -> None:
    found = gate(**case)
    if found.verdict == VerdictKind.ACCEPT and found.reason == Reason.NONE:
        assert _holding(case)[3]
        assert not any(_holding(case)[:3])


def test_the_modes_of_the_cases_are_those_of_the_table() -> None:
    assert [MODES[axis][0] for axis in AXIS_NAMES] == ["past", "thing", "imagined"]
