"""Thresholds: checked, described once, read under today's names and those of earlier versions."""

from __future__ import annotations

from dataclasses import fields

import pytest

from rebracket_core.errors import ConfigError
from rebracket_core.thresholds import ALIASES, OFFERED, THRESHOLDS, Thresholds, in_words, threshold

EARLIER = {
    "accept": 0.62,
    "confidence": 0.7,
    "black_confidence": 0.5,
    "diffuse_confidence": 0.3,
    "low_confidence": 0.4,
    "hybrid_album": 0.35,
    "dominant": 0.6,
    "hybrid": 0.15,
    "diffuse": 0.2,
    "tie": 0.1,
    "uncertain_album": 0.3,
    "uncertainty": 0.8,
    "ood_p": 0.05,
    "accept_uncharted": False,
}


def test_every_threshold_is_described() -> None:
    assert [info.name for info in THRESHOLDS] == [f.name for f in fields(Thresholds)]
    for info in THRESHOLDS:
        assert info.label and info.help.endswith(".")
        info.check(getattr(Thresholds(), info.name))
    assert {info.name for info in OFFERED} >= {"accept", "accept_hybrid", "accept_axes", "ood_p"}


def test_thresholds_of_an_earlier_version_are_read_and_its_keys_stay() -> None:
    found = Thresholds.from_dict(EARLIER)
    assert (found.accept, found.accept_hybrid, found.accept_axes) == (0.62, 0.35, "contradicts")
    told = found.to_dict()
    assert set(EARLIER) <= set(told) and told["hybrid_album"] == told["accept_hybrid"] == 0.35
    assert Thresholds.from_dict(told) == found
    assert found.with_(hybrid_album=0.5).accept_hybrid == 0.5


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"acept": 0.1}, "no threshold named acept"),
        ({"accept": 1.1}, "out of range"),
        ({"accept": float("nan")}, "out of range"),
        ({"accept": True}, "out of range"),
        ({"accept": "0.5"}, "out of range"),
        ({"accept_uncharted": 1}, "true or false"),
        ({"accept_axes": "both"}, "contradicts, agree, flag"),
        ({"accept_hybrid": 0.2, "hybrid_album": 0.3}, "two values"),
    ],
)
def test_what_is_not_allowed_is_refused(changes: dict, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        Thresholds().with_(**changes)


def test_texts_are_parsed_by_kind() -> None:
    assert threshold("accept").parse("0.6") == 0.6
    assert threshold("hybrid_album").parse("0.6") == 0.6
    assert threshold("accept_uncharted").parse("Yes") is True
    assert threshold("accept_axes").parse("flag") == "flag"
    for name, text in (("accept", "much"), ("accept", "2"), ("accept_uncharted", "maybe"), ("accept_axes", "0")):
        with pytest.raises(ConfigError):
            threshold(name).parse(text)


def test_words_leave_out_older_and_retired_names() -> None:
    words = in_words({**EARLIER, "accept_axes": "flag"})
    assert words.startswith("accept 0.62, ") and "accept_axes flag" in words and "accept_uncharted no" in words
    assert not any(name in words for name in (*ALIASES, "diffuse_confidence"))
