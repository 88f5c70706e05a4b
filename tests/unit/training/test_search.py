"""A search: its space is checked, no trial meets the groups that were put aside, and a killed one tries what it would have."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebracket_core.corpus import Dataset, DatasetMeta, ReadReport, frame_digest
from rebracket_core.encoders import Encoder, open_encoder
from rebracket_core.errors import ConfigError, DataError
from rebracket_core.settings import Settings
from rebracket_core.training import Cancelled, TrainingConfig
from rebracket_core.training.callbacks import CurveCallback
from rebracket_core.training.hpo.rows import SearchRows, outer_ids
from rebracket_core.training.hpo.search import SearchPlan, run_search
from rebracket_core.training.hpo.space import FIRST, SearchSpace, suggested
from rebracket_core.training.hpo.trials import TrialStatus, TrialStore
from rebracket_core.workbench import Workbench

BASE = TrainingConfig.of(ensemble_size=1, folds=3, max_steps=4)
SPACE = SearchSpace.from_dict({"inverse_l2": {"low": 1, "high": 100, "log": True}, "tfidf": [True, False]}, base=BASE)


class Quiet(CurveCallback):
    """A callback that nobody reads."""

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        pass

    def point(self, values: Mapping[str, Any]) -> None:
        pass


class StopAt(Quiet):
    """A callback that ends the search at a stage, as a kill or a cancel would."""

    def __init__(self, name: str, cause: BaseException) -> None:
        self.name, self.cause = name, cause

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        if stage == self.name and done == 1:
            raise self.cause


@pytest.fixture(scope="module")
def encoder(trained_home: Path) -> Encoder:
    return open_encoder("minilm", settings=Settings(home=trained_home, database_url=""))


@pytest.fixture(scope="module")
def dataset(trained_home: Path) -> Dataset:
    bench = Workbench(Settings(home=trained_home, database_url=f"sqlite:///{trained_home / 'workbench.db'}"))
    return bench.datasets.get("starter")


def _with(dataset: Dataset, change: Callable[[str, str, str], str]) -> Dataset:
    """The data set with each concept changed, given its row's id, its text and its album."""
    frame = dataset.frame.copy()
    albums = [album or "none" for album in frame["album"].tolist()]
    frame["concept"] = [change(*row) for row in zip(frame["row_id"], frame["concept"], albums, strict=True)]
    meta = DatasetMeta("changed", frame_digest(frame), len(frame), 0, ("starter",), "", "", ReadReport(len(frame)))
    return Dataset("changed", frame, meta)


def _rows(dataset: Dataset, encoder: Encoder, *, base: TrainingConfig = BASE, space: SearchSpace = SPACE) -> SearchRows:
    return SearchRows(dataset.frame, base=base, space=space, open_encoder=lambda _: encoder)


def _search(dataset: Dataset, encoder: Encoder, folder: Path, *, n: int = 3, callback: Quiet | None = None) -> dict[str, Any]:
    plan = SearchPlan(BASE, SPACE, n_trials=n)
    return run_search(dataset, plan=plan, rows=_rows(dataset, encoder), folder=folder, callback=callback or Quiet())


