"""Album sets: they keep their promise on new groups, weigh groups the same, and are crepes' sets where groups are rows."""

from __future__ import annotations

import numpy as np
import pytest

from rebracket_core.models.conformal import COVERAGES, ConformalSets, in_sets
from rebracket_core.models.scores import softmax
from rebracket_core.rainbow import ALBUM_NAMES


def _texts(rng: np.random.Generator, *, n_groups: int, most: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Albums, probabilities and groups in which the model does well in some groups and badly in others."""
    sizes = rng.integers(1, most + 1, n_groups)
    groups = np.repeat(np.arange(n_groups), sizes)
    skill = np.repeat(rng.normal(1.5, 1.5, n_groups), sizes)
    album = rng.integers(0, 9, len(groups))
    z = rng.normal(size=(len(groups), 9))
    z[np.arange(len(groups)), album] += skill
    return softmax(z), album, groups


def test_where_each_group_is_one_row_the_sets_are_those_of_crepes() -> None:
    from crepes.base import ConformalClassifier

    rng = np.random.default_rng(0)
    p, album, _ = _texts(rng, n_groups=83, most=1)
    new, *_ = _texts(rng, n_groups=50, most=1)
    sets = ConformalSets.fit(p, album, np.arange(len(p)))
    assert sets is not None
    peer = ConformalClassifier().fit(1.0 - p[np.arange(len(p)), album])
    for coverage in (0.6, 0.8, 0.9, 0.95):
        theirs = np.asarray(peer.predict_set(1.0 - new, confidence=coverage, smoothing=False), dtype=bool)
        theirs[np.arange(len(new)), new.argmax(axis=1)] = True
        assert np.array_equal(in_sets(new, np.full(len(new), sets.limit(coverage))), theirs)


def test_it_is_what_one_row_a_group_drawn_again_and_again_comes_to() -> None:
    rng = np.random.default_rng(1)
    p, album, groups = _texts(rng, n_groups=40)
    scores = 1.0 - p[np.arange(len(p)), album]
    sets = ConformalSets.fit(p, album, groups)
    assert sets is not None

    def covered(limit: float) -> float:
        """The share of 40 + 1 groups that a limit covers, averaged over draws of one row a group."""
        drawn = [[rng.choice(scores[groups == g]) for g in range(40)] for _ in range(400)]
        return float((np.array(drawn) <= 1.0 - limit).sum(axis=1).mean() / 41)

    assert covered(sets.limit(0.9)) == pytest.approx(0.9, abs=0.015)
    assert covered(sets.limit(0.7)) == pytest.approx(0.7, abs=0.015)


def test_the_promise_is_kept_on_new_groups_and_rows_alone_would_break_it() -> None:
    """Large groups on which the model is good would make careless sets if every row counted the same."""
    rng = np.random.default_rng(2)
    kept: list[float] = []
    careless: list[float] = []
    for _ in range(300):
        hard = np.arange(60) % 2 == 0
        sizes = np.where(hard, 1, 12)
        groups = np.repeat(np.arange(60), sizes)
        album = rng.integers(0, 9, len(groups))
        z = rng.normal(size=(len(groups), 9))
        z[np.arange(len(groups)), album] += np.where(np.repeat(hard, sizes), 0.5, 4.0)
        p, known = softmax(z), groups >= 20
        hit = np.arange(len(p)), album
        one = np.array([rng.choice(np.flatnonzero(groups == g)) for g in range(20)])
        for store, own in ((kept, groups), (careless, np.arange(len(p)))):
            sets = ConformalSets.fit(p[known], album[known], own[known])
            assert sets is not None
            store.append(in_sets(p, np.full(len(p), sets.limit(0.8)))[hit][one].mean())
    assert np.mean(kept) >= 0.79
    assert np.mean(careless) < 0.75


def test_too_few_groups_promise_nothing_and_say_so() -> None:
    p, album, groups = _texts(np.random.default_rng(3), n_groups=8)
    sets = ConformalSets.fit(p, album, groups)
    assert sets is not None and sets.limit(0.9) == 0.0 and sets.limit(0.8) > 0.0
    assert sets.highest == pytest.approx(0.88)
    assert len(sets.names(dict(zip(ALBUM_NAMES, p[0], strict=True)), coverage=0.9)) == 9
    assert ConformalSets.fit(p, np.full(len(p), -1), groups) is None


def test_the_first_album_is_always_in_and_larger_promises_make_larger_sets() -> None:
    p, album, groups = _texts(np.random.default_rng(4), n_groups=60)
    sets = ConformalSets.fit(p, album, groups)
    assert sets is not None and ConformalSets.from_dict(sets.to_dict()) == sets
    assert list(sets.limits) == sorted(sets.limits, reverse=True) and len(sets.limits) == len(COVERAGES)
    for row in p[:50]:
        named = dict(zip(ALBUM_NAMES, row.round(6), strict=True))
        small, large = sets.names(named, coverage=0.5), sets.names(named, coverage=0.95)
        assert small[0] == ALBUM_NAMES[int(row.argmax())] and set(small) <= set(large)
        inside = in_sets(row[None], np.array([sets.limit(0.95)]))[0]
        assert set(large) == {name for name, ok in zip(ALBUM_NAMES, inside, strict=True) if ok}
    with pytest.raises(ValueError, match="limits"):
        ConformalSets.from_dict({**sets.to_dict(), "limits": [0.5]})
