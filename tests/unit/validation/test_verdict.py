"""Verdicts: assembled from plain arrays, immutable, complete, and decided on the numbers that they show."""

from __future__ import annotations

import copy
import json
import pickle
import time
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rebracket_core.errors import InputError, ModelError
from rebracket_core.rainbow import ALBUM_NAMES, TYPE_NAMES
from rebracket_core.settings import Thresholds
from rebracket_core.validation import Concept, Verdict, decision_of, failed_verdict, verdicts_from
from tests.support.evidence import predictions

LIMITS = Thresholds()
FIELDS = [
    "id",
    "source",
    "text",
    "temporal",
    "spatial",
    "ontological",
    "chromatic_confidence",
    "album",
    "album_probability",
    "album_probabilities",
    "axes_album",
    "mode",
    "states",
    "types",
    "verdict",
    "reason",
    "flags",
    "uncertainty",
    "ood_p_value",
    "distances",
    "suggestions",
    "thresholds",
    "run_id",
    "expected_album",
    "error",
    "rule",
    "explanation",
]
ORANGE = [[0.92, 0.05, 0.03], [0.88, 0.09, 0.03], [0.85, 0.10, 0.05]]


def proba(**shares: float) -> np.ndarray:
    rest = (1.0 - sum(shares.values())) / (9 - len(shares))
    return np.array([shares.get(name, rest) for name in ALBUM_NAMES])


def one(scores: Any = ORANGE, **changes: Any) -> Verdict:
    given: dict[str, Any] = {
        "axis": np.array(scores),
        "confidence": 0.91,
        "album": proba(Orange=0.84),
        "types": np.full(8, 0.125),
        "uncertainty": (0.4, 0.3, 0.1),
        "ood_p": 0.37,
        "thresholds": LIMITS,
        "run_id": "run-1",
    }
    known = Concept("t-1", "A counterfeit relic of a guild.", source="file.csv", expected_album="Orange")
    concept = changes.pop("concept", known)
    return score_one(concept, **(given | changes))


def score_one(concept: Concept, **given: Any) -> Verdict:
    plain = {name: given.pop(name) for name in ("thresholds", "run_id", "flags") if name in given}
    one = {name: None if value is None else np.asarray(value)[None] for name, value in given.items()}
    if "flags" in plain:
        plain["flags"] = [plain["flags"]]
    return score([concept], **one, **plain)[0]


def score(concepts: list[Concept], **given: Any) -> list[Verdict]:
    plain = {name: given.pop(name) for name in ("thresholds", "run_id", "flags") if name in given}
    found = predictions(**given)
    return verdicts_from(concepts, found, with_types=given["types"] is not None, **plain)


def batch(n: int, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "axis": rng.dirichlet([0.7] * 3, size=(n, 3)),
        "confidence": rng.random(n),
        "album": rng.dirichlet([0.3] * 9, size=n),
        "types": rng.random((n, 8)),
        "uncertainty": rng.random((n, 3)) * 0.85,
        "ood_p": rng.random(n),
        "thresholds": LIMITS,
        "run_id": "r",
    }


def items(n: int) -> list[Concept]:
    return [Concept(f"t-{i}", f"text {i}") for i in range(n)]


def test_a_verdict_has_the_jsonl_fields_in_their_order() -> None:
    line = one().to_dict()
    assert list(line) == FIELDS
    assert json.loads(json.dumps(line)) == line
    assert line["temporal"] == {"past": 0.92, "present": 0.05, "future": 0.03}
    assert line["spatial"] == {"thing": 0.88, "place": 0.09, "person": 0.03}
    assert line["ontological"] == {"imagined": 0.85, "forgotten": 0.1, "known": 0.05}
    assert (line["album"], line["axes_album"], line["mode"]) == ("Orange", "Orange", "past_thing_imagined")
    assert (line["verdict"], line["reason"], line["error"]) == ("ACCEPT", "", None)
    assert line["states"]["temporal"] == {"state": "dominant", "modes": ["past"]}
    assert list(line["types"]) == list(TYPE_NAMES)
    assert list(line["album_probabilities"]) == list(line["distances"]) == list(ALBUM_NAMES)
    assert line["distances"]["Orange"] == pytest.approx(0.2612, abs=1e-4)
    assert line["uncertainty"] == {"total": 0.4, "aleatoric": 0.3, "epistemic": 0.1}
    assert line["flags"] == ["dominant_past", "dominant_thing", "dominant_imagined"]
    assert line["thresholds"] == LIMITS.to_dict()
    assert (line["run_id"], line["expected_album"], line["source"]) == ("run-1", "Orange", "file.csv")


