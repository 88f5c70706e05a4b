"""Whether probabilities hold on held-out songs, and what is left when only the surest answers count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebracket_core.errors import ModelError
from rebracket_core.insight.review import Review
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES
from rebracket_core.stats import calibration_error, equal_mass_bins, group_codes, group_draws, ratio_intervals

ALBUM = "album"
PERFECT = 500
_CURVE_DRAWS = 400
_MOST_POINTS = 200


@dataclass(frozen=True, slots=True)
class TopPredictions:
    """n answers that can be right or wrong: their probability `p` (n,), `right` (n,) 0/1, groups and places in the review."""

    p: np.ndarray
    right: np.ndarray
    groups: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """About as many answers as in the other bins: mean probability, share right with its interval over songs, and the band.

    The band is where the share would lie in 95 of 100 samples of this size if every probability were true.
    """

    probability: float
    right: float
    low: float | None
    high: float | None
    band_low: float
    band_high: float
    n: int


@dataclass(frozen=True, slots=True)
class ReliabilityDiagram:
    """Reliability of n answers: the bins, the calibration error, that of a perfect model at this n (mean, 95th of 100), p.

    `p` is how often a perfect model would show at least this error: small means that the probabilities are off.
    """

    bins: tuple[ReliabilityBin, ...]
    n: int
    n_groups: int
    mean_probability: float
    right: float
    error: float
    perfect: float
    perfect_high: float
    p: float


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The share wrong among the surest answers, by the share answered: at most 200 points.

    `aurc` is the mean of that risk over all coverages (Geifman & El-Yaniv 2017), `augrc` the mean of the share of all texts
    that are answered and wrong (Traub et al. 2024), with its interval over songs; `augrc_random` is what a random order would
    give and `augrc_best` the best possible order.
    """

    coverage: np.ndarray
    risk: np.ndarray
    threshold: np.ndarray
    aurc: float
    augrc: float
    augrc_low: float | None
    augrc_high: float | None
    augrc_random: float
    augrc_best: float
    n: int


def top_predictions(review: Review, question: str) -> TopPredictions:
    """Return the first predictions of "album" or of an axis where there is a label. Raises: ModelError where there is none."""
    if question == ALBUM:
        at = np.flatnonzero(review.comparable)
        p, right = review.probability[at], review.album_top[at] == review.album_truth[at]
    else:
        j = AXIS_NAMES.index(question)
        at = np.flatnonzero((review.axis_truth[:, j] >= 0) & (review.axis_top[:, j] >= 0))
        p = review.all_predictions().axis[at, j].max(axis=1) if len(at) else np.zeros(0)
        right = review.axis_top[at, j] == review.axis_truth[at, j]
    if not len(at):
        raise ModelError(
            f"There is no held-out prediction of {question}.",
            expected="held-out texts with a label and a prediction",
            found="none",
            hint="choose another question or another run",
            where=review.run_id,
        )
    return TopPredictions(p=p, right=right.astype(np.float64), groups=review.groups[at], rows=at)


def reliability_diagram(predictions: TopPredictions, *, seed: int, n_bins: int = 10) -> ReliabilityDiagram:
    """Return the reliability over equal-mass bins with consistency bands (Bröcker & Smith 2007) and a perfect model's error."""
    bins_of_rows = equal_mass_bins(predictions.p, n_bins)
    member = np.zeros((len(predictions.p), len(bins_of_rows)))
    for k, at in enumerate(bins_of_rows):
        member[at, k] = 1.0
    shares = ratio_intervals(member * predictions.right[:, None], member, predictions.groups, seed=seed)
    rng = np.random.default_rng(seed)
    drawn = (rng.random((PERFECT, len(predictions.p))) < predictions.p).astype(np.float64)
    band = np.quantile(drawn @ member / member.sum(axis=0), (0.025, 0.975), axis=0)
    error = calibration_error(predictions.p, predictions.right, n_bins=n_bins)
    perfect = np.array([calibration_error(predictions.p, one, n_bins=n_bins) for one in drawn])
    return ReliabilityDiagram(
        bins=tuple(
            ReliabilityBin(
                probability=float(predictions.p[at].mean()),
                right=float(predictions.right[at].mean()),
                low=_plain(shares.low[k]),
                high=_plain(shares.high[k]),
                band_low=float(band[0, k]),
                band_high=float(band[1, k]),
                n=len(at),
            )
            for k, at in enumerate(bins_of_rows)
        ),
        n=len(predictions.p),
        n_groups=len(set(predictions.groups.tolist())),
        mean_probability=float(predictions.p.mean()),
        right=float(predictions.right.mean()),
        error=error,
        perfect=float(perfect.mean()),
        perfect_high=float(np.quantile(perfect, 0.95)),
        p=float((1 + (perfect >= error).sum()) / (1 + PERFECT)),
    )


