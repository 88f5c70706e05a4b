"""Columns of scores, in the spellings of the users' tables, are soft targets; what is incomplete or out of range is named."""

from __future__ import annotations

from typing import Any

import pytest

from rebracket_core.corpus import Library, collapse_repeats, frame_digest, read_upload, targets
from rebracket_core.corpus.audit import audit
from rebracket_core.rainbow import AXIS_NAMES, MODES

GIVEN = {"temporal": (0.7, 0.2, 0.1), "spatial": (0.1, 0.6, 0.3), "ontological": (0.2, 0.3, 0.5)}
SPELLINGS = (
    "{mode}_score",
    "{axis}_{mode}",
    "{axis}_{mode}_score",
    "{mode}_prob",
    "{mode}_target",
    "rainbow_color_{axis}_{mode}",
)


def cells(spelling: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
    named = {"spatial": "objectional"} if spelling.startswith("rainbow_color") else {}
    return {
        spelling.format(axis=named.get(axis, axis), mode=mode): share
        for axis, shares in (given or GIVEN).items()
        for mode, share in zip(MODES[axis], shares, strict=True)
    }


def table(*rows: dict[str, Any]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(names), *(",".join(str(row.get(name, "")) for name in names) for row in rows)]
    return "\n".join(lines).encode()


def text(number: int, **more: Any) -> dict[str, Any]:
    return {"row_id": f"r{number}", "song_id": f"s{number}", "concept": f"A text of number {number} that stands here", **more}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_spelling_is_read_as_shares_in_mode_order(spelling: str) -> None:
    frame, report = read_upload("t.csv", table(text(1, **cells(spelling), confidence=0.4), text(2)))
    for axis in AXIS_NAMES:
        assert frame[axis][0] == pytest.approx(GIVEN[axis]) and frame[axis][1] is None
    of = targets(frame, smoothing=0.0)
    assert of.axis[0].tolist() == [pytest.approx(GIVEN[axis]) for axis in AXIS_NAMES]
    assert of.axis_kind[0].tolist() == ["soft"] * 3 and of.confidence.tolist() == [0.4, 0.0]
    assert any("as the temporal scores" in note and "'confidence' as the confidence" in note for note in report.notes)


def test_scores_come_before_the_album_and_their_disagreement_is_audited(tmp_path: Any) -> None:
    rows = [text(k, album=album, **cells("{mode}_score")) for k, album in enumerate(("Red", "Green"))]
    frame, report = read_upload("t.csv", table(*rows))
    assert targets(frame, smoothing=0.0).axis[1, 0].tolist() == pytest.approx(GIVEN["temporal"])
    dataset = Library(tmp_path).add(frame, name="a", source="t.csv", report=report)
    (found,) = [f for f in audit(dataset).findings if f.code == "scores_contradict_labels"]
    assert "r1: temporal scores say past (0.70), the label future" in found.evidence
    assert any(line.startswith("r0: spatial scores say place") for line in found.evidence)  # Red is a thing
    assert Library(tmp_path).load("a").frame.equals(dataset.frame)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"past_score": ""}, "nothing for past"),
        ({"past_score": 1.7}, "1.7"),
        ({"past_score": -0.1}, "-0.1"),
        ({"past_score": 0.9}, "together 1.2"),
        ({"past_score": "inf"}, "inf"),
        ({"past_score": "much"}, "much"),
        ({"confidence": 3}, "confidence cannot be read"),
    ],
)
def test_a_row_with_scores_that_are_none_is_named(changed: dict[str, Any], reason: str) -> None:
    bad = text(1, **{**cells("{mode}_score"), "confidence": 0.5, **changed})
    frame, report = read_upload("t.csv", table(bad, text(2, **cells("{mode}_score"), confidence=1)))
    assert frame["row_id"].tolist() == ["r2"]
    assert len(report.skipped) == 1 and "row 1" in report.skipped[0].where
    assert reason in report.skipped[0].reason + report.skipped[0].hint


def test_an_axis_that_lacks_a_column_is_not_taken_and_said(tmp_path: Any) -> None:
    given = cells("{mode}_score")
    del given["future_score"]
    frame, report = read_upload("t.csv", table(text(1, **given)))
    assert frame["temporal"][0] is None and frame["spatial"][0] is not None
    assert any("'future_score' is missing beside 'past_score', 'present_score'" in note for note in report.notes)
    assert any("Columns not taken" in note and "'past_score'" in note for note in report.notes)


def test_a_confidence_without_scores_and_the_columns_of_verdicts_are_no_targets() -> None:
    frame, report = read_upload("t.csv", table(text(1, confidence=0.2)))
    assert frame["confidence"][0] is None and any("Columns not taken: 'confidence'" in note for note in report.notes)
    verdict = {"verdict": "ACCEPT", "run_id": "r", **cells("{axis}_{mode}"), "confidence": 0.9}
    frame, _ = read_upload("t.csv", table(text(1, **verdict)))
    assert frame["temporal"][0] is None and frame["confidence"][0] is None


def test_repeats_average_their_confidence_and_digests_of_older_rows_stay() -> None:
    same = [{**text(1, **cells("{mode}_score"), confidence=c), "row_id": f"r{c}"} for c in (0.25, 0.75)]
    frame, _ = read_upload("t.csv", table(*same))
    assert collapse_repeats(frame)["confidence"].tolist() == [0.5]
    plain, _ = read_upload("t.csv", table(text(1)))
    assert frame_digest(plain) == "31510db64f6e90e881f9f7809c8bde42b9f09bf2b856e7746dbc89a5121df22e"
