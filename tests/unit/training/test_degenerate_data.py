"""Data that teaches nothing, or not all: refused before a run is made, or trained with the sentence that says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.corpus import Concept, ReadReport, make_frame
from rebracket_core.errors import DataError, ModelError
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig, refuse_unlearnable
from rebracket_core.training.hpo import SearchPlan, SearchSpace
from rebracket_core.workbench import Workbench, get_workbench

TREES = ("oak", "ash", "elm", "fir", "yew", "bay", "fig", "may")
QUICK = TrainingConfig.of(folds=2, ensemble_size=1, max_steps=5)
Row = dict[str, Any]


def _rows(albums: list[str], *, per_song: int = 2, text: Callable[[int], str] | None = None, **more: Any) -> list[Row]:
    say = text or (lambda i: f"A bell cast in 1911 hung in the drowned tower. Number {i}, {TREES[i % 8]}.")
    return [
        {"row_id": str(i), "group_id": f"g{i // per_song}", "concept": say(i), "album": album, "origin": "table", **more}
        for i, album in enumerate(albums)
    ]


@pytest.fixture
def bench(home: Path) -> Workbench:
    return get_workbench(Settings.from_env())


def _add(bench: Workbench, rows: list[Row], name: str = "odd") -> str:
    bench.resources.library.add(make_frame(rows), name=name, source="test", report=ReadReport(len(rows)))
    return name


NOTHING: dict[str, tuple[list[Row], str, dict[str, Any]]] = {
    "one album": (_rows(["Green"] * 8), "All 8 labelled texts are Green", {}),
    "one text": (_rows(["Green"]), "1 groups", {}),
    "all texts the same": (
        _rows(["Green", "Red"] * 6, per_song=1, text=lambda i: "The same." if i % 2 else "the SAME"),
        "12 labelled rows with the one text",
        {},
    ),
    "three texts in many songs": (
        _rows(["Green", "Red", "Blue"] * 5, per_song=1, text=lambda i: f"Text {i % 3}"),
        "15 songs or threads share texts and count as 3",
        {},
    ),
    "the text that is read is the same": (
        _rows(["Green", "Red"] * 6, per_song=1, lyrics="la la"),
        "one text 'la la'",
        {"text": "lyrics"},
    ),
    "an album with one text": (_rows(["Red"] + ["Green"] * 15, per_song=1), "Only Green", {"tasks": "album"}),
    "one album, the album alone": (_rows(["Green"] * 8), "album: All 8", {"tasks": "album"}),
    "one album, the axes alone": (_rows(["Green"] * 8), "All 8 labelled texts are future", {"tasks": "axes"}),
    "one album, split by row": (_rows(["Green"] * 8), "All 8", {"split": "leaked"}),
    "one type everywhere": (_rows(["Green"] * 8, types=["memory"]), "the same: memory", {"tasks": "types"}),
    "no type anywhere": (_rows(["Green"] * 8, types=[]), "the same: none", {"tasks": ("types", "has_any_type")}),
    "fine-tuning": (_rows(["Green"] * 8), "All 8", {"method": "full", "ensemble_size": 1}),
}


@pytest.mark.parametrize("case", NOTHING)
def test_what_teaches_nothing_is_refused_by_name_and_leaves_no_run(bench: Workbench, case: str) -> None:
    rows, words, options = NOTHING[case]
    name, before = _add(bench, rows), set(bench.settings.runs.iterdir())
    config = QUICK.with_(**options)
    for train in (bench.training.train, bench.training.launch):
        with pytest.raises(DataError) as refused:
            train(name, config=config)
        assert words in str(refused.value) and refused.value.hint
    assert set(bench.settings.runs.iterdir()) == before and not bench.resources.runs.broken()


def test_a_search_that_could_learn_nothing_leaves_no_search(bench: Workbench) -> None:
    name = _add(bench, _rows(["Green"] * 40))
    space = SearchSpace.from_dict({"inverse_l2": {"low": 0.1, "high": 1.0}}, base=QUICK)
    for search in (bench.search.run, bench.search.launch):
        with pytest.raises(DataError, match="album: All 32 labelled texts are Green"):
            search(name, plan=SearchPlan(QUICK, space, n_trials=1))
    assert not bench.search.states() and not bench.settings.searches.exists()


def test_a_question_with_one_label_is_not_measured_and_gives_no_verdict(bench: Workbench) -> None:
    """One album whose texts have types: the types are learnt, and every page says that album and axes are not."""
    rows = [{**row, "types": ["memory"] if i % 3 else []} for i, row in enumerate(_rows(["Green"] * 16))]
    info = bench.training.train(_add(bench, rows), config=QUICK)
    found = info.measured
    assert set(found.not_learnt) == {"album", "temporal", "spatial", "ontological"}
    assert found.measured == {} and found.types.n == 16 and found.calibration.ece is None
    assert found.gate.coverage == 0.0 and not info.gives_verdicts and not info.promoted
    note = "Not learnt: album. All 16 labelled texts are Green."
    assert note in found.notes and note in bench.runs.card(info.run_id)
    with pytest.raises(ModelError, match="did not learn axes and album"):
        bench.runs.promote(info.run_id)
    with pytest.raises(ModelError, match="gives no verdicts"):
        bench.verdicts.validate([Concept(id="1", text="A bell in the tower.")], run_id=info.run_id)


@pytest.mark.slow
def test_albums_that_share_modes_leave_these_axes_unlearnt(bench: Workbench) -> None:
    """Red and Orange are both past and thing: two axes have one label each."""
    info = bench.training.train(_add(bench, _rows(["Red", "Red", "Orange", "Orange"] * 5)), config=QUICK)
    assert info.measured.not_learnt == ("temporal", "spatial", "types")
    assert set(info.measured.measured) == {"album", "ontological"} and info.gives_verdicts
    assert "Not learnt: temporal. All 20 labelled texts are past." in info.measured.notes


def test_what_cannot_be_measured_is_said(bench: Workbench) -> None:
    """Blue has one text; Black has no modes, so each axis has one mode only."""
    rows = _rows(["Red", "Red", "Black", "Black"] * 5)
    rows[0]["album"], rows[1]["album"] = "Blue", ""
    found = refuse_unlearnable(make_frame(rows), config=QUICK)
    assert set(found.missing) == {"types"}
    assert any(line.startswith("Not measured: album of Blue (1).") for line in found.remarks)
    plain = refuse_unlearnable(make_frame(_rows(["Red", "Red", "Black", "Black"] * 5)), config=QUICK)
    assert "Not measured: temporal. All texts with a mode there are past, so the accuracy says nothing." in plain.remarks


def test_data_with_all_albums_has_nothing_missing(bench: Workbench) -> None:
    found = refuse_unlearnable(bench.datasets.get("starter").frame, config=QUICK)
    assert not set(found.missing) - {"types"} and found.questions[0] == "album"