def risk_coverage(predictions: TopPredictions, *, seed: int) -> RiskCoverage:
    """Return the curve of the surest predictions first; answers of one probability come in the order of the data."""
    n = len(predictions.p)
    order = np.argsort(-predictions.p, kind="stable")
    wrong = (1.0 - predictions.right)[order]
    so_far = np.cumsum(wrong)
    codes = group_codes(predictions.groups)[order]
    n_groups = int(codes.max()) + 1
    low = high = None
    if n_groups >= 2:
        weights = group_draws(n_groups, seed=seed, replicates=_CURVE_DRAWS)[:, codes]
        total = weights.sum(axis=1, keepdims=True)
        joint = np.cumsum(weights * wrong, axis=1) / total
        areas = (joint * weights / total).sum(axis=1)
        low, high = (float(v) for v in np.quantile(areas, (0.025, 0.975)))
    errors = float(wrong.mean())
    keep = np.unique(np.linspace(0, n - 1, min(n, _MOST_POINTS)).round().astype(np.int64))
    best = np.maximum(0.0, np.arange(1, n + 1) - n * (1 - errors)).sum() / n**2
    return RiskCoverage(
        coverage=(keep + 1) / n,
        risk=so_far[keep] / (keep + 1),
        threshold=predictions.p[order][keep],
        aurc=float((so_far / np.arange(1, n + 1)).mean()),
        augrc=float((so_far / n).mean()),
        augrc_low=low,
        augrc_high=high,
        augrc_random=errors * (n + 1) / (2 * n),
        augrc_best=float(best),
        n=n,
    )


@dataclass(frozen=True, slots=True)
class AlbumCalibration:
    """The probabilities of one part of the texts: one album's, or those answered with it."""

    name: str
    n: int
    n_groups: int
    mean_probability: float
    right: float
    low: float | None
    high: float | None
    error: float
    perfect: float


def calibration_by_album(review: Review, *, seed: int) -> list[AlbumCalibration]:
    """How sure and how right the model is where it answers each album, in the order of the table; unused albums left out.

    Taken by answer, not by truth: a probability is a promise about the answer that was given.
    """
    predictions = top_predictions(review, ALBUM)
    top = review.album_top[predictions.rows]
    one_hot = (top[:, None] == np.arange(len(ALBUM_NAMES))).astype(np.float64)
    shares = ratio_intervals(one_hot * predictions.right[:, None], one_hot, predictions.groups, seed=seed)
    found = []
    for k, name in enumerate(ALBUM_NAMES):
        at = np.flatnonzero(top == k)
        if not len(at):
            continue
        rng = np.random.default_rng(seed + k)
        bins = max(1, min(10, len(at) // 10))
        p = predictions.p[at]
        perfect = [calibration_error(p, rng.random(len(at)) < p, n_bins=bins) for _ in range(100)]
        found.append(
            AlbumCalibration(
                name=name,
                n=len(at),
                n_groups=int(shares.n_groups[k]),
                mean_probability=float(predictions.p[at].mean()),
                right=float(predictions.right[at].mean()),
                low=_plain(shares.low[k]),
                high=_plain(shares.high[k]),
                error=calibration_error(predictions.p[at], predictions.right[at], n_bins=bins),
                perfect=float(np.mean(perfect)),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class OodSummary:
    """The out-of-distribution p-values of held-out texts: of a fair detector a share `limit` lies below `limit`.

    `below` is that share with its interval over songs; `right_below` and `right_above` are how often the album is right on
    either side of the limit, None where there is no such text.
    """

    limit: float
    n: int
    below: float
    low: float | None
    high: float | None
    n_below: int
    right_below: float | None
    right_above: float | None


def ood_summary(review: Review, *, limit: float, seed: int) -> OodSummary:
    """What the out-of-distribution detector says of the held-out texts; it was fitted on the other songs."""
    p = review.all_predictions().ood_p
    below_limit = p < limit
    share = ratio_intervals(below_limit[:, None].astype(np.float64), np.ones((len(p), 1)), review.groups, seed=seed)
    comparable, right = review.comparable, review.album_top == review.album_truth

    def accuracy_of(at: np.ndarray) -> float | None:
        return float(right[at & comparable].mean()) if (at & comparable).any() else None

    return OodSummary(
        limit=limit,
        n=len(p),
        below=float(share.value[0]),
        low=_plain(share.low[0]),
        high=_plain(share.high[0]),
        n_below=int(below_limit.sum()),
        right_below=accuracy_of(below_limit),
        right_above=accuracy_of(~below_limit),
    )


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