def _trials(folder: Path) -> list[dict[str, Any]]:
    """The trials that ended, without their times."""
    told = json.loads((folder / "trials.json").read_text())["trials"]
    return [{name: value for name, value in trial.items() if name != "seconds"} for trial in told]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({}, "empty"),
        ({"strenght": {"low": 1, "high": 2}}, "no training option"),
        ({"folds": [2, 3]}, "the same for all trials"),
        ({"inverse_l2": {"low": 5, "high": 5}}, "low below high"),
        ({"inverse_l2": {"low": 0, "high": 5, "log": True}}, "low above 0"),
        ({"inverse_l2": {"low": 1, "high": 1e12}}, "1e-06 to 1000000000.0"),
        ({"inverse_l2": {"low": 1}}, "low, high"),
        ({"inverse_l2": {"low": "a", "high": 2}}, "numbers"),
        ({"ensemble_size": {"low": 1.5, "high": 3}}, "whole numbers"),
        ({"tfidf": {"low": 0, "high": 1}}, "a list of choices"),
        ({"axis_loss": ["kl", "l3"]}, "axis_loss"),
        ({"axis_loss": ["kl"]}, "2 to 50"),
        ({"text": ["concept", "chorus"]}, "text"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused_by_name(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        SearchSpace.from_dict(raw, base=BASE)


def test_a_space_is_the_same_from_a_file_and_every_suggested_option_is_allowed(tmp_path: Path) -> None:
    space = SearchSpace(suggested())
    (tmp_path / "space.yaml").write_text(space.to_yaml(), encoding="utf-8")
    again = SearchSpace.from_file(tmp_path / "space.yaml", base=TrainingConfig())
    assert again.to_dict() == SearchSpace.from_dict(space.to_dict(), base=TrainingConfig()).to_dict()
    assert set(FIRST) <= set(suggested())
    assert again.values_of(TrainingConfig())["text"] == "concept"  # type: ignore[index]
    assert again.values_of(TrainingConfig.of(inverse_l2=1e6)) is None
    (tmp_path / "space.yaml").write_text("- inverse_l2", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"space\.yaml"):
        SearchSpace.from_file(tmp_path / "space.yaml", base=BASE)


def test_a_leaked_split_and_an_objective_without_its_output_are_refused() -> None:
    with pytest.raises(ConfigError, match="memory wins"):
        SearchPlan(BASE.with_(split="leaked"), SPACE)
    with pytest.raises(ConfigError, match="axes"):
        SearchPlan(BASE.with_(tasks="album"), SPACE, objective="axes_log_loss")
    plan = SearchPlan(BASE, SPACE, n_trials=7, objective="album_error")
    assert SearchPlan.from_dict(json.loads(json.dumps(plan.to_dict()))).to_dict() == plan.to_dict()


def test_the_groups_put_aside_are_in_nothing_that_a_trial_gets(dataset: Dataset, encoder: Encoder) -> None:
    rows = _rows(dataset, encoder)
    inner, outer = rows.inner(BASE), rows.outer(BASE)
    assert not set(inner.groups.tolist()) & set(outer.groups.tolist())
    assert set(outer.frame["row_id"]) <= outer_ids(dataset.frame, seed=BASE.data.seed)
    share = len(set(outer.groups.tolist())) / len(set(inner.groups.tolist()) | set(outer.groups.tolist()))
    assert 0.1 < share < 0.3


@pytest.mark.slow
def test_a_leak_planted_into_the_groups_put_aside_moves_no_trial(dataset: Dataset, encoder: Encoder, tmp_path: Path) -> None:
    """Each text put aside is made to name its album. A search that looked there would see it; planted everywhere, it does."""
    aside = outer_ids(dataset.frame, seed=BASE.data.seed)
    plain = _search(dataset, encoder, tmp_path / "plain")

    def leaks(_row: str, text: str, album: str) -> str:
        return f"{text} The answer is {album}lore, {album}lore, {album}lore."

    planted = _with(dataset, lambda row, text, album: leaks(row, text, album) if row in aside else text)
    blind = _search(planted, encoder, tmp_path / "planted")
    assert _trials(tmp_path / "planted") == _trials(tmp_path / "plain")
    assert blind["outer"]["best"] != plain["outer"]["best"]
    seen = _search(_with(dataset, leaks), encoder, tmp_path / "everywhere")
    assert seen["best"]["value"] < 0.7 * plain["best"]["value"]  # the control: where trials may look, the plant is found
    assert seen["outer"]["best"]["album_accuracy"]["value"] > plain["outer"]["best"]["album_accuracy"]["value"]


@pytest.mark.slow
@pytest.mark.parametrize("cause", [Cancelled("enough"), KeyboardInterrupt()])
def test_a_search_that_was_stopped_goes_on_to_the_same_trials(
    dataset: Dataset, encoder: Encoder, tmp_path: Path, cause: BaseException
) -> None:
    whole = _search(dataset, encoder, tmp_path / "whole")
    for stage in ("Trial 1 of 3", "Trial 3 of 3"):
        with suppress(Cancelled, KeyboardInterrupt):
            _search(dataset, encoder, tmp_path / "broken", callback=StopAt(stage, cause))
            pytest.fail("it was not stopped")
        with open(tmp_path / "broken" / "trials.journal", "ab") as journal:
            journal.write(b'{"op_code": 6, "half a li')  # as a kill in the middle of a line leaves it
    again = _search(dataset, encoder, tmp_path / "broken")
    assert _trials(tmp_path / "broken") == _trials(tmp_path / "whole")
    assert {**again, "best": 0} == {**whole, "best": 0}


@pytest.mark.slow
def test_the_first_trial_is_what_the_search_began_with_and_the_same_options_cost_nothing(
    dataset: Dataset, encoder: Encoder, tmp_path: Path
) -> None:
    space = SearchSpace.from_dict({"tfidf": [True, False]}, base=BASE)
    plan = SearchPlan(BASE, space, n_trials=5)
    found = run_search(dataset, plan=plan, rows=_rows(dataset, encoder, space=space), folder=tmp_path, callback=Quiet())
    trials = json.loads((tmp_path / "trials.json").read_text())["trials"]
    assert trials[0]["options"] == {"tfidf": True}
    again = [t for t in trials if t["why"].startswith("as trial")]
    assert len(again) >= 3 and all(t["seconds"] == 0 for t in again)
    assert found["config"]["tfidf"] == found["best"]["options"]["tfidf"]
    assert found["importance"] == {}  # one option: nothing to share


@pytest.mark.slow
def test_options_that_do_not_go_together_are_a_refused_trial(dataset: Dataset, encoder: Encoder, tmp_path: Path) -> None:
    base = BASE.with_(embedding_weight=0.5)
    space = SearchSpace.from_dict({"tfidf": [True, False], "embedding_weight": [0.0, 0.5]}, base=base)
    rows = _rows(dataset, encoder, base=base, space=space)
    run_search(dataset, plan=SearchPlan(base, space, n_trials=8), rows=rows, folder=tmp_path, callback=Quiet())
    trials = _trials(tmp_path)
    refused = [t for t in trials if t["options"] == {"tfidf": False, "embedding_weight": 0.0}]
    assert refused and all(t["status"] == TrialStatus.REFUSED and "tfidf" in t["why"] for t in refused)


@pytest.mark.slow
def test_a_trial_worse_on_the_same_songs_is_pruned_and_the_importance_finds_the_option_that_counts(tmp_path: Path) -> None:
    space = SearchSpace.from_dict({"inverse_l2": {"low": 1, "high": 100}, "album_weight": {"low": 1, "high": 2}}, base=BASE)
    ledger = TrialStore(tmp_path / "j", space=space, seed=1, first={"inverse_l2": 5.0, "album_weight": 1.0})
    noise = np.random.default_rng(0).normal(size=24)
    for _ in range(12):
        with ledger.trial() as run:
            values = run.options["inverse_l2"] / 100 + noise
            try:
                run.tell_fold({i: float(v) for i, v in enumerate(values[:12])}, folds=2, last=False)
                run.tell_fold({12 + i: float(v) for i, v in enumerate(values[12:])}, folds=3, last=True)
                run.value = float(values.mean())
            except Exception:
                run.status = TrialStatus.PRUNED
    records = ledger.records()
    assert [r.number for r in records] == list(range(1, 13))
    pruned = [r for r in records if r.status is TrialStatus.PRUNED]
    best = ledger.best()
    assert best is not None and pruned and all(r.folds == 2 and r.value is None for r in pruned)
    assert all(r.options["inverse_l2"] > best.options["inverse_l2"] for r in pruned)
    shares = ledger.importance()
    assert shares["inverse_l2"] > 0.8 and abs(sum(shares.values()) - 1) < 1e-6


def test_texts_that_one_choice_cannot_read_are_left_out_of_all_trials(dataset: Dataset, encoder: Encoder) -> None:
    frame = dataset.frame.copy()
    frame["lyrics"] = ["la la" if i % 3 else "" for i in range(len(frame))]
    space = SearchSpace.from_dict({"text": ["concept", "lyrics"]}, base=BASE)
    rows = SearchRows(frame, base=BASE, space=space, open_encoder=lambda _: encoder)
    asked = [rows.inner(BASE.with_(text=text)).frame["row_id"].tolist() for text in ("concept", "lyrics")]
    assert asked[0] == asked[1] and len(asked[0]) < len(_rows(dataset, encoder).inner(BASE))


def test_too_few_groups_are_refused(dataset: Dataset, encoder: Encoder) -> None:
    few = sorted(set(dataset.frame["group_id"]))[:8]
    frame = dataset.frame[dataset.frame["group_id"].isin(few)].reset_index(drop=True)
    with pytest.raises(DataError, match="too few groups"):
        SearchRows(frame, base=BASE, space=SPACE, open_encoder=lambda _: encoder)
