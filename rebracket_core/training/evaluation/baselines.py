"""What a simpler answer would have scored on the same rows: majority, a lookup table, TF-IDF with logistic regression."""

from __future__ import annotations

from collections import Counter

import numpy as np

NAMES: tuple[str, ...] = ("majority", "lookup", "tfidf_lr")


def baseline_predictions(
    texts: list[str], labels: np.ndarray, *, groups: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Each baseline's (len(test),) labels: trained on the indices `train`, predicted at `test`; labels are ints.

    `lookup` answers with the commonest label of the row's group, and with the majority for a group it never met.
    """
    majority = Counter(labels[train].tolist()).most_common(1)[0][0]
    by_group: dict[str, Counter[int]] = {}
    for i in train:
        by_group.setdefault(str(groups[i]), Counter())[int(labels[i])] += 1
    lookup = [by_group[str(groups[i])].most_common(1)[0][0] if str(groups[i]) in by_group else majority for i in test]
    return {
        "majority": np.full(len(test), majority),
        "lookup": np.array(lookup, dtype=labels.dtype),
        "tfidf_lr": _tfidf_lr(texts, labels, train=train, test=test, seed=seed),
    }


def _tfidf_lr(texts: list[str], labels: np.ndarray, *, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    if len(set(labels[train].tolist())) < 2:
        return np.full(len(test), labels[train][0])
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2 if len(train) > 50 else 1),
        LogisticRegression(C=10.0, max_iter=500, tol=1e-3, random_state=seed),
    )
    try:
        model.fit([texts[i] for i in train], labels[train])
    except ValueError:  # no word at all in the training texts: the baseline has nothing to say but the majority
        return np.full(len(test), Counter(labels[train].tolist()).most_common(1)[0][0])
    found: np.ndarray = model.predict([texts[i] for i in test])
    return found
