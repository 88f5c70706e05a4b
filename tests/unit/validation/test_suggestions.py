"""Suggestions: for each verdict what to change, and that changing it does what is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, album_named
from rebracket_core.settings import Thresholds
from rebracket_core.validation import Decision, Suggestion, agrees, axis_state, decide, fits
from rebracket_core.validation.transmigration import apply_targets
from tests.support.evidence import KNOWN, LIMITS, PAST, THING, THIRD, evidence


def ask(*args: Any, **kwargs: Any) -> tuple[Decision, tuple[Suggestion, ...]]:
    return decide(evidence(*args, **kwargs))


def test_the_accepted_need_none() -> None:
    assert ask()[1] == ()
    assert ask(album="Black", confidence=0.2)[1] == ()


def test_a_hybrid_is_told_what_settles_it() -> None:
    decision, found = ask(((0.48, 0.47, 0.05), THING, KNOWN), p=0.45)
    assert decision.verdict == "ACCEPT_HYBRID"
    assert found[0].text == ("Raise past from 0.48 to 0.70: Red asks for past, and temporal is now on past and present.")
    assert (found[0].axis, dict(found[0].targets)) == ("temporal", {"past": 0.7})


def test_a_score_of_55_is_raised_to_70() -> None:
    found = ask(((0.55, 0.45, 0.0), THING, KNOWN), p=0.45, confidence=0.8)[1]
    assert found[0].text.startswith("Raise past from 0.55 to 0.70")


def test_a_text_unlike_the_training_ones_is_told_what_the_number_means() -> None:
    decision, found = ask(ood_p=0.012)
    assert decision.reason == "ood_detection"
    assert "12 in 1000" in found[0].text
    assert "0.012" in found[0].text
    assert "0.05" in found[0].text
    assert "no concept" in found[1].text


def test_an_undecided_model_is_told_its_uncertainty() -> None:
    decision, found = ask(uncertainty=0.86)
    assert decision.reason == "high_uncertainty"
    assert len(found) == 1
    assert "0.86" in found[0].text
    assert "0.80" in found[0].text


def test_low_confidence_names_the_number_and_the_thresholds_first() -> None:
    decision, found = ask(confidence=0.32)
    assert decision.reason == "low_confidence"
    assert "0.32" in found[0].text
    assert "0.70" in found[0].text
    assert "0.40" in found[0].text


def test_diffuse_axes_are_raised() -> None:
    decision, found = ask((THIRD, THIRD, KNOWN), p=0.45)
    assert decision.reason == "diffuse_ontology"
    assert [s.axis for s in found] == ["temporal", "spatial", ""]
    assert found[0].text.startswith("Raise past from 0.333 to 0.70: Red asks for past, and temporal is now diffuse")


def test_an_uncharted_triple_is_told_the_way_out_and_the_nearest_album() -> None:
    decision, found = ask((PAST, (0.05, 0.9, 0.05), KNOWN))
    assert decision.reason == "uncharted_mode"
    assert found[0].text.startswith("Raise thing from 0.05 to 0.70")
    assert found[1].text.startswith("No album has past, place, known; the nearest is Indigo")
    assert "accept_uncharted" in found[2].text


def test_an_improbable_album_is_told_from_its_rival() -> None:
    proba = [{"Red": 0.42, "Orange": 0.4}.get(name, 0.18 / 7) for name in ALBUM_NAMES]
    decision, found = ask(p=0.42, probabilities=proba)
    assert decision.rule == "unclear_ontology"
    assert [s.text for s in found] == [
        "Raise the probability of Red from 0.42 to 0.50 by what tells it from Orange: known rather than imagined."
    ]


def test_a_run_that_accepts_nothing_says_so() -> None:
    found = ask(limits=LIMITS.with_(accept=1.0))[1]
    assert "accept is 1" in found[0].text and "another run" in found[0].text


def test_a_contradicting_axis_comes_before_the_probability_and_an_unclear_one_after_it() -> None:
    scores = ((0.05, 0.9, 0.05), (0.5, 0.4, 0.1), THIRD)
    decision, found = ask(scores, p=0.42, confidence=0.6)
    assert decision.rule == "unclear_ontology"
    assert [s.axis for s in found] == ["temporal", "", "", "ontological", "spatial"]


def test_black_is_asked_to_loosen() -> None:
    decision, found = ask((THIRD,) * 3, album="Black", confidence=0.55)
    assert decision.reason == "unclear_ontology"
    assert "must fall below 0.50 for Black" in found[0].text


def test_an_axis_without_modes_is_evened_out() -> None:
    found = ask((PAST, THIRD, (0.05, 0.48, 0.47)), album="Indigo")[1]
    assert found[0].text == (
        "Mention present and future as much as past on the temporal axis "
        "(past 0.90, present 0.05, future 0.05; about 0.33 each): "
        "Indigo stands on no temporal mode, and now past stands out."
    )


def test_indigo_is_raised_by_both_its_modes() -> None:
    found = ask((THIRD, THIRD, (0.8, 0.12, 0.08)), album="Indigo")[1]
    assert found[0].text.startswith("Raise forgotten from 0.12 to 0.45 and raise known from 0.08 to 0.45")


shares = st.floats(0.0, 1.0)
triples = st.tuples(shares, shares, shares).filter(lambda w: sum(w) > 1e-3).map(lambda w: tuple(x / sum(w) for x in w))
limits = st.builds(
    Thresholds,
    accept=shares,
    confidence=shares,
    dominant=st.floats(0.4, 1.0),
    hybrid=st.floats(0.0, 0.5),
    diffuse=st.floats(0.05, 0.5),
    accept_uncharted=st.booleans(),
)
CASE = {
    "scores": st.tuples(triples, triples, triples),
    "album": st.sampled_from(ALBUM_NAMES),
    "p": shares,
    "confidence": shares,
    "uncertainty": shares,
    "ood_p": st.one_of(st.none(), shares),
    "limits": st.one_of(st.just(LIMITS), limits),
}


@settings(max_examples=300)
@given(case=st.fixed_dictionaries(CASE))
def test_reached_targets_meet_the_axis_condition_of_accept(case: dict) -> None:
    thresholds, modes = case["limits"], album_named(case["album"]).modes
    for suggestion in ask(**case)[1]:
        if not suggestion.axis:
            continue
        now = case["scores"][AXIS_NAMES.index(suggestion.axis)]
        own = modes[suggestion.axis]
        assert not fits(axis_state(suggestion.axis, now, thresholds=thresholds), own)
        reached = axis_state(
            suggestion.axis, apply_targets(suggestion.axis, now, targets=suggestion.targets), thresholds=thresholds
        )
        assert agrees(reached, own)
        assert reached.state != "hybrid" or set(reached.modes) == set(own)


@settings(max_examples=300)
@given(case=st.fixed_dictionaries(CASE | {"limits": st.just(LIMITS)}))
def test_every_reject_and_hybrid_has_one_to_five_sentences(case: dict) -> None:
    decision, found = ask(**case)
    if decision.verdict in ("REJECT", "ACCEPT_HYBRID"):
        assert 1 <= len(found) <= 5
    for suggestion in found:
        assert suggestion.text.endswith(".")
        assert "\n" not in suggestion.text
        assert suggestion.text[0].isupper()


@given(scores=st.tuples(triples, triples, triples), album=st.sampled_from([n for n in ALBUM_NAMES if n != "White"]))
def test_all_axis_suggestions_together_lead_to_accept(scores: tuple, album: str) -> None:
    decision, found = ask(scores, album=album, confidence=0.9)
    if decision.rule not in ("accept_hybrid", "diffuse_ontology", "unclear_ontology"):
        return
    new = list(scores)
    for suggestion in found:
        if suggestion.axis:
            i = AXIS_NAMES.index(suggestion.axis)
            new[i] = apply_targets(suggestion.axis, new[i], targets=suggestion.targets)
    if album_named(album).has_modes:
        assert ask(new, album=album, confidence=0.9)[0].verdict == "ACCEPT"


@pytest.mark.parametrize("album", ALBUM_NAMES)
def test_each_album_can_be_advised(album: str) -> None:
    assert ask((KNOWN, PAST, THING), album=album, p=0.2, confidence=0.1)[1]
