"""What simpler rules would have said of types: majority, a table of songs, marker words, TF-IDF with logistic regression."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from rebracket_core.corpus import Targets
from rebracket_core.rainbow import TYPES
from rebracket_core.texts import normalised_text

TYPE_BASELINES = ("majority", "lookup", "keywords", "tfidf_lr")
ANY_TYPE = "has_any_type"


def type_predictions(
    texts: list[str], plain: Targets, *, groups: np.ndarray, train: np.ndarray, test: np.ndarray, exclusive: bool, seed: int
) -> dict[str, np.ndarray]:
    """Each baseline's (len(test), 8) 0/1 types: learnt at the indices `train`, predicted at `test`.

    `lookup` gives what most rows of the same group have, and the majority for a group it never met; `keywords` every type of
    which the text has a marker word. Where a text has exactly one (`exclusive`) each gives one: the commonest, or that with
    the most marker words.
    """
    truth: np.ndarray = np.asarray(plain.types[train] > 0.5)
    majority = _decided(truth.mean(axis=0), exclusive=exclusive)
    by_group = {g: _decided(share, exclusive=exclusive) for g, share in _group_shares(truth, groups[train]).items()}
    hits = keyword_hits([texts[i] for i in test])
    words = (hits > 0).astype(np.float64)
    if exclusive:
        some = np.asarray(hits.any(axis=1))
        words = np.where(some[:, None], np.eye(hits.shape[1])[hits.argmax(axis=1)], majority)
    return {
        "majority": np.tile(majority, (len(test), 1)),
        "lookup": np.array([by_group.get(g, majority) for g in groups[test].tolist()]).reshape(len(test), -1),
        "keywords": words,
        "tfidf_lr": _tfidf(texts, truth, train=train, test=test, exclusive=exclusive, seed=seed),
    }


def any_type_predictions(
    texts: list[str], plain: Targets, *, groups: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Each baseline's (len(test),) 0/1 whether there is any type; arguments as in `type_predictions`."""
    truth = plain.any_type[train, None] > 0.5
    majority = float(truth.mean() >= 0.5)
    by_group = {g: float(share[0] >= 0.5) for g, share in _group_shares(truth, groups[train]).items()}
    return {
        "majority": np.full(len(test), majority),
        "lookup": np.array([by_group.get(g, majority) for g in groups[test].tolist()]),
        "keywords": np.asarray(keyword_hits([texts[i] for i in test]).any(axis=1), dtype=np.float64),
        "tfidf_lr": _tfidf(texts, truth, train=train, test=test, exclusive=False, seed=seed)[:, 0],
    }


def cross_type_baselines(
    texts: list[str], plain: Targets, *, groups: np.ndarray, fold: np.ndarray, exclusive: bool, seed: int
) -> dict[str, dict[str, np.ndarray]]:
    """For "types" (n, 8) and "has_any_type" (n,): what each baseline, learnt on the other folds, predicts; -1 elsewhere.

    In `exclusive` mode rows without any type teach and test nothing, as in the run.
    """
    learnt = typed_rows(plain, exclusive=exclusive)

    def types(train: np.ndarray, test: np.ndarray) -> dict[str, np.ndarray]:
        return type_predictions(texts, plain, groups=groups, train=train, test=test, exclusive=exclusive, seed=seed)

    def any_type(train: np.ndarray, test: np.ndarray) -> dict[str, np.ndarray]:
        return any_type_predictions(texts, plain, groups=groups, train=train, test=test, seed=seed)

    return {
        "types": _crossed(types, learnt, fold, shape=plain.types.shape),
        ANY_TYPE: {} if exclusive else _crossed(any_type, plain.any_labelled, fold, shape=(len(fold),)),
    }


def typed_rows(plain: Targets, *, exclusive: bool) -> np.ndarray:
    """(n,) bool: rows whose types teach and test something."""
    with_one = plain.types.sum(axis=1) > 0 if exclusive else True
    return np.asarray(plain.types_labelled & with_one, dtype=bool)


def _crossed(
    predict: Callable[[np.ndarray, np.ndarray], Mapping[str, np.ndarray]],
    labelled: np.ndarray,
    fold: np.ndarray,
    *,
    shape: tuple[int, ...],
) -> dict[str, np.ndarray]:
    out = {name: np.full(shape, -1.0) for name in TYPE_BASELINES}
    for k in np.unique(fold[labelled]):
        train, test = np.flatnonzero(labelled & (fold != k)), np.flatnonzero(labelled & (fold == k))
        if len(train) and len(test):
            for name, values in predict(train, test).items():
                out[name][test] = values
    return out


def keyword_hits(texts: list[str]) -> np.ndarray:
    """(n, 8) how many marker words of each type a text has, as the Rainbow Table lists them."""
    lists = [frozenset(kind.words) for kind in TYPES]
    found = [[sum(word in words for word in normalised_text(text).split()) for words in lists] for text in texts]
    return np.array(found, dtype=np.int64).reshape(len(texts), len(lists))


def _group_shares(truth: np.ndarray, groups: np.ndarray) -> dict[str, np.ndarray]:
    """By group the (K,) shares of its rows that have each class."""
    names, codes, counts = np.unique(groups.astype(str), return_inverse=True, return_counts=True)
    sums = np.zeros((len(names), truth.shape[1]))
    np.add.at(sums, codes, truth)
    return dict(zip(names.tolist(), sums / counts[:, None], strict=True))


def _decided(shares: np.ndarray, *, exclusive: bool) -> np.ndarray:
    """(8,) 0/1: the commonest, or those that at least half of the rows have."""
    chosen = np.eye(len(shares))[shares.argmax()] if exclusive else (shares >= 0.5).astype(np.float64)
    return np.asarray(chosen)


def _tfidf(
    texts: list[str], truth: np.ndarray, *, train: np.ndarray, test: np.ndarray, exclusive: bool, seed: int
) -> np.ndarray:
    """(len(test), K) 0/1 of TF-IDF features and logistic regression, one a class or one for all."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    fallback = np.tile(_decided(truth.mean(axis=0), exclusive=exclusive), (len(test), 1))
    features = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2 if len(train) > 50 else 1)
    try:
        x = features.fit_transform([texts[i] for i in train])
    except ValueError:  # no word at all in the training texts: the baseline has nothing to say but the majority
        return fallback
    x_test = features.transform([texts[i] for i in test])
    model = LogisticRegression(C=10.0, solver="lbfgs" if exclusive else "liblinear", max_iter=300, tol=1e-3, random_state=seed)
    if exclusive:
        classes = truth.argmax(axis=1)
        if len(set(classes.tolist())) < 2:
            return fallback
        return np.eye(truth.shape[1])[model.fit(x, classes).predict(x_test)]
    for k in range(truth.shape[1]):
        if truth[:, k].any() and not truth[:, k].all():
            fallback[:, k] = model.fit(x, truth[:, k]).predict(x_test)
    return fallback
