"""Counterfactuals of real runs: known answers on planted data, and the ledger replayed on another run."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebracket_core.errors import InputError
from rebracket_core.insight.explain.counterfactuals import CounterfactualSearch, SearchLimits, find_counterfactuals
from rebracket_core.insight.explain.goals import Goal
from rebracket_core.services.explain import counterfactuals as flips_module
from rebracket_core.services.explain.counterfactual_store import CounterfactualStore
from rebracket_core.services.explain.counterfactuals import LEAST_S, Counterfactuals, Outcome
from rebracket_core.training import TrainingConfig
from rebracket_core.validation import Concept
from rebracket_core.workbench import Workbench
from tests.conftest import open_home

FLIP = {"run_id": "r", "goal": "album=Blue", "text": "one lantern", "edited": "one table", "edits": ["x"], "fluency": -0.5}
PLANTED = "They left one lantern in our garden today"


def test_the_ledger_keeps_a_flip_once(tmp_path: Path) -> None:
    ledger = CounterfactualStore(f"sqlite:///{tmp_path / 'a.db'}")
    assert ledger.all() == [] and not (tmp_path / "a.db").exists()
    assert ledger.add([FLIP, FLIP]) == 1 and ledger.add([FLIP]) == 0
    other = {**FLIP, "goal": "album=Green", "fluency": float("nan")}
    assert ledger.add([other]) == 1
    kept = ledger.all()
    assert [k.goal for k in kept] == ["album=Blue", "album=Green"] and kept[0].n_edits == 1 and kept[1].fluency is None
    assert ledger.forget(kept[0].entry_id) and not ledger.forget(kept[0].entry_id)
    ledger.close()
    assert len(CounterfactualStore(f"sqlite:///{tmp_path / 'a.db'}").all()) == 1


def _plant(folder: Path, *, word: str) -> Path:
    """Texts that are Red with a lantern and Blue with a table: nothing else tells them apart."""
    frames = [
        "The {} stood by the wall today",
        "We saw one {} in the yard",
        "They left a {} at our gate",
        "Near the {} they sat and ate",
        "Someone kept one {} for years",
        "One {} was seen in our street",
        "It was the {} again they said",
        "A {} lay in the garden",
        "Nobody moved the {} from there",
        "He asked about one {} and left",
        "She drew a {} on the paper",
        "Behind the {} was a door",
    ]
    path = folder / f"{word}.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["concept", "rainbow_color", "song_id"])
        for k, frame in enumerate(frames):
            rows.writerow([frame.format(word), "Red", f"s{k}"])
            rows.writerow([frame.format("table"), "Blue", f"t{k}"])
    return path


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A home with two runs: in the one in use a lantern makes a text Red, in the other one a ladder does."""
    folder = tmp_path_factory.mktemp("planted")
    bench = open_home(folder / "home")
    for word in ("lantern", "ladder"):
        bench.datasets.import_path(_plant(folder, word=word), name=word)
        bench.training.train(word, config=TrainingConfig.of(ensemble_size=2, folds=3, max_steps=60, tfidf=True))
    return bench


@pytest.mark.slow
def test_the_word_that_decides_comes_first_everywhere_and_the_counterfactual_removes_it(planted: Workbench) -> None:
    found = planted.explain.explain(PLANTED)
    checks = planted.explain.check(found)
    assert found.predicted == "Red" and found.adds_up and checks.shapley is not None
    for shares in (found.gradients, checks.shap, checks.shapley):
        assert found.words[int(np.argmax(shares))] == "lantern"
    assert checks.shap == pytest.approx(checks.shapley, abs=1e-3)
    flips = planted.counterfactuals.find(PLANTED, Goal.parse("album=Blue"), budget_s=60).counterfactuals
    assert flips and all(len(f.edits) == 1 and f.edits[0].old == "lantern" for f in flips)
    for flip in flips:
        again = planted.verdicts.validate([Concept("1", flip.text)], keep=False)[0]
        assert again.album == "Blue" and again.album_probabilities == pytest.approx(flip.verdict.album_probabilities, abs=1e-4)


@pytest.mark.alone
@pytest.mark.slow
def test_what_is_opened_first_counts_against_the_time_of_a_search(planted: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def spy(*args: Any, limits: SearchLimits, **more: Any) -> CounterfactualSearch:
        given.append(limits.budget_s)
        return find_counterfactuals(*args, limits=limits, **more)

    monkeypatch.setattr(flips_module, "find_counterfactuals", spy)
    asked = Counterfactuals._proposer
    for opening_s, budget_s in ((0.5, 4.0), (2.0, 4.0), (0.0, 1.0)):
        monkeypatch.setattr(
            Counterfactuals, "_proposer", lambda self, asking, s=opening_s: time.sleep(s) or asked(self, asking)
        )
        planted.counterfactuals.find(PLANTED, Goal.parse("album"), budget_s=budget_s, keep=False)
    assert LEAST_S <= given[0] <= 3.5 and given[1:] == [LEAST_S, 1.0]


@pytest.mark.slow
def test_the_ledger_is_replayed_on_another_run(planted: Workbench) -> None:
    flips = planted.counterfactuals
    flips.find(PLANTED, Goal.parse("album=Blue"), budget_s=60)
    kept = len(flips.store.all())
    own = flips.replay()
    assert own.count(Outcome.HOLDS) == kept >= 1
    other = next(run for run in planted.runs.all() if not run.promoted)
    assert flips.replay(other.run_id).count(Outcome.HOLDS) < kept
    with pytest.raises(InputError, match="there already"):
        flips.find(PLANTED, Goal.parse("album=Red"))
    flips.find(PLANTED, Goal.parse("album=Blue"), thresholds={"accept": 0.99}, budget_s=60)
    assert len(flips.store.all()) == kept
