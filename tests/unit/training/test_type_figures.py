"""Figures of types on held-out texts, against scikit-learn, by hand, and beside simpler rules."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score, top_k_accuracy_score

from rebracket_core.corpus import make_frame, targets
from rebracket_core.models import Calibration, Scores
from rebracket_core.models.scores import predicted_types
from rebracket_core.rainbow import TYPE_NAMES
from rebracket_core.runs import TypeScores
from rebracket_core.training.evaluation.type_baselines import cross_type_baselines, keyword_hits
from rebracket_core.training.evaluation.type_figures import confused_pairs, type_scores
from rebracket_core.training.heads.calibration import best_f1_threshold

N = 120


def _planted(*, exclusive: bool, seed: int = 0) -> tuple[Scores, Any, np.ndarray, list[str]]:
    """Texts of 40 songs whose marker word often names their type, and probabilities that know it a little better."""
    rng = np.random.default_rng(seed)
    kinds = [[TYPE_NAMES[k]] for k in rng.choice(8, N, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.06, 0.04, 0.0])]
    if not exclusive:
        kinds = [[] if i % 6 == 0 else [*k, "memory"] if i % 5 == 0 and k != ["memory"] else k for i, k in enumerate(kinds)]
    words = {"spatial": "wall", "temporal": "hour", "causal": "because", "perceptual": "noise", "memory": "lost"}
    texts = [" ".join(["a plain line", *(words.get(k, "plain") for k in kind)]) + f" {i}" for i, kind in enumerate(kinds)]
    rows = [{"row_id": str(i), "group_id": f"g{i // 3}", "concept": texts[i], "types": kinds[i]} for i in range(N)]
    plain = targets(make_frame(rows), smoothing=0.0)
    p = np.clip(plain.types * 0.5 + rng.random((N, 8)) * 0.6, 0.01, 0.99)
    calibration = Calibration(exclusive_types=exclusive)
    if exclusive:
        p = p / p.sum(axis=1, keepdims=True)
    empty = np.zeros((N, 3, 3))
    scores = Scores(
        axis=empty,
        axis_heads=empty,
        confidence=np.zeros(N),
        album=np.zeros((N, 9)),
        types=p,
        uncertainty=np.zeros((N, 3)),
        any_type=1.0 - np.prod(1.0 - p, axis=1),
        predicted_types=predicted_types(p, calibration=calibration),
    )
    return scores, plain, np.array([f"g{i // 3}" for i in range(N)]), texts


def _figures(*, exclusive: bool) -> tuple[dict[str, Any], Scores, Any]:
    scores, plain, groups, texts = _planted(exclusive=exclusive)
    baselines = cross_type_baselines(texts, plain, groups=groups, fold=np.arange(N) // 3 % 4, exclusive=exclusive, seed=1)
    found = type_scores(scores, plain, groups=groups, baselines=baselines, exclusive=exclusive, seed=1)
    return found, scores, plain


def test_one_type_a_text_is_scored_as_scikit_learn_does() -> None:
    found, scores, plain = _figures(exclusive=True)
    truth, top = plain.types.argmax(axis=1), scores.types.argmax(axis=1)
    present = sorted(set(truth.tolist()))
    assert found["accuracy"] == pytest.approx((truth == top).mean()) and found["n"] == N and found["n_groups"] == 40
    assert found["macro"]["f1"] == pytest.approx(f1_score(truth, top, labels=present, average="macro", zero_division=0))
    assert found["weighted"]["f1"] == pytest.approx(f1_score(truth, top, labels=present, average="weighted", zero_division=0))
    assert found["micro"]["f1"] == pytest.approx((truth == top).mean())
    assert found["top_k"]["2"]["accuracy"] == pytest.approx(top_k_accuracy_score(truth, scores.types, k=2, labels=range(8)))
    assert found["absent"] == [name for k, name in enumerate(TYPE_NAMES) if k not in present] and "marked" not in found
    low, high = found["macro"]["f1_ci"]
    assert low < found["macro"]["f1"] < high
    assert np.trace(found["confusion"]["counts"]) == (truth == top).sum()


def test_several_types_a_text_and_whether_there_is_any() -> None:
    found, scores, plain = _figures(exclusive=False)
    row = found["per_type"]["spatial"]
    assert row["auc"] == pytest.approx(roc_auc_score(plain.types[:, 0], scores.types[:, 0]))
    assert row["average_precision"] == pytest.approx(average_precision_score(plain.types[:, 0], scores.types[:, 0]))
    assert row["f1"] == pytest.approx(f1_score(plain.types[:, 0], scores.predicted_types[:, 0]))
    assert row["confidence"]["predicted"]["n"] == row["n_predicted"]
    assert found["accuracy"] == pytest.approx((plain.types == scores.predicted_types).all(axis=1).mean())
    marked = found["marked"]
    has, p = plain.types.any(axis=1), scores.any_type
    assert (marked["n"], marked["n_texts"], marked["n_groups"]) == (int(has.sum()), N, 40)
    assert marked["auc"] == pytest.approx(roc_auc_score(has, p))
    assert marked["accuracy"] == pytest.approx(((p >= 0.5) == has).mean())
    assert set(marked["baselines"]) == {"majority", "lookup", "keywords", "tfidf_lr"}


@pytest.mark.parametrize("exclusive", [True, False])
def test_simpler_rules_stand_beside_with_paired_intervals(exclusive: bool) -> None:
    found, _, plain = _figures(exclusive=exclusive)
    rows = found["baselines"]
    assert set(rows) == {"majority", "lookup", "keywords", "tfidf_lr"}
    # Songs are never met before, so the table of songs says what the majority says.
    assert rows["lookup"] == rows["majority"]
    for row in rows.values():
        gap = row["macro_f1_difference"]
        assert gap["value"] == pytest.approx(found["macro"]["f1"] - row["macro_f1"])
        assert gap["ci_low"] <= gap["value"] <= gap["ci_high"]
    assert rows["keywords"]["macro_f1"] > rows["majority"]["macro_f1"]
    if exclusive:
        assert rows["majority"]["accuracy"] == pytest.approx((plain.types[:, 0] > 0).mean(), abs=0.03)


def test_a_row_known_to_have_some_type_counts_for_that_question_alone() -> None:
    scores, plain, groups, _ = _planted(exclusive=False)
    plain = replace(plain, types_labelled=np.zeros(N, dtype=bool))
    found = type_scores(scores, plain, groups=groups, baselines={}, exclusive=False, seed=0)
    assert found["n"] == 0 and found["marked"]["n_texts"] == N and "per_type" not in found


def test_confused_pairs_are_missed_and_predicted() -> None:
    one_hot = np.eye(8, dtype=bool)
    truth, predicted = one_hot[[0, 1, 2, 2]], one_hot[[0, 0, 0, 2]]
    pairs = confused_pairs(truth, predicted)
    assert [(p["truth"], p["predicted"], p["n"], p["of"]) for p in pairs] == [
        ("temporal", "spatial", 1, 1),
        ("causal", "spatial", 1, 2),
    ]


def test_thresholds_give_the_best_f1() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(80) < 0.2
    p = np.round(np.clip(truth * 0.2 + rng.random(80) * 0.4, 0, 1), 2)
    cut = best_f1_threshold(truth, p)
    best = max(f1_score(truth, p >= c) for c in np.unique(p))
    assert f1_score(truth, p >= cut) == pytest.approx(best)
    assert best_f1_threshold(np.zeros(5, bool), np.arange(5) / 5) == 0.5


def test_marker_words_are_counted() -> None:
    assert keyword_hits(["The wall because the WALL, walls"])[0].tolist() == [3, 0, 1, 0, 0, 0, 0, 0]


def test_a_question_with_one_answer_everywhere_is_not_shown_as_right() -> None:
    marked = {"n": 7, "n_texts": 7, "n_groups": 3, "prevalence": 1.0, "accuracy": 1.0, "ci_low": 1.0, "ci_high": 1.0}
    found = TypeScores.from_dict({"n": 0, "marked": marked})
    assert found.any_type == () and found.headline is None
    assert found.sentences() == ["Any type is not measured: all 7 labelled texts have some type."]
