"""Agreement has its published values, equals the library where that is slow, and says why where it has none."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from rebracket_core.annotation.agreement.disagreement import Distance, distance_between
from rebracket_core.annotation.agreement.kappas import cohen, fleiss, gwet
from rebracket_core.annotation.agreement.krippendorff import Agreement, alpha
from rebracket_core.annotation.agreement.rating_arrays import Ratings, ratings_of
from rebracket_core.errors import InputError

FEW = {"seed": 7, "fewest": 2}
# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), example C: four observers, twelve units.
KRIPPENDORFF = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
FLEISS_1971 = (
    "00060",
    "03003",
    "01401",
    "00006",
    "03030",
    "20400",
    "00402",
    "20310",
    "20040",
    "00006",
    "10050",
    "11040",
    "03300",
    "10050",
    "02031",
    "00501",
    "30012",
    "51000",
    "02040",
    "10203",
    "00006",
    "01050",
    "02013",
    "20040",
    "10041",
    "05010",
    "40002",
    "02040",
    "10500",
    "00006",
)


def one_hot(position: int, k: int) -> list[int]:
    return [1000 if j == position else 0 for j in range(k)]


def hard(rows: Sequence[tuple[str, str, int]], k: int) -> Ratings:
    return ratings_of([(item, who, one_hot(choice, k)) for item, who, choice in rows], categories=map(str, range(k)))


def krippendorff() -> Ratings:
    rows = []
    for who, line in enumerate(KRIPPENDORFF):
        for unit, sign in enumerate(line):
            if sign != ".":
                rows.append((f"u{unit:02}", f"o{who}", int(sign) - 1))
    return hard(rows, 5)


def simulated(n: int, *, seed: int = 3, concentration: float = 6.0) -> list[tuple[str, str, list[int]]]:
    rng = np.random.default_rng(seed)
    out = []
    for k, base in enumerate(rng.dirichlet((1, 1, 1), n)):
        for who in range(3):
            shares = np.floor(rng.dirichlet(base * concentration + 0.05) * 1000).astype(int)
            shares[0] += 1000 - shares.sum()
            out.append((f"i{k:04}", f"a{who}", shares.tolist()))
    return out


def by_library(rows: list[tuple[str, str, list[int]]], distance: Distance) -> float:
    from nltk.metrics.agreement import AnnotationTask

    def measure(one: tuple[int, ...], other: tuple[int, ...]) -> float:
        return float(distance_between(np.array([one]), np.array([other]), distance=distance)[0])

    return float(AnnotationTask([(who, item, tuple(s)) for item, who, s in rows], distance=measure).alpha())


def test_krippendorffs_example_is_0_743() -> None:
    found = alpha(krippendorff(), Distance.NOMINAL, **FEW)
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert (found.n_items, found.n_labels, found.n_annotators) == (11, 40, 4)
    assert found.low is not None and found.value is not None and found.high is not None
    assert found.low < found.value < found.high


def test_on_hard_labels_every_distance_is_the_nominal_one() -> None:
    values = {d: alpha(krippendorff(), d, **FEW).value for d in (Distance.TOTAL_VARIATION, Distance.JENSEN_SHANNON)}
    assert list(values.values()) == pytest.approx([0.7434] * 2, abs=1e-4)


def test_a_published_soft_alpha() -> None:
    """Artstein & Poesio (2008), §2.6: "check" halfway between "statement" and "request" is an even mixture of the two."""
    label = {"stat": [1000, 0], "ireq": [0, 1000], "chck": [500, 500]}
    pairs = [("stat", "stat", 46), ("stat", "ireq", 6), ("ireq", "ireq", 32), ("chck", "ireq", 6), ("chck", "chck", 10)]
    rows, k = [], 0
    for one, other, times in pairs:
        for _ in range(times):
            rows += [(f"{k:03}", "A", label[one]), (f"{k:03}", "B", label[other])]
            k += 1
    found = alpha(ratings_of(rows, categories=("stat", "ireq")), Distance.TOTAL_VARIATION, seed=1)
    assert (found.observed, found.expected) == (pytest.approx(0.09), pytest.approx(0.4879, abs=5e-5))
    assert found.value == pytest.approx(0.8156, abs=5e-5)


@pytest.mark.parametrize("distance", [Distance.TOTAL_VARIATION, Distance.JENSEN_SHANNON, Distance.NOMINAL])
def test_the_fast_way_equals_the_library(distance: Distance) -> None:
    rows = simulated(15)
    rows = [r for k, r in enumerate(rows) if k % 7]  # unequal numbers of answers
    found = alpha(ratings_of(rows, categories="abc"), distance, **FEW)
    assert found.value == pytest.approx(by_library(rows, distance), abs=1e-9)


def test_jensen_shannon_is_scipys() -> None:
    from scipy.spatial.distance import jensenshannon

    shares = np.array([s for _, _, s in simulated(40)])
    mine = distance_between(shares[:-1], shares[1:], distance=Distance.JENSEN_SHANNON)
    assert mine == pytest.approx([jensenshannon(a, b, base=2) for a, b in pairwise(shares)], abs=1e-7)


def test_masi_is_the_librarys_and_knows_empty_sets() -> None:
    from nltk.metrics.distance import masi_distance

    rng = np.random.default_rng(0)
    sets = (rng.random((60, 8)) < 0.25).astype(int)
    sets[0] = 0
    first, second = sets[:-1], sets[1:]
    mine = distance_between(first, second, distance=Distance.MASI)
    told = [
        0.0 if not (a | b).any() else masi_distance(set(np.flatnonzero(a)), set(np.flatnonzero(b)))
        for a, b in zip(first, second, strict=True)
    ]
    assert mine == pytest.approx(told)
    rows = [(f"{k // 3:02}", f"a{k % 3}", row.tolist()) for k, row in enumerate(sets)]
    votes = ratings_of(rows, categories=map(str, range(8)), whole=None)
    assert alpha(votes, Distance.MASI, **FEW).value == pytest.approx(by_library(rows, Distance.MASI), abs=1e-9)


def test_passonneaus_masi_example() -> None:
    """NLTK's documented value: {1, 2} and {1, 2, 3, 4} are 2/3 apart."""
    one, other = np.array([[1, 1, 0, 0]]), np.array([[1, 1, 1, 1]])
    assert distance_between(one, other, distance=Distance.MASI)[0] == pytest.approx(2 / 3)