def test_numbers_are_python_floats_of_six_digits() -> None:
    def numbers(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [n for inner in value.values() for n in numbers(inner)]
        return [value] if isinstance(value, float) else []

    line = score(items(1), **batch(1))[0].to_dict()
    found = numbers(line)
    assert len(found) > 40
    assert all(type(n) is float and round(n, 6) == n for n in found)


def test_flags_tell_states_ties_doubt_and_what_is_passed_in() -> None:
    found = one(
        [[0.48, 0.47, 0.05], [1 / 3] * 3, [0.5, 0.3, 0.2]],
        album=proba(Orange=0.25, Red=0.2, Blue=0.16),
        flags=("unknown_source", "unknown_source"),
    )
    assert found.flags == ("hybrid_temporal", "diffuse_spatial", "uncertain_album", "tie:Red", "tie:Blue", "unknown_source")
    assert found.mode == "past+present_diffuse_imagined"
    assert found.states is not None
    assert found.states["spatial"]["modes"] == ()


def test_uncharted_texts_are_flagged() -> None:
    scores = [[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]]
    assert "uncharted" in one(scores).flags
    kept = one(scores, thresholds=LIMITS.with_(accept_uncharted=True))
    assert (kept.verdict, kept.reason, kept.mode) == ("ACCEPT", "uncharted_mode", "past_place_known")
    assert kept.thresholds["accept_uncharted"] is True


def test_a_verdict_cannot_be_changed() -> None:
    found = one()
    with pytest.raises(FrozenInstanceError):
        found.album = "Red"  # type: ignore[misc]
    for mapping in (found.temporal, found.album_probabilities, found.distances, found.thresholds, found.states):
        with pytest.raises(TypeError):
            mapping["x"] = 1.0  # type: ignore[index]
    assert found.states is not None
    with pytest.raises(TypeError):
        found.states["temporal"]["state"] = "hybrid"  # type: ignore[index]
    line = found.to_dict()
    line["distances"]["Red"] = -1.0
    line["states"]["temporal"]["modes"].append("future")
    assert found.to_dict() != line


def test_a_verdict_can_be_copied_pickled_and_read_back() -> None:
    for found in (one(), one(ood_p=None), failed_verdict(Concept("a", "b"), "no")):
        assert pickle.loads(pickle.dumps(found)) == found
        assert copy.deepcopy(found) == found
        assert Verdict.from_dict(json.loads(json.dumps(found.to_dict()))) == found
        assert replace(found, id="other").to_dict() == found.to_dict() | {"id": "other"}
    with pytest.raises(InputError, match="no verdict"):
        Verdict.from_dict({"id": "a"})


def test_a_verdict_of_an_earlier_version_is_read() -> None:
    line = {name: value for name, value in one().to_dict().items() if name not in ("rule", "explanation")}
    line["thresholds"] = {k: v for k, v in line["thresholds"].items() if k not in ("accept_hybrid", "accept_axes")}
    found = Verdict.from_dict(line | {"thresholds": line["thresholds"] | {"hybrid_album": 0.42}})
    assert (found.rule, found.explanation, found.verdict) == (None, None, "ACCEPT")
    assert found.evidence().thresholds.accept_hybrid == 0.42
    assert found.is_accepted


def test_a_failed_verdict_has_no_scores() -> None:
    line = failed_verdict(Concept("a", "text", expected_album="Red"), "too long", run_id="r", thresholds=LIMITS).to_dict()
    assert line["error"] == "too long"
    told = {"id", "source", "text", "flags", "suggestions", "thresholds", "run_id", "expected_album", "error"}
    assert [name for name in FIELDS if line[name] is not None] == [name for name in FIELDS if name in told]
    assert (line["flags"], line["suggestions"]) == ([], [])
    with pytest.raises(InputError, match="not scored"):
        decision_of(failed_verdict(Concept("a", "text"), "too long"))


@pytest.mark.parametrize("text", ["", "  \n", None, 7])
def test_an_empty_or_foreign_text_is_an_error_and_no_verdict(text: Any) -> None:
    found = one(concept=Concept("a", text))
    assert found.verdict is None
    assert found.error is not None
    assert "no text" in found.error
    assert isinstance(found.text, str)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("axis", np.full((3, 3), np.nan), "axis scores"),
        ("axis", np.full((3, 3), 0.5), "axis scores"),
        ("confidence", float("nan"), "chromatic confidence"),
        ("confidence", 1.5, "chromatic confidence"),
        ("album", np.full(9, 0.5), "album probabilities"),
        ("types", np.full(8, -0.1), "types"),
        ("uncertainty", (2.0, 1.0, 1.0), "uncertainty"),
        ("ood_p", float("inf"), "p-value"),
    ],
)
def test_numbers_that_are_no_scores_spoil_their_item_alone(name: str, value: Any, what: str) -> None:
    assert what in str(one(**{name: value}).error)
    given = batch(3)
    given[name] = np.array(given[name])
    given[name][1] = value
    found = score(items(3), **given)
    assert [v.error is None for v in found] == [True, False, True]


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ModelError, match="album"):
        score(items(2), **(batch(2) | {"album": np.full((2, 8), 1 / 8)}))
    with pytest.raises(ModelError, match="3 of each"):
        score(items(3), **batch(2))
    with pytest.raises(ModelError, match="flags"):
        score(items(2), **batch(2), flags=[()])


