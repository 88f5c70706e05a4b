"""A text with two type labels: named by the audit, settled by a choice, never the end of a training."""

from typing import Any

import pandas as pd
import pytest

from rebracket_core.corpus import collapse_repeats, make_frame, settle_types, texts_with_two_types
from rebracket_core.corpus.audit import audit
from rebracket_core.corpus.schema import Dataset, DatasetMeta, ReadReport, frame_digest
from rebracket_core.training import TrainingConfig
from rebracket_core.training.rows import labelled_rows


def _frame() -> pd.DataFrame:
    """One text with two labels in one song, one in two songs, and plain ones."""
    rows: list[dict[str, Any]] = [
        {"row_id": "a", "group_id": "one", "concept": "The door", "types": ["spatial"], "types_from": "human"},
        {"row_id": "b", "group_id": "one", "concept": "The door", "types": ["temporal"], "types_from": "human"},
        {"row_id": "c", "group_id": "two", "concept": "A bell", "types": ["memory"]},
        {"row_id": "d", "group_id": "three", "concept": "a bell!", "types": []},
        {"row_id": "e", "group_id": "four", "concept": "The sea", "types": ["causal"]},
        {"row_id": "f", "group_id": "four", "concept": "The sea", "types": None},
        *({"row_id": f"g{i}", "group_id": f"g{i}", "concept": f"A line {i}", "types": ["causal"]} for i in range(4)),
    ]
    return make_frame(rows)


@pytest.mark.parametrize(
    ("how", "door", "bells", "n"),
    [
        ("skip", [None], [None, None], 8),
        ("merge", [["spatial", "temporal"]], [["memory"], ["memory"]], 8),
        ("both", [["spatial"], ["temporal"]], [["memory"], []], 10),
    ],
)
def test_types_that_differ_are_settled(how: str, door: list[object], bells: list[object], n: int) -> None:
    rows = settle_types(collapse_repeats(_frame(), ambiguous_types=how), ambiguous_types=how)
    by_text = rows.groupby("concept")["types"].agg(list)
    assert by_text["The door"] == door and by_text["A bell"] + by_text["a bell!"] == bells
    assert ["causal"] in by_text["The sea"] and len(rows) == n
    if how == "skip":  # both labels of the door name a type, so there is one; of the bell that is in doubt
        marked = dict(zip(rows["concept"], rows["has_any_type"], strict=True))
        assert marked["The door"] is True and marked["A bell"] is None


@pytest.mark.parametrize("how", ["skip", "merge", "both"])
def test_a_training_reads_them(how: str) -> None:
    found = labelled_rows(_frame(), config=TrainingConfig.of(tasks=["types", "has_any_type"], ambiguous_types=how))
    assert len(found.frame) >= 5
    groups = dict(zip(found.frame["row_id"], found.groups.tolist(), strict=True))
    if how == "both":
        assert groups["a"] == groups["b"]


def test_the_audit_names_them() -> None:
    frame = _frame()
    meta = DatasetMeta("d", frame_digest(frame), len(frame), 8, ("table",), "", "", ReadReport(len(frame)))
    report = audit(Dataset("d", frame, meta))
    assert report.n_ambiguous_types == 2 and "a: spatial; b: temporal" in report.ambiguous_types
    finding = next(f for f in report.findings if f.code == "text_with_two_types")
    assert "ambiguous_types" in finding.detail and finding.evidence == report.ambiguous_types


def test_rows_without_any_two_labels_are_left_alone() -> None:
    frame = _frame().iloc[4:].reset_index(drop=True)
    assert texts_with_two_types(frame) == []
    assert settle_types(frame, ambiguous_types="skip") is frame
