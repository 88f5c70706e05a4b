"""What an audit must find, on frames where the answer is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rebracket_core.corpus import Dataset, Level
from rebracket_core.corpus.audit.confounds import normalised_mutual_information
from rebracket_core.corpus.audit.dataset_audit import audit
from rebracket_core.corpus.audit.duplicates import near_duplicates
from rebracket_core.corpus.audit.leakage import lookup_accuracy
from rebracket_core.errors import DataError

FrameOf = Callable[..., pd.DataFrame]
DatasetOf = Callable[[pd.DataFrame], Dataset]

ALBUMS = ["Red", "Orange", "Yellow", "Green", "Blue", "Violet"]


@pytest.fixture()
def songs(frame_of: FrameOf) -> pd.DataFrame:
    """Thirty songs of six albums, four rows each with one text, as the users' tables have them."""
    return frame_of(
        *(
            {"group_id": f"s{k // 4:02d}", "concept": f"The concept of song {k // 4}", "album": ALBUMS[k // 4 % 6]}
            for k in range(120)
        )
    )


def codes(report: Any) -> dict[str, str]:
    return {f.code: f.level for f in report.findings}


def test_repeats_leakage_and_confounded_axes(songs: pd.DataFrame, dataset_of: DatasetOf) -> None:
    report = audit(dataset_of(songs))
    assert (report.n_rows, report.n_groups, report.n_texts) == (120, 30, 30)
    assert (report.shared_within.texts, report.shared_within.rows, report.shared_across.rows) == (30, 120, 0)
    assert report.rows_per_group.median == 4
    pairs = {(p.first, p.second): p for p in report.axis_pairs}
    assert pairs["temporal", "spatial"].same_partition and pairs["temporal", "spatial"].nmi == pytest.approx(1)
    assert not pairs["temporal", "ontological"].same_partition
    assert report.leakage.lookup_row is not None and report.leakage.lookup_group is not None
    assert report.leakage.text_twins > 0.98 and report.leakage.lookup_row > 0.95
    assert report.leakage.lookup_group < 0.4
    found = codes(report)
    assert found["axes_same_partition"] == found["row_split_leaks"] == Level.PROBLEM
    assert found["shared_within_groups"] == Level.WARNING
    assert report.albums["Red"].rows == 20 and report.albums["Red"].groups == 5
    assert report.album_balance == pytest.approx(1)
    assert report.modes["temporal"]["past"].rows == 40
    assert [f.level for f in report.findings] == sorted((f.level for f in report.findings), key=list(Level)[::-1].index)
    assert json.loads(json.dumps(report.to_dict()))["leakage"]["n_folds"] == 5


def test_texts_across_groups_and_contradictions(frame_of: FrameOf, dataset_of: DatasetOf) -> None:
    frame = frame_of(
        {"concept": "The bell", "album": "Red", "temporal_stated": ["future"], "ontological_stated": ["known"]},
        {"concept": "the BELL", "album": "Blue"},
        {"concept": "Other", "album": "Indigo", "ontological_stated": ["forgotten", "known"]},
        {"concept": "Unlabelled"},
        {"concept": "Uncharted", "temporal_stated": ["past"], "spatial_stated": ["place"], "ontological_stated": ["known"]},
        {"concept": "Keyworded", "album": "Red", "types": ["spatial"], "types_from": "keyword"},
    )
    report = audit(dataset_of(frame))
    assert report.shared_across.texts == 1 and report.n_leak_safe_groups == 5
    assert report.n_contradicting_albums == 1 and "Red" in report.contradicting_albums[0]
    assert report.n_contradicting_modes == 1 and "temporal future instead of past" in report.contradicting_modes[0]
    assert report.missing["album"] == 2 and report.missing["uncharted"] == 1
    assert codes(report).keys() >= {
        "text_with_two_albums",
        "modes_contradict_album",
        "uncharted",
        "missing_album",
        "keyword_types",
    }


def test_axes_that_people_labelled_apart_are_not_one_partition(frame_of: FrameOf, dataset_of: DatasetOf) -> None:
    frame = frame_of(*({"album": a} for a in ALBUMS), {"temporal_stated": ["past"], "spatial_stated": ["place"]})
    pairs = {(p.first, p.second): p for p in audit(dataset_of(frame)).axis_pairs}
    assert not pairs["temporal", "spatial"].same_partition
    assert "axes_entangled" in codes(audit(dataset_of(frame)))


def test_near_duplicates_need_other_groups(frame_of: FrameOf, dataset_of: DatasetOf) -> None:
    frame = frame_of({"group_id": "a"}, {"group_id": "a"}, {"group_id": "b"}, {"group_id": "c"})
    vectors = np.array([[1, 0.0], [1, 0.01], [2, 0.1], [0, 1]])
    calls: list[tuple[str, int, int]] = []
    report = audit(dataset_of(frame), vectors=vectors, progress=lambda *step: calls.append(step))
    assert report.n_near_duplicates == 2
    assert {(p.first, p.second) for p in report.near_duplicates} == {("r0", "r2"), ("r1", "r2")}
    assert "near_duplicates" in codes(report) and calls[-1][1] == calls[-1][2]
    assert audit(dataset_of(frame)).n_near_duplicates is None
    with pytest.raises(DataError, match="do not belong"):
        audit(dataset_of(frame), vectors=vectors[:2])
    with pytest.raises(DataError, match="NaN"):
        audit(dataset_of(frame), vectors=np.full((4, 2), np.nan))


def test_blocks_find_what_one_product_finds() -> None:
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(size=(700, 8)), 2, axis=0).astype(np.float32)
    groups = np.arange(len(vectors)).astype(str)
    count, best = near_duplicates(vectors, row_ids=groups.tolist(), groups=groups, threshold=0.999)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert count == int(np.triu(unit @ unit.T > 0.999, k=1).sum()) >= 700
    assert len(best) == 50


def test_lengths_and_tokens(frame_of: FrameOf, dataset_of: DatasetOf) -> None:
    frame = frame_of({"concept": "one"}, {"concept": "one two three four"})
    report = audit(dataset_of(frame), count_tokens=lambda texts: [len(t.split()) * 100 for t in texts])
    assert (report.words.low, report.words.high) == (1, 4)
    assert report.beyond_window == 1 and report.tokens is not None and report.tokens.high == 400
    assert audit(dataset_of(frame)).tokens is None


def test_too_small_and_empty_data_sets(frame_of: FrameOf, dataset_of: DatasetOf) -> None:
    report = audit(dataset_of(frame_of({"album": "Red"})))
    assert report.leakage.lookup_row is None and "few_groups" in codes(report)
    assert audit(dataset_of(frame_of({}))).album_balance is None
    frame = frame_of({})
    with pytest.raises(DataError, match="empty"):
        audit(dataset_of(frame).__class__("x", frame.head(0), dataset_of(frame).meta))


def test_shared_information() -> None:
    assert normalised_mutual_information(np.diag([3.0, 4, 5])) == pytest.approx(1)
    assert normalised_mutual_information(np.ones((3, 3))) == pytest.approx(0)
    assert normalised_mutual_information(np.zeros((3, 3))) == 0
    assert normalised_mutual_information(np.array([[5.0, 0], [3, 0]])) == 0


def test_a_table_that_only_remembers() -> None:
    texts, labels = ["a", "a", "b", "b"], np.array([0, 0, 1, 1])
    assert lookup_accuracy(texts, labels, folds=np.array([0, 1, 0, 1])) == 1
    assert lookup_accuracy(texts, labels, folds=np.array([0, 0, 1, 1])) == 0