def test_a_run_without_detector_or_types_leaves_them_out() -> None:
    found = one(ood_p=None, types=None)
    assert found.ood_p_value is None
    assert found.types is None
    assert found.verdict == "ACCEPT"


def test_nothing_to_score_gives_nothing() -> None:
    assert score([], **batch(0)) == []


def test_thresholds_may_differ_by_item() -> None:
    given = batch(2) | {
        "axis": np.array([ORANGE] * 2),
        "confidence": np.full(2, 0.9),
        "ood_p": np.full(2, 0.5),
        "uncertainty": np.full((2, 3), 0.1),
        "album": np.array([proba(Orange=0.84)] * 2),
    }
    found = score(items(2), **(given | {"thresholds": [LIMITS, LIMITS.with_(accept=0.9)]}))
    assert [v.verdict for v in found] == ["ACCEPT", "REJECT"]
    assert [v.thresholds["accept"] for v in found] == [0.5, 0.9]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_decision_follows_from_the_numbers_shown(seed: int) -> None:
    for found in score(items(8), **batch(8, seed)):
        again = decision_of(Verdict.from_dict(found.to_dict()))
        assert (again.verdict, again.reason, again.rule) == (found.verdict, found.reason, found.rule)
        assert again.explanation == found.explanation


def test_one_and_many_agree_whatever_the_batch() -> None:
    given = batch(30)
    many = score(items(30), **given)
    rest = {"thresholds", "run_id"}
    for i in (0, 11, 29):
        alone = score_one(items(30)[i], **{k: v if k in rest else v[i] for k, v in given.items()})
        assert alone == many[i]


def test_a_batch_is_cheap() -> None:
    given, texts = batch(300), items(300)
    times = []
    for _ in range(5):
        start = time.process_time()
        score(texts, **given)
        times.append((time.process_time() - start) / 300)
    assert min(times) < 0.6e-3  # about 0.1 ms on an idle core; three to six times that where cores are shared