def test_the_interval_draws_items_again() -> None:
    """One product per distance gives the alpha of the table in which drawn items really stand twice."""
    rows = simulated(30)
    found = alpha(ratings_of(rows, categories="abc"), Distance.TOTAL_VARIATION, seed=5, replicates=2)
    draws = np.random.default_rng(5).multinomial(30, np.full(30, 1 / 30), size=2)
    values = []
    for draw in draws:
        again = [(f"{item}.{c}", who, s) for item, who, s in rows for c in range(draw[int(item[1:])])]
        values.append(
            alpha(ratings_of(again, categories="abc"), Distance.TOTAL_VARIATION, seed=0, fewest=2, replicates=1).value
        )
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(np.array(values, dtype=float), (0.025, 0.975))))


def test_the_interval_covers_as_it_says() -> None:
    """Of 50 samples of one population, at least 43 intervals hold its alpha (95 % would be 47.5)."""
    rows = simulated(2000, seed=11)
    truth = alpha(ratings_of(rows, categories="abc"), Distance.TOTAL_VARIATION, seed=0, replicates=1).value
    assert truth is not None
    hits = 0
    for k in range(50):
        votes = ratings_of(rows[k * 120 : k * 120 + 120], categories="abc")
        part = alpha(votes, Distance.TOTAL_VARIATION, seed=k, replicates=300)
        assert part.low is not None and part.high is not None
        hits += part.low <= truth <= part.high
    assert hits >= 43


def test_two_thousand_items_with_unrounded_shares_are_quick() -> None:
    votes = ratings_of(simulated(2000), categories="abc")
    assert len(np.unique(votes.shares, axis=0)) > 4000
    for distance, limit in ((Distance.TOTAL_VARIATION, 3.0), (Distance.JENSEN_SHANNON, 15.0)):
        started = time.perf_counter()
        assert alpha(votes, distance, seed=1).value is not None
        assert time.perf_counter() - started < limit


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "no labels"),
        ([("a", "x", 0), ("b", "y", 1)], "no item has two labels"),
        ([("a", "x", 0), ("a", "y", 1)], "not enough yet: 1 item has two labels, 2 are needed"),
        ([("a", "x", 0), ("a", "y", 0), ("b", "x", 0), ("b", "y", 0)], "all labels are the same"),
        ([("a", "x", 0), ("a", "x", 1), ("b", "x", 0), ("b", "x", 1)], "from one person"),
    ],
)
def test_what_has_no_value_explains_itself(rows: list[tuple[str, str, int]], why: str) -> None:
    for found in (alpha(hard(rows, 3), Distance.NOMINAL, **FEW), fleiss(hard(rows, 3), **FEW)):
        assert found.value is None and found.low is None and why in found.why


def test_shares_that_do_not_sum_are_refused() -> None:
    with pytest.raises(InputError, match="cannot be used") as error:
        ratings_of([("a", "x", [400, 400, 100])], categories="abc")
    assert "item a, annotator x" in str(error.value)


