"""Whether texts that come in are still like the training texts: a two-sample test on their vectors.

The test is the kernel two-sample test of Gretton, Borgwardt, Rasch, Schölkopf and Smola, "A Kernel Two-Sample Test",
Journal of Machine Learning Research 13 (2012) 723-773: the unbiased estimate of the squared maximum mean discrepancy
(their equation 3) with a Gaussian kernel whose width is the median distance, and its p-value by permutation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebracket_core.errors import DataError

LEVEL = 0.01
PERMUTATIONS = 999
MIN_TEXTS = 20
MOST_TEXTS = 300


@dataclass(frozen=True, slots=True)
class Drift:
    """The squared discrepancy (0 and below: none to be seen), its p-value, how many texts were compared, and the level."""

    mmd2: float
    p_value: float
    n_training: int
    n_incoming: int
    level: float = LEVEL

    @property
    def alarm(self) -> bool:
        """Whether a difference as large is rarer than the level among texts of one kind."""
        return self.p_value <= self.level


def two_sample(
    training: np.ndarray, incoming: np.ndarray, *, level: float = LEVEL, permutations: int = PERMUTATIONS, seed: int = 0
) -> Drift:
    """The test of (n, d) training against (m, d) incoming vectors; of more than 300 of either a random 300 are compared.

    The p-value holds for texts that are independent of one another. Raises DataError for fewer than 20 of either.
    """
    rng = np.random.default_rng(seed)
    first, second = _some(training, rng), _some(incoming, rng)
    if min(len(first), len(second)) < MIN_TEXTS:
        raise DataError(
            "There are too few texts to compare.",
            expected=f"at least {MIN_TEXTS} of each",
            found=f"{len(first)} training texts and {len(second)} others",
            hint="wait until more came in",
        )
    kernel = _kernel(np.concatenate([first, second]).astype(np.float64))
    n, m = len(first), len(second)
    member = np.zeros((n + m, permutations + 1))
    member[:n, 0] = 1.0
    for k in range(1, permutations + 1):
        member[rng.permutation(n + m)[:n], k] = 1.0
    found = _mmd2(kernel, member, n=n, m=m)
    p_value = (1 + int((found[1:] >= found[0] - 1e-12).sum())) / (permutations + 1)
    return Drift(float(found[0]), p_value, n, m, level)


def _some(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    values = np.asarray(rows)
    return values if len(values) <= MOST_TEXTS else values[rng.choice(len(values), MOST_TEXTS, replace=False)]


def _kernel(rows: np.ndarray) -> np.ndarray:
    """(n, n) Gaussian kernel of the median width, with zeros on its diagonal."""
    squares = (rows**2).sum(axis=1)
    distance = np.maximum(squares[:, None] + squares[None, :] - 2.0 * rows @ rows.T, 0.0)
    median = float(np.median(distance[np.triu_indices(len(rows), 1)]))
    kernel: np.ndarray = np.exp(-distance / max(median, 1e-12))
    np.fill_diagonal(kernel, 0.0)
    return kernel


def _mmd2(kernel: np.ndarray, member: np.ndarray, *, n: int, m: int) -> np.ndarray:
    """(k,) unbiased estimates, one a column of `member`, which marks the first sample's rows with 1."""
    near = kernel @ member
    within = (member * near).sum(axis=0)
    between = near.sum(axis=0) - within
    other = kernel.sum() - within - 2.0 * between
    found: np.ndarray = within / (n * (n - 1)) + other / (m * (m - 1)) - 2.0 * between / (n * m)
    return found
