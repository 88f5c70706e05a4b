"""The misclassified: ranked, clustered, and separated into where the model is wrong and where people are split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rebracket_core.errors import MissingExtraError
from rebracket_core.insight.review import Review
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES

SPLIT_SHARE = 0.25  # from one in four people on the model's answer counts as one of the people's answers
_PER_CLUSTER, _MOST_CLUSTERS = 12, 8
_WORDS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Misclassification:
    """A text whose first album is not the labelled one; `second` says whether the label came second. `cluster` -1: none."""

    row: int
    row_id: str
    group_id: str
    text: str
    truth: str
    answer: str
    probability: float
    of_truth: float
    second: bool
    verdict: str
    accepted: bool
    cluster: int


@dataclass(frozen=True, slots=True)
class ErrorCluster:
    """Misclassifications near each other in embedding space: how many, their distinctive words, the commonest confusion."""

    idx: int
    n: int
    n_groups: int
    words: tuple[str, ...]
    commonest: str
    n_commonest: int


def misclassifications(review: Review, *, clusters: np.ndarray | None = None) -> list[Misclassification]:
    """Return the misclassified albums, the surest first. `clusters` (n,) gives each row's cluster."""
    at = np.flatnonzero(review.comparable & (review.album_top != review.album_truth))
    p = review.album_proba
    rank = (p[at] > p[at, review.album_truth[at]][:, None]).sum(axis=1)
    order = np.argsort(-review.probability[at], kind="stable")
    return [
        Misclassification(
            row=int(at[k]),
            row_id=review.row_id[at[k]],
            group_id=review.group_id[at[k]],
            text=review.text[at[k]],
            truth=ALBUM_NAMES[review.album_truth[at[k]]],
            answer=ALBUM_NAMES[review.album_top[at[k]]],
            probability=float(review.probability[at[k]]),
            of_truth=float(p[at[k], review.album_truth[at[k]]]),
            second=bool(rank[k] == 1),
            verdict=review.verdict[at[k]],
            accepted=bool(review.accepted[at[k]]),
            cluster=-1 if clusters is None else int(clusters[at[k]]),
        )
        for k in order
    ]