def test_too_many_answers_for_a_matrix_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rebracket_core.annotation.agreement.disagreement.MOST_IN_MATRIX", 20)
    votes = ratings_of(simulated(40), categories="abc")
    with pytest.raises(InputError, match="too many"):
        alpha(votes, Distance.JENSEN_SHANNON, seed=1)
    assert alpha(votes, Distance.TOTAL_VARIATION, seed=1).value is not None


def test_fleiss_1971() -> None:
    """Thirty patients, six psychiatrists, five diagnoses: 0.430."""
    rows = []
    for k, line in enumerate(FLEISS_1971):
        choices = [c for c, times in enumerate(line) for _ in range(int(times))]
        rows += [(f"p{k:02}", f"r{who}", choice) for who, choice in enumerate(choices)]
    found = fleiss(hard(rows, 5), seed=1)
    assert found.value == pytest.approx(0.430, abs=5e-4)
    assert found.expected == pytest.approx(0.220, abs=5e-4) and found.observed == pytest.approx(0.556, abs=5e-3)


def table_votes(table: Sequence[Sequence[int]]) -> Ratings:
    rows, k = [], 0
    for i, line in enumerate(table):
        for j, times in enumerate(line):
            for _ in range(times):
                rows += [(f"{k:04}", "first", i), (f"{k:04}", "second", j)]
                k += 1
    return hard(rows, len(table))


def test_cohens_kappa_as_fleiss_cohen_and_everitt_published_it() -> None:
    """Fleiss, Cohen & Everitt (1969): kappa 0.429 over 200 people; its 95 % interval from their standard error of 0.054."""
    found = cohen(table_votes([[106, 10, 4], [22, 28, 10], [2, 12, 6]]), ("first", "second"), seed=1)
    assert found.value == pytest.approx(0.429, abs=5e-4)
    assert (found.low, found.high) == pytest.approx((0.429 - 1.96 * 0.054, 0.429 + 1.96 * 0.054), abs=0.02)


def test_kappas_of_the_library_are_observed_beyond_expected() -> None:
    votes = table_votes([[20, 5], [10, 15]])
    for found in (cohen(votes, ("first", "second"), seed=1), fleiss(votes, seed=1)):
        assert isinstance(found, Agreement) and found.observed is not None and found.expected is not None
        assert found.value == pytest.approx((found.observed - found.expected) / (1 - found.expected))
    assert cohen(votes, ("first", "second"), seed=1).value == pytest.approx(0.4)


def test_fleiss_takes_the_items_with_the_commonest_number_of_labels() -> None:
    rows = [(f"{k}", who, (k + (who == "c")) % 2) for k in range(10) for who in "abc"]
    rows += [("x", "a", 0), ("x", "b", 1), ("y", "a", 1)]
    assert fleiss(hard(rows, 2), **FEW).n_items == 10
    assert cohen(hard(rows, 2), ("a", "b"), **FEW).n_items == 11
    assert "no item of theirs" in cohen(hard([("1", "a", 0), ("2", "b", 0)], 2), ("a", "b"), **FEW).why


def test_gwets_ac1_as_he_published_it() -> None:
    """Gwet (2002): 125 items, 118 and 2 agreed, kappa -0.0234; Gwet (2014), his four raters with gaps (0.77544)."""
    rows = []
    for k, (a, b) in enumerate([(0, 0)] * 118 + [(0, 1)] * 5 + [(1, 0)] * 2):
        rows += [(f"i{k:03}", "a", a), (f"i{k:03}", "b", b)]
    skewed = hard(rows, 2)
    assert cohen(skewed, ("a", "b"), **FEW).value == pytest.approx(-0.0234, abs=5e-5)
    found = gwet(skewed, **FEW)
    assert found.value == pytest.approx(0.9408, abs=5e-5) and found.low < found.value < found.high  # type: ignore[operator]
    gaps = gwet(krippendorff(), **FEW)
    assert gaps.value == pytest.approx(0.77544, abs=5e-6) and (gaps.n_items, gaps.n_labels) == (11, 40)
    assert gwet(hard([("i", "a", 0)], 2), **FEW).value is None


def test_the_interval_of_ac1_covers_what_is_true() -> None:
    def drawn(n: int, seed: int) -> Ratings:
        rng = np.random.default_rng(seed)
        truth = rng.random(n) < 0.9
        return hard([(f"i{k:05}", who, int(t ^ (rng.random() < 0.1))) for k, t in enumerate(truth) for who in "abc"], 2)

    true = gwet(drawn(20_000, 0), seed=1, replicates=10).value
    found = [gwet(drawn(80, seed), seed=seed, replicates=300) for seed in range(1, 41)]
    inside = sum(one.low <= true <= one.high for one in found)  # type: ignore[operator]
    assert inside >= 33  # of 40; 38 are to be expected
