"""What each layer of the encoder knows: a linear probe by song beside shuffled labels, and how alike layers are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rebracket_core.corpus import grouped_folds
from rebracket_core.insight.geometry.centroids import Units, shuffled_labels
from rebracket_core.stats import clustered_mean, group_codes

N_FOLDS = 5
SHUFFLES = 3
MOST_CKA = 1500
_MIN_ROWS = 20


@dataclass(frozen=True, slots=True)
class Probe:
    """A linear probe of one question at one layer, on held-out songs: accuracy with its interval over songs.

    `control` is what the same probe reaches when labels are shuffled between songs (mean of three), `majority` the commonest
    label. `layer` 0 is the embeddings.
    """

    question: str
    layer: int
    right: float
    low: float | None
    high: float | None
    control: float
    majority: float
    n: int
    n_groups: int


@dataclass(frozen=True, slots=True)
class Layers:
    """The probes of all layers and questions, and the (L, L) debiased CKA between layers over `n_cka` texts."""

    probes: tuple[Probe, ...]
    cka: np.ndarray
    n_cka: int

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return {"probes": [asdict(p) for p in self.probes], "cka": self.cka.tolist(), "n_cka": self.n_cka}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Layers:
        """The report that `to_dict` gave."""
        return cls(tuple(Probe(**p) for p in raw["probes"]), np.asarray(raw["cka"], dtype=np.float64), int(raw["n_cka"]))


def probe_layers(
    states: np.ndarray,
    labels: Mapping[str, np.ndarray],
    groups: np.ndarray,
    *,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Layers:
    """Probes and CKA of (L, n, d) layer vectors; `labels` gives (n,) int for each question, -1 for none.

    A question with fewer than 20 texts, five songs or two labels is left out.
    """
    questions = {name: y for name, y in labels.items() if _worth(y, groups)}
    probes: list[Probe] = []
    for name, y in questions.items():
        for probe in _probes(states, y, question=name, groups=groups, seed=seed):
            probes.append(probe)
            if progress:
                progress(len(probes), len(questions) * len(states))
    some = np.random.default_rng(seed).permutation(states.shape[1])[:MOST_CKA]
    return Layers(tuple(probes), cka_between(states[:, some]), len(some))


def _probes(states: np.ndarray, y: np.ndarray, *, question: str, groups: np.ndarray, seed: int) -> Iterator[Probe]:
    """The probe of one question at each layer in turn; `y` (n,) its labels, -1 for none."""
    at = np.flatnonzero(y >= 0)
    codes = group_codes(np.asarray(groups)[at])
    fold = grouped_folds(codes.astype(str), y[at], n_folds=N_FOLDS, seed=seed)
    shuffled = _dealt(y[at], codes, seed=seed)
    for layer, whole in enumerate(states):
        accuracy = clustered_mean(_right(whole[at], y[at], fold=fold), codes, seed=seed)
        yield Probe(
            question=question,
            layer=layer,
            right=float(accuracy.value or 0.0),
            low=accuracy.ci_low,
            high=accuracy.ci_high,
            control=float(np.mean([_right(whole[at], one, fold=fold).mean() for one in shuffled])),
            majority=float(np.bincount(y[at]).max() / len(at)),
            n=len(at),
            n_groups=accuracy.n_groups,
        )


def _worth(y: np.ndarray, groups: np.ndarray) -> bool:
    at = y >= 0
    return bool(at.sum() >= _MIN_ROWS and len(set(np.asarray(groups)[at].tolist())) >= N_FOLDS and len(set(y[at].tolist())) > 1)


def _dealt(y: np.ndarray, codes: np.ndarray, *, seed: int) -> list[np.ndarray]:
    """Labels shuffled between songs: all texts of a song that share a label go on sharing one."""
    keys, inverse = np.unique(codes * (int(y.max()) + 1) + y, return_inverse=True)
    size = int(y.max()) + 1
    units = Units(np.zeros((len(keys), 1)), keys % size, keys // size, size)
    return [one[inverse] for one in shuffled_labels(units, np.random.default_rng(seed), times=SHUFFLES)]


def _right(x: np.ndarray, y: np.ndarray, *, fold: np.ndarray) -> np.ndarray:
    """(n,) 0/1: whether a ridge classifier on the other folds gives the label; features scaled on the other folds."""
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    right = np.zeros(len(y))
    for k in np.unique(fold):
        train, test = fold != k, fold == k
        if len(set(y[train].tolist())) < 2:
            right[test] = y[test] == y[train][0]
            continue
        probe = make_pipeline(StandardScaler(), RidgeClassifier(alpha=float(x.shape[1])))
        right[test] = probe.fit(x[train], y[train]).predict(x[test]) == y[test]
    return right


def cka_between(states: np.ndarray) -> np.ndarray:
    """(L, L) debiased linear CKA between the layers of (L, n, d) vectors."""
    grams = [_centred_gram(layer) for layer in states]
    out = np.ones((len(grams), len(grams)))
    for i, one in enumerate(grams):
        for j in range(i):
            out[i, j] = out[j, i] = _normalised(one, grams[j])
    return out


def debiased_cka(first: np.ndarray, second: np.ndarray) -> float:
    """The linear CKA of (n, d) and (n, e) vectors of the same texts with the unbiased HSIC (Song et al. 2012).

    Independent noise gives about 0 at any n; the plain CKA of noise is 0.66 at n = 200 and d = 384.
    """
    return _normalised(_centred_gram(first), _centred_gram(second))


def _centred_gram(x: np.ndarray) -> np.ndarray:
    """The inner products without their diagonal, U-centred (Székely & Rizzo 2014): what HSIC's unbiased estimate sums over."""
    x = x.astype(np.float64)
    gram = x @ x.T
    n = len(gram)
    np.fill_diagonal(gram, 0.0)
    means = gram.sum(axis=0) / (n - 2)
    gram = gram - means[:, None] - means[None] + means.sum() / (n - 1)
    np.fill_diagonal(gram, 0.0)
    return np.asarray(gram)


def _normalised(one: np.ndarray, two: np.ndarray) -> float:
    own = float((one * one).sum() * (two * two).sum())
    return float((one * two).sum() / np.sqrt(own)) if own > 0 else 0.0