def cluster_misclassifications(review: Review, vectors: np.ndarray, *, seed: int) -> tuple[np.ndarray, list[ErrorCluster]]:
    """Return (n,) the cluster of each misclassification, -1 for other rows, and the clusters, the largest first.

    k-means on unit vectors, about one cluster for twelve errors and at most eight. The words of a cluster are those whose
    share of errors that hold them exceeds the others' most. What a cluster means is for people to say.
    """
    from sklearn.cluster import KMeans

    of = np.full(len(review), -1)
    at = np.flatnonzero(review.comparable & (review.album_top != review.album_truth))
    k = min(_MOST_CLUSTERS, len(at) // _PER_CLUSTER)
    if k < 2:
        return of, []
    unit = vectors[at] / np.maximum(np.linalg.norm(vectors[at], axis=1, keepdims=True), 1e-12)
    labels = KMeans(n_clusters=k, n_init=4, random_state=seed).fit(unit).labels_
    sizes = np.bincount(labels, minlength=k)
    place = np.empty(k, dtype=np.int64)
    place[np.argsort(-sizes, kind="stable")] = np.arange(k)
    of[at] = place[labels]
    telling = _telling_words([review.text[i] for i in at], of[at], k=k)
    return of, [_cluster(review, np.flatnonzero(of == c), idx=c, words=telling[c]) for c in range(k)]


def _cluster(review: Review, rows: np.ndarray, *, idx: int, words: tuple[str, ...]) -> ErrorCluster:
    pairs = [f"{ALBUM_NAMES[review.album_truth[i]]} → {ALBUM_NAMES[review.album_top[i]]}" for i in rows]
    commonest = max(sorted(set(pairs)), key=pairs.count)
    return ErrorCluster(
        idx=idx,
        n=len(rows),
        n_groups=len({review.group_id[i] for i in rows}),
        words=words,
        commonest=commonest,
        n_commonest=pairs.count(commonest),
    )


def _telling_words(texts: Sequence[str], labels: np.ndarray, *, k: int) -> list[tuple[str, ...]]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

    try:
        counter = CountVectorizer(binary=True, min_df=2, stop_words=list(ENGLISH_STOP_WORDS))
        holds = counter.fit_transform(texts).toarray()
    except ValueError:  # no word stands in two texts
        return [()] * k
    names = counter.get_feature_names_out()
    distinctive = []
    for c in range(k):
        gap = holds[labels == c].mean(axis=0) - holds[labels != c].mean(axis=0)
        best = np.argsort(-gap, kind="stable")[:_WORDS_SHOWN]
        distinctive.append(tuple(str(names[i]) for i in best if gap[i] > 0))
    return distinctive


class DisagreementSource(StrEnum):
    """Why a prediction differs from people's labels."""

    MODEL = "the model is wrong"
    PEOPLE = "people are split"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A text with a human distribution on an axis, whose first mode the model misses.

    `people` and `model` are (3,) shares; `distance` their total variation; `human_entropy` and `model_entropy` shares of ln 3.
    """

    row: int
    row_id: str
    text: str
    axis: str
    people: tuple[float, ...]
    model: tuple[float, ...]
    distance: float
    human_entropy: float
    model_entropy: float
    blame: DisagreementSource


def disagreements(review: Review) -> list[Disagreement]:
    """Where people gave a distribution and the model's first mode is not theirs, the farthest first.

    People are split where at least one in four of them said what the model says; else the model is wrong.
    """
    predictions = review.all_predictions()
    found = []
    for j, axis in enumerate(AXIS_NAMES):
        for i in np.flatnonzero(predictions.axis_kind[:, j] == "soft"):
            people, model = predictions.axis_target[i, j], predictions.axis[i, j]
            predicted = int(model.argmax())
            if people[predicted] >= people.max():
                continue
            found.append(
                Disagreement(
                    row=int(i),
                    row_id=review.row_id[i],
                    text=review.text[i],
                    axis=axis,
                    people=tuple(people.tolist()),
                    model=tuple(model.tolist()),
                    distance=float(np.abs(people - model).sum() / 2),
                    human_entropy=_entropy(people),
                    model_entropy=_entropy(model),
                    blame=DisagreementSource.PEOPLE if people[predicted] >= SPLIT_SHARE else DisagreementSource.MODEL,
                )
            )
    return sorted(found, key=lambda d: (-d.distance, d.row_id, d.axis))


def has_human_distributions(review: Review) -> bool:
    """Whether any held-out text carries a distribution that people gave."""
    return review.predictions is not None and bool((review.predictions.axis_kind == "soft").any())


def _entropy(p: np.ndarray) -> float:
    return float(-(p * np.log(np.maximum(p, 1e-12))).sum() / np.log(len(p)))


@dataclass(frozen=True, slots=True)
class LabelErrorCandidate:
    """A label that may be an error: `quality` from 0 (surely wrong) to 1, `suggested` what the model says instead."""

    row: int
    row_id: str
    text: str
    question: str
    label: str
    suggested: str
    quality: float


def label_error_candidates(review: Review, *, question: str = "album") -> list[LabelErrorCandidate]:
    """Return the labels of "album" or an axis that confident learning flags (Northcutt et al. 2021), the worst first.

    Rests on calibrated out-of-fold probabilities. Raises MissingExtraError without cleanlab.
    """
    try:
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError as cause:
        raise MissingExtraError("labels", what="Finding suspected labels") from cause

    at, labels, proba, names = _labelled(review, question)
    present = np.unique(labels)
    if len(present) < 2:
        return []
    # Only labels that occur can be told apart; what is given to absent ones is shared out.
    inside = proba[:, present] / np.maximum(proba[:, present].sum(axis=1, keepdims=True), 1e-12)
    local = np.searchsorted(present, labels)
    quality = get_label_quality_scores(local, inside, method="self_confidence")
    flagged = find_label_issues(local, inside, filter_by="confident_learning", n_jobs=1)
    found = [
        LabelErrorCandidate(
            row=int(at[k]),
            row_id=review.row_id[at[k]],
            text=review.text[at[k]],
            question=question,
            label=names[int(labels[k])],
            suggested=names[int(present[inside[k].argmax()])],
            quality=float(quality[k]),
        )
        for k in np.flatnonzero(flagged)
        if present[inside[k].argmax()] != labels[k]
    ]
    return sorted(found, key=lambda s: (s.quality, s.row_id))


def _labelled(review: Review, question: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[str, ...]]:
    if question == "album":
        at = np.flatnonzero(review.comparable)
        return at, review.album_truth[at], review.album_proba[at], ALBUM_NAMES
    j = AXIS_NAMES.index(question)
    at = np.flatnonzero((review.axis_truth[:, j] >= 0) & (review.axis_top[:, j] >= 0))
    return at, review.axis_truth[at, j], review.all_predictions().axis[at, j], MODES[question]
