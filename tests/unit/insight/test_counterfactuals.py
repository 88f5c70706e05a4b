"""The search for edits, on a judge whose answer is known: a lantern makes a text Red, and a quay makes it past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from rebracket_core.errors import InputError
from rebracket_core.insight.explain.counterfactuals import CounterfactualSearch, EditScorer, SearchLimits, find_counterfactuals
from rebracket_core.insight.explain.fluency import WordModel
from rebracket_core.insight.explain.goals import Goal
from rebracket_core.insight.explain.word_edits import Edit, apply
from rebracket_core.progress import CallingReporter, ProgressReporter
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES
from rebracket_core.settings import Thresholds
from rebracket_core.validation import Verdict
from rebracket_core.verdict_kinds import VerdictKind

TEXT = "An old lantern hung by the quay."
NEW = ("stone", "tale", "river")


def _verdict(text: str) -> Verdict:
    has = {word: word in text for word in ("lantern", "quay")}
    album = "Red" if has["lantern"] else "Blue"
    shares = {name: 0.8 if name == album else 0.025 for name in ALBUM_NAMES}
    tops = {"temporal": 0 if has["quay"] else 1, "spatial": 0, "ontological": 0}
    axes = {a: {m: 0.8 if i == tops[a] else 0.1 for i, m in enumerate(MODES[a])} for a in AXIS_NAMES}
    kind = VerdictKind.ACCEPT if has["lantern"] or not has["quay"] else VerdictKind.REJECT
    return Verdict(
        id="1",
        source="",
        text=text,
        temporal=axes["temporal"],
        spatial=axes["spatial"],
        ontological=axes["ontological"],
        chromatic_confidence=0.9,
        album=album,
        album_probability=0.8,
        album_probabilities=shares,
        verdict=kind,
        uncertainty={"total": 0.1},
        ood_p_value=0.5,
        thresholds=Thresholds().to_dict(),
        run_id="r",
    )


def _score(texts: Sequence[str]) -> list[Verdict]:
    return [_verdict(text) for text in texts]


def _propose(words: Sequence[str]) -> list[Edit]:
    return [Edit(i, w, new) for i, w in enumerate(words) for new in ("", *NEW)]


def _found(goal: str, *, progress: ProgressReporter | None = None, **limits: Any) -> CounterfactualSearch:
    language = WordModel.fit(["An old stone hung by the quay.", "An old stone lay there."])
    return find_counterfactuals(
        TEXT,
        Goal.parse(goal),
        scorer=EditScorer(before=_verdict(TEXT), verdicts=_score, language=language),
        propose=_propose,
        limits=SearchLimits(**limits),
        progress=progress,
    )


def test_one_edit_is_enough_and_the_most_fluent_comes_first() -> None:
    found = _found("album=Blue")
    assert found.complete and found.most_edits == 1 and len(found.counterfactuals) == 4
    assert all([e.old for e in flip.edits] == ["lantern"] for flip in found.counterfactuals)
    assert found.counterfactuals[0].text == "An old stone hung by the quay."
    fluency = [f.fluency for f in found.counterfactuals if f.fluency is not None]
    assert len(fluency) == 4 and fluency == sorted(fluency, reverse=True)
    assert all(_verdict(flip.text).album == "Blue" for flip in found.counterfactuals)


def test_an_axis_flips_while_the_others_hold() -> None:
    found = _found("temporal=present")
    assert found.counterfactuals and {e.old for flip in found.counterfactuals for e in flip.edits} == {"quay."}


def test_two_edits_where_one_does_not_do() -> None:
    """Each of the two words speaks for Red, and one of them is enough to stay Red."""

    def score(texts: Sequence[str]) -> list[Verdict]:
        found = []
        for text in texts:
            blue = {0: 0.8, 1: 0.3, 2: 0.1}[("lantern" in text) + ("quay" in text)]
            shares = {name: {"Red": 0.9 - blue, "Blue": blue}.get(name, 0.1 / 7) for name in ALBUM_NAMES}
            found.append(replace(_verdict(text), album=max(shares, key=lambda n: shares[n]), album_probabilities=shares))
        return found

    scorer = EditScorer(before=score([TEXT])[0], verdicts=score, language=None)
    found = find_counterfactuals(TEXT, Goal.parse("album=Blue"), scorer=scorer, propose=_propose)
    assert found.most_edits == 2 and {tuple(e.old for e in flip.edits) for flip in found.counterfactuals} == {
        ("lantern", "quay.")
    }
    assert all(flip.fluency is None for flip in found.counterfactuals)


def test_nothing_found_is_said_with_what_was_tried() -> None:
    found = _found("album=Green", most_edits=2)
    assert not found.counterfactuals and found.complete and found.most_edits == 2 and found.tried > 28


def test_the_time_ends_a_search_after_one_batch() -> None:
    told: list[tuple[str, int, int]] = []
    found = _found("album=Green", budget_s=1e-9, progress=CallingReporter(lambda *step: told.append(step)))
    assert not found.counterfactuals and not found.complete and 0 < found.tried <= 32
    assert told[0][1] == 0 and told[-1][1] <= told[-1][2]


def test_a_deleted_word_leaves_its_full_stop() -> None:
    words = TEXT.split()
    assert apply(words, [Edit(6, "quay.")])[-1] == "the."
    assert apply(words, [Edit(0, "An"), Edit(2, "lantern", "bell")]) == ["old", "bell", "hung", "by", "the", "quay."]


def test_goals_are_read_and_refused() -> None:
    assert str(Goal.parse("Album=green")) == "album=Green" and Goal.parse("temporal").to == ""
    for wrong in ("", "colour=Green", "album=teal", "temporal=thing"):
        with pytest.raises(InputError):
            Goal.parse(wrong)


def test_fluency_prefers_pairs_that_were_read() -> None:
    model = WordModel.fit(["the old bell rang", "the old bell fell", "a new tower stood"])
    assert model.fluency(["the", "old", "bell", "stood"]) > model.fluency(["the", "bell", "old", "stood"])
    assert model.fitting("old", "fell") == {"bell"} and "the" in model.fitting("", "zzz")
