"""The thresholds that a run chooses: the lowest that keep their promise, each for its rules, or none."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.settings import Thresholds
from rebracket_core.training.evaluation.evaluate import HeldOutRows, held_out_verdicts, selective_scores
from rebracket_core.training.evaluation.thresholds import choose_thresholds, chosen_values, cross_thresholds
from tests.support.evidence import KNOWN, PAST_OR_PRESENT, RED, THING, predictions, spread

HYBRID = (PAST_OR_PRESENT, THING, KNOWN)


def held(*parts: tuple[Any, float, int, int]) -> HeldOutRows:
    """Rows of Red in parts of (axis scores, probability, rows, wrong rows); each row is a group of its own."""
    axis, p, truth = [], [], []
    for scores, probability, n, wrong in parts:
        axis += [scores] * n
        p += [probability] * n
        truth += [ALBUM_NAMES.index("Blue")] * wrong + [ALBUM_NAMES.index("Red")] * (n - wrong)
    n = len(p)
    found = predictions(
        axis=axis,
        confidence=[0.9] * n,
        album=[spread("Red", one) for one in p],
        uncertainty=[(0.2, 0.2, 0.0)] * n,
        ood_p=[0.5] * n,
    )
    return HeldOutRows(
        predictions=found,
        targets=cast("Any", SimpleNamespace(album_idx=np.array(truth))),
        groups=np.arange(n).astype(str),
        texts=["a bell"] * n,
        baselines={},
        thresholds=[Thresholds()] * n,
    )


def test_the_lowest_probability_that_keeps_the_promise_is_chosen() -> None:
    rows = held((RED, 0.9, 40, 0), (RED, 0.7, 20, 2), (RED, 0.5, 30, 20))
    accept, hybrid = choose_thresholds(rows, targets={})
    assert (accept.threshold, accept.value, accept.n_accepted, accept.kept) == ("accept", 0.7, 60, True)
    assert accept.right == pytest.approx(58 / 60) and accept.note == ""
    assert (hybrid.value, hybrid.n_reached, hybrid.kept) == (1.0, 0, False)
    assert "accepts nothing" in hybrid.note and "accept_hybrid" in hybrid.note


def test_fewer_than_thirty_texts_promise_nothing() -> None:
    assert choose_thresholds(held((RED, 0.9, 29, 0)), targets={})[0].value == 1.0
    assert choose_thresholds(held((RED, 0.9, 30, 0)), targets={})[0].value == 0.9
    assert choose_thresholds(held((RED, 0.9, 60, 30)), targets={})[0].value == 1.0


def test_texts_of_one_probability_are_counted_together() -> None:
    assert choose_thresholds(held((RED, 0.9, 35, 0), (RED, 0.8, 35, 12)), targets={})[0].value == 0.9


def test_hybrids_have_a_promise_of_their_own_on_what_accept_leaves() -> None:
    rows = held((RED, 0.9, 40, 0), (HYBRID, 0.95, 10, 0), (HYBRID, 0.6, 40, 6), (RED, 0.6, 40, 30))
    accept, hybrid = choose_thresholds(rows, targets={})
    assert (accept.value, accept.n_accepted) == (0.9, 50)
    assert (hybrid.value, hybrid.n_reached, hybrid.n_accepted) == (0.6, 40, 40)
    limits = Thresholds().with_(**chosen_values((accept, hybrid)))
    chosen = replace(rows, thresholds=[limits] * len(rows.texts))
    rules = [v.rule for v in held_out_verdicts(chosen, thresholds=chosen.thresholds)]
    assert rules.count("accept") == 50 and rules.count("accept_hybrid") == 40
    scores = selective_scores(chosen, seed=0)
    assert scores["n_accepted"] == 90 and scores["by_verdict"]["ACCEPT_HYBRID"]["n"] == 40
    assert scores["by_verdict"]["ACCEPT_HYBRID"]["accuracy"] == pytest.approx(34 / 40)


def test_a_target_of_ones_own_and_the_limit_of_an_uncertain_album_are_kept() -> None:
    rows = held((RED, 0.9, 40, 0), (RED, 0.7, 20, 2), (RED, 0.25, 60, 0))
    assert choose_thresholds(rows, targets={"accept": 0.99})[0].value == 0.9
    assert choose_thresholds(rows, targets={})[0].value == 0.7


def test_each_fold_gets_what_the_others_chose() -> None:
    rows = held((RED, 0.9, 40, 0), (RED, 0.7, 40, 0))
    fold = np.array([0] * 40 + [1] * 40)
    found = cross_thresholds(rows, fold=fold, targets={})
    assert {limits.accept for limits in found.thresholds[:40]} == {0.7}
    assert {limits.accept for limits in found.thresholds[40:]} == {0.9}
