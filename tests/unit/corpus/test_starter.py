"""The starter corpus: enough of everything, labelled as it says, and its own words."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rebracket_core.corpus import frame_digest, read_not_concepts, read_source, targets
from rebracket_core.corpus.audit.confounds import axis_pairs
from rebracket_core.corpus.audit.cues import AGAINST, cue_accuracies
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES
from rebracket_core.texts import normalised_text

FORBIDDEN = re.compile(
    r"\b(?:" + "|".join([*ALBUM_NAMES, *(m for modes in MODES.values() for m in modes), "rainbow", "album"]) + r")(?:e?s)?\b",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
MIN_SHARED_WORDS = 8
MOST_BY_CUES = 0.75


@pytest.fixture(scope="module")
def concepts(starter: Path) -> pd.DataFrame:
    frame, report = read_source(starter / "concepts")
    assert report.skipped == ()
    return frame


@pytest.fixture(scope="module")
def not_concepts(starter: Path) -> pd.DataFrame:
    frame, report = read_not_concepts(starter / "not_concepts")
    assert report.skipped == ()
    return frame


@pytest.fixture(scope="module")
def hard(not_concepts: pd.DataFrame) -> pd.DataFrame:
    """The non-concepts in prose and verse, which look like concepts on the surface."""
    return not_concepts[not_concepts["hard"]].reset_index(drop=True)


def test_size(concepts: pd.DataFrame, not_concepts: pd.DataFrame) -> None:
    sizes = concepts.groupby("group_id").size()
    assert len(concepts) >= 600 and len(sizes) >= 75
    assert sizes.between(4, 10).all()
    assert (~not_concepts["hard"]).sum() >= 150
    assert not set(concepts["row_id"]) & set(not_concepts["row_id"])


def test_every_album_type_and_triple(concepts: pd.DataFrame) -> None:
    of = targets(concepts)
    assert set(of.album_idx.tolist()) - {-1} == set(range(len(ALBUM_NAMES)))
    assert of.types.sum(axis=0).min() > 0 and len(TYPE_NAMES) == of.types.shape[1]
    assert set(concepts["types_from"]) == {"human"} and of.types_labelled.all()
    assert of.axis_known.all()
    with_modes = ((of.axis_kind == "single") | (of.axis_kind == "soft")).all(axis=1)
    triples = set(map(tuple, of.axis[with_modes].argmax(axis=2).tolist()))
    assert triples == set(product(range(3), repeat=3))


def test_the_edition_is_frozen(starter: Path, concepts: pd.DataFrame, not_concepts: pd.DataFrame) -> None:
    edition = yaml.safe_load((starter / "edition.yaml").read_text("utf-8"))
    found = {"edition": 2, "concepts": frame_digest(concepts), "not_concepts": frame_digest(not_concepts)}
    assert edition == found, "figures were measured on the frozen texts: other texts or labels are another edition"


def test_some_rows_have_no_type_and_say_so(concepts: pd.DataFrame) -> None:
    bare = concepts[concepts["types"].map(len) == 0]
    assert 0.12 <= len(bare) / len(concepts) <= 0.2
    assert set(bare["types_from"]) == {"human"} and bare["group_id"].nunique() >= 60
    assert set(bare["album"].dropna()) == set(ALBUM_NAMES) and bare["album"].isna().any()


def test_each_group_has_concepts_against_the_cues(concepts: pd.DataFrame) -> None:
    assert set(concepts["cues"]) == {"", AGAINST}
    against = Counter(concepts.loc[concepts["cues"] == AGAINST, "group_id"])
    assert set(against) == set(concepts["group_id"]) and min(against.values()) >= 2
    assert against.total() >= len(concepts) / 3


def test_cue_counts_alone_do_not_tell_the_axes(concepts: pd.DataFrame) -> None:
    assert {a.axis: a.accuracy for a in cue_accuracies(concepts) if a.accuracy >= MOST_BY_CUES} == {}


@pytest.mark.slow
def test_what_cues_tell_elsewhere_misleads_where_they_are_written_against(concepts: pd.DataFrame) -> None:
    against = (concepts["cues"] == AGAINST).to_numpy()
    marked = cue_accuracies(concepts, part=against, learn=~against)
    plain = cue_accuracies(concepts, part=~against, learn=~against)
    assert all(part.n_rows >= 120 for part in (*marked, *plain))
    assert {a.axis: a.accuracy for a in marked if a.accuracy >= 0.5} == {}
    assert all(a.accuracy < b.accuracy for a, b in zip(marked, plain, strict=True))


def test_uncharted_and_soft_labels(concepts: pd.DataFrame) -> None:
    of = targets(concepts)
    uncharted = (of.album_idx == -1) & (of.axis_kind == "single").all(axis=1)
    assert uncharted.sum() >= 60
    assert (of.axis_kind == "soft").any(axis=1).sum() >= 60


def test_plain_labels_agree_with_the_album(concepts: pd.DataFrame) -> None:
    from rebracket_core.rainbow import album_named

    for row in concepts[concepts["album"].notna()].to_dict("records"):
        for axis in AXIS_NAMES:
            if row[axis] is None:
                assert frozenset(row[f"{axis}_stated"]) == album_named(row["album"]).modes[axis], row["row_id"]


def test_time_and_space_can_be_told_apart(concepts: pd.DataFrame) -> None:
    pairs = {(p.first, p.second): p for p in axis_pairs(targets(concepts))}
    assert not pairs["temporal", "spatial"].same_partition
    assert pairs["temporal", "spatial"].nmi < 0.8
    assert len(pairs["temporal", "spatial"].pairs) == 9


def test_no_text_gives_its_label_away(concepts: pd.DataFrame, hard: pd.DataFrame) -> None:
    rows = pd.concat([concepts, hard])
    found = {row: FORBIDDEN.findall(text) for row, text in zip(rows["row_id"], rows["concept"], strict=True)}
    assert {row: words for row, words in found.items() if words} == {}


def test_no_text_twice(concepts: pd.DataFrame, not_concepts: pd.DataFrame) -> None:
    texts = [normalised_text(t) for t in (*concepts["concept"], *not_concepts["concept"])]
    assert len(set(texts)) == len(texts)


def surface(text: str) -> list[float]:
    """What can be counted without reading: lengths, sentences, lines, capitals, digits and each punctuation mark."""
    n_words = len(text.split())
    n_sentences = sum(bool(part.strip()) for part in SENTENCE_END.split(text))
    marks = [text.count(mark) for mark in (",", ";", ":", "'", '"', "-", "(", "?", "!", "\n")]
    letters = [sum(map(str.isdigit, text)), sum(map(str.isupper, text)), len("".join(text.split()))]
    return [math.log(n_words), math.log(n_sentences), n_words / n_sentences, *(n / n_words for n in marks + letters)]


def test_hard_non_concepts_are_of_ten_kinds_and_of_the_concepts_lengths(concepts: pd.DataFrame, hard: pd.DataFrame) -> None:
    sizes = hard.groupby("group_id").size()
    assert len(sizes) == 10 and sizes.min() >= 20 and len(hard) >= 200
    words, ours = (frame["concept"].str.split().str.len() for frame in (concepts, hard))
    assert ours.min() >= words.min() and ours.max() <= words.max()
    quarters = [0.25, 0.5, 0.75]
    assert np.allclose(ours.quantile(quarters), words.quantile(quarters), rtol=0.1)


def test_surface_does_not_tell_hard_non_concepts_from_concepts(
    concepts: pd.DataFrame, not_concepts: pd.DataFrame, hard: pd.DataFrame
) -> None:
    def auc(others: pd.DataFrame) -> float:
        rows = np.array([surface(text) for text in (*concepts["concept"], *others["concept"])])
        is_other = np.repeat([False, True], [len(concepts), len(others)])
        model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000))
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        chance = cross_val_predict(model, rows, is_other, cv=folds, method="predict_proba")[:, 1]
        return float(roc_auc_score(is_other, chance))

    assert auc(not_concepts[~not_concepts["hard"]]) >= 0.95  # the measure sees the surface where there is something to see
    assert auc(hard) <= 0.75


def sentences(text: str) -> set[str]:
    parts = (normalised_text(part) for part in SENTENCE_END.split(text))
    return {part for part in parts if len(part.split()) >= MIN_SHARED_WORDS}


@pytest.mark.corpus
def test_no_sentence_is_taken_from_the_users_corpus(corpus: Path, concepts: pd.DataFrame, not_concepts: pd.DataFrame) -> None:
    theirs: set[str] = set()
    for source in ("staged_raw_material", "chain_artifacts"):
        frame, _ = read_source(corpus / source)
        for field in ("concept", "descriptions", "lyrics"):
            theirs |= {s for text in set(frame[field]) for s in sentences(text)}
    assert len(theirs) > 1000
    ours = {s for text in (*concepts["concept"], *not_concepts["concept"]) for s in sentences(text)}
    assert ours and ours & theirs == set()
