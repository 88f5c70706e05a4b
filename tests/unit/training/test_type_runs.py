"""Runs of types alone: trained, measured, used without a verdict, exported, compared and explained."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from rebracket_core.cli.program import program
from rebracket_core.errors import ModelError
from rebracket_core.rainbow import TYPE_NAMES
from rebracket_core.reports.onnx_bundle import export_onnx, open_exported
from rebracket_core.training import TrainingConfig
from rebracket_core.validation import Concept
from rebracket_core.workbench import Workbench
from tests.conftest import open_home

pytestmark = pytest.mark.slow
TEXTS = ("The wall door between the rooms is far", "The bell river lamp stays in winter light")
_WORDS = {"spatial": "wall", "temporal": "hour", "causal": "because"}
_FILLER = (
    "old",
    "bell",
    "river",
    "lamp",
    "stair",
    "coat",
    "field",
    "winter",
    "paper",
    "hand",
    "stone",
    "garden",
    "letter",
    "glass",
)


def _data(path: Path) -> Path:
    rng = np.random.default_rng(3)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row_id", "group_id", "concept", "types", "has_rebracketing_markers"])
        for i in range(96):
            kind = ("spatial", "spatial", "temporal", "causal", "")[int(rng.integers(5))]
            words = [*rng.choice(_FILLER, 7, replace=False).tolist(), _WORDS.get(kind, "plain")]
            writer.writerow([f"r{i}", f"s{i // 4}", " ".join(words) + f" {i}", kind, "yes" if kind else "no"])
    return path


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    folder = tmp_path_factory.mktemp("types")
    bench = open_home(folder / "home")
    bench.datasets.import_path(_data(folder / "t.csv"), name="t")
    return bench


def _train(bench: Workbench, **options: Any) -> str:
    config = TrainingConfig.of(**{"ensemble_size": 2, "folds": 3, "max_steps": 8, **options})
    return bench.training.train("t", config=config).run_id


@pytest.fixture(scope="module")
def single(bench: Workbench) -> str:
    return _train(bench, tasks=["types"], type_loss="single")


@pytest.fixture(scope="module")
def several(bench: Workbench) -> str:
    return _train(bench, tasks=["types", "has_any_type"], class_weights="balanced")


def test_a_run_of_one_type_a_text_is_measured_and_predicts_a_distribution(bench: Workbench, single: str) -> None:
    info = bench.resources.runs.info(single)
    types = info.measured.types
    assert types.figures and not types.any_type and not info.measured.measured
    assert types.figures[0].baselines["keywords"] is not None and types.gaps["macro F1"]["majority"]["ci_low"] is not None
    found = bench.predict.predict([Concept(str(i), text) for i, text in enumerate(TEXTS)], run_id=single)
    assert all(sum((one.types or {}).values()) == pytest.approx(1.0, abs=1e-5) for one in found)
    assert all(len(one.predicted_types or ()) == 1 and one.any_type is None and one.album is None for one in found)
    assert max(found[0].types or {}, key=lambda name: (found[0].types or {})[name]) == "spatial"


def test_a_run_that_gives_no_verdicts_says_how_it_is_used(bench: Workbench, single: str) -> None:
    with pytest.raises(ModelError, match="cannot be promoted") as refused:
        bench.runs.promote(single)
    assert f"rebracket predict FILE --run {single}" in refused.value.hint
    with pytest.raises(ModelError, match="no verdicts") as refused:
        bench.verdicts.validate([Concept("a", TEXTS[0])], run_id=single)
    assert "rebracket predict" in refused.value.hint
    assert f"rebracket predict - --run {single}" in bench.runs.card(single)


def test_having_any_type_is_predicted_measured_and_explained(bench: Workbench, several: str) -> None:
    types = bench.resources.runs.info(several).measured.types
    assert {figure.name for figure in types.any_type} >= {"any type: accuracy", "any type: AUC"}
    assert types.any_type[0].n == 96 and types.any_type[0].n_groups == 24 and types.any_type[0].low is not None
    found = bench.predict.predict([Concept("a", TEXTS[0])], run_id=several)[0]
    assert found.any_type is not None and found.has_any_type == (found.any_type >= 0.5)
    assert bench.explain.outputs(several) == ("type", "any_type")
    explained = bench.explain.explain(TEXTS[0], output="any_type", run_id=several)
    assert explained.adds_up and {explained.predicted, explained.runner_up} == {"some type", "no type"}
    with pytest.raises(ModelError, match="did not learn this output"):
        bench.explain.explain(TEXTS[0], output="album", run_id=several)


def test_the_exported_run_predicts_the_same(bench: Workbench, single: str, tmp_path: Path) -> None:
    report = export_onnx(bench.resources.runs, single, to=tmp_path / "onnx", settings=bench.settings)
    assert report.equality.score_difference <= 1e-5 and not report.gives_verdicts
    there = open_exported(tmp_path / "onnx").predict(list(TEXTS))
    here = bench.predict.predict([Concept(str(i), text) for i, text in enumerate(TEXTS)], run_id=single)
    for a, b in zip(there, here, strict=True):
        assert a.types == pytest.approx(b.types, abs=1e-5) and a.predicted_types == b.predicted_types
        assert sum((a.types or {}).values()) == pytest.approx(1.0, abs=1e-5)


def test_two_runs_are_compared_on_their_types(bench: Workbench, single: str, several: str) -> None:
    metrics = {m.metric: m for m in bench.runs.compare([single, several])[0].metrics}
    assert {"types", "types_f1", "types_log_loss"} <= set(metrics) and "any_type" not in metrics
    row = metrics["types_f1"]
    assert row.n > 0 and row.ci_low is not None and row.difference == pytest.approx(row.second - row.first)  # type: ignore[operator]


def test_a_run_of_the_binary_question_alone(bench: Workbench) -> None:
    run = _train(bench, tasks=["has_any_type"])
    types = bench.resources.runs.info(run).measured.types
    assert types.headline is not None and types.headline.name == "any type: AUC" and not types.figures
    found = bench.predict.predict([Concept("a", TEXTS[0])], run_id=run)[0]
    assert found.types is None and found.has_any_type is not None


def test_the_command_and_the_api_predict(
    bench: Workbench, several: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastapi.testclient import TestClient

    from rebracket_core.serving.api import create_app
    from rebracket_core.serving.options import ServeOptions

    monkeypatch.setenv("REBRACKET_HOME", str(bench.settings.home))
    source = tmp_path / "texts.csv"
    source.write_text("id,text\n" + "\n".join(f"{i},{text}" for i, text in enumerate(TEXTS)))
    run = CliRunner()
    told = run.invoke(program, ["predict", str(source), "--run", several, "--format", "jsonl"])
    lines = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
    assert [line["id"] for line in lines] == ["0", "1"] and list(lines[0]["types"]) == list(TYPE_NAMES)
    assert run.invoke(program, ["predict", str(source), "--run", several, "--out", str(tmp_path / "p.csv")]).exit_code == 0
    assert "type_causal" in (tmp_path / "p.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    with TestClient(create_app(bench, ServeOptions()), base_url="http://localhost") as client:
        answer = client.post("/v1/predict", json={"items": [*TEXTS, {"text": ""}], "run": several})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["n"], body["n_failed"]) == (3, 1) and body["predictions"][2]["error"]
    assert body["predictions"][0]["types"] == pytest.approx(lines[0]["types"], abs=1e-5)
