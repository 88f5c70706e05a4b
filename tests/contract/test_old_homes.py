"""A home that version 0.1 made opens, reads, judges, is trained on and promoted: through commands alone.

Verdicts and reasons are not compared, because the rules behind them may change; scores, albums, OOD p-values and
uncertainties are, to 1e-5. The pages over it: tests/app/test_old_home_pages.py. How it was made:
tests/fixtures/old_home_0_1/README.md.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.contract.old_home import differences, expected, renew_monitoring, unpack
from tests.contract.snapshots.faces import invoke

ROOT = Path(__file__).resolve().parents[2]
OLD = expected()
RUNS: dict[str, str] = OLD["runs"]
PROJECT: str = OLD["labels"]["project"]
TEXTS = "\n".join(OLD["texts"]) + "\n"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("REBRACKET_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def shared(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The old home, for tests that change nothing in it."""
    return unpack(tmp_path_factory.mktemp("old"), cache=trained_home / "cache")


@pytest.fixture
def home(trained_home: Path, tmp_path: Path) -> Path:
    """The old home, for a test of its own."""
    return unpack(tmp_path / "old", cache=trained_home / "cache")


def told(home: Path, *words: object, code: int = 0, data: str | None = None) -> Any:
    """The document that a command prints with --json."""
    done = invoke(*words, "--json", "--home", home, data=data)
    assert done.exit_code == code, (words, done.stdout, done.stderr)
    return json.loads(done.stdout)


def judged(home: Path, run_id: str, *more: object) -> list[dict[str, Any]]:
    """The lines of `validate` on the recorded texts, without a trace in the history."""
    done = invoke("validate", "-", "--run", run_id, "--format", "jsonl", "--no-history", "--home", home, *more, data=TEXTS)
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# ---- runs -------------------------------------------------------------------------------------------------------------


def test_the_runs_are_listed(shared: Path) -> None:
    found = told(shared, "runs")
    runs = {run["run_id"]: run for run in found["runs"]}
    assert set(runs) == set(RUNS.values()) - {RUNS["interrupted"]}
    assert [run_id for run_id, run in runs.items() if run["promoted"]] == [RUNS[OLD["promoted"]]]
    assert [run_id for run_id, run in runs.items() if run["metrics"]["leaked"]] == [RUNS["leaked"]]
    assert RUNS["interrupted"] in [broken["run_id"] for broken in found["broken"]] and found["active"] == []
    text = invoke("runs", "--home", shared)
    assert text.exit_code == 0 and all(run_id in text.stdout for run_id in runs) and RUNS["interrupted"] in text.stderr


@pytest.mark.parametrize("kind", OLD["verdicts"])
def test_a_run_scores_as_it_did(kind: str, shared: Path) -> None:
    assert differences(OLD["verdicts"][kind], judged(shared, RUNS[kind]), where=kind) == []


def test_without_a_run_named_the_promoted_one_answers(shared: Path) -> None:
    done = told(shared, "validate", "-", "--no-history", data=TEXTS)
    assert done["run_id"] == RUNS[OLD["promoted"]]


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["starter", "others"])
@pytest.mark.parametrize("kind", OLD["evaluations"])
def test_a_run_is_evaluated_as_it_was(kind: str, dataset: str, shared: Path) -> None:
    assert differences(OLD["evaluations"][kind][dataset], told(shared, "evaluate", RUNS[kind], dataset), where=kind) == []


def test_promoting_goes_on_from_the_old_record(home: Path) -> None:
    assert told(home, "promote", "--back")["promoted"] == RUNS[OLD["before"]]
    assert told(home, "promote", RUNS["old_options"])["before"] == RUNS[OLD["before"]]
    assert told(home, "validate", "-", "--no-history", data=TEXTS)["run_id"] == RUNS["old_options"]
    assert told(home, "promote", "--back") == {"promoted": RUNS[OLD["before"]], "before": RUNS["old_options"]}


def test_runs_are_compared_and_have_cards(shared: Path) -> None:
    found = told(shared, "compare", RUNS["default"], RUNS["old_options"], RUNS["dropout"])
    assert len(found["comparisons"]) >= 2 and all(one["metrics"] for one in found["comparisons"])
    for kind in ("default", "leaked", "old_options"):
        assert RUNS[kind] in told(shared, "card", RUNS[kind])["card"]


def test_a_run_that_was_exported_then_is_imported_now(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "cache").symlink_to(home / "cache")
    assert told(other, "import-run", home.parent / "files" / "run.zip")["run_id"] == RUNS["default"]
    assert told(other, "promote", RUNS["default"])["promoted"] == RUNS["default"]
    assert differences(OLD["verdicts"]["default"], judged(other, RUNS["default"])) == []


# ---- people's labels --------------------------------------------------------------------------------------------------


def test_the_labelling_project_is_as_it_was_left(shared: Path, tmp_path: Path) -> None:
    project = next(one for one in told(shared, "annotations", "status")["projects"] if one["project_id"] == PROJECT)
    assert differences(OLD["status"], project["progress"]) == []
    for form in ("jsonl", "csv"):
        file = tmp_path / f"labels.{form}"
        made = told(shared, "annotations", "export", PROJECT, "--out", file, "--format", form)
        assert made["labels"] == made["in_database"] == OLD["labels"]["labels"]
    before, after = (
        {row["label_id"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()) if "label_id" in row}
        for path in (shared.parent / "files" / "labels.jsonl", tmp_path / "labels.jsonl")
    )
    assert len(before) == OLD["labels"]["labels"] and differences(before, after) == []


AGREED = [{"project": PROJECT, "agreement": OLD["agreement"]}, *OLD["agreed"]]


@pytest.mark.parametrize("old", AGREED, ids=lambda one: one["project"])
def test_people_agree_as_far_as_they_did(old: dict[str, Any], shared: Path) -> None:
    now = told(shared, "annotations", "agreement", old["project"])["agreement"]
    kept = ("value", "observed", "expected", "n_items", "n_labels")
    for before, after in zip(old["agreement"]["questions"], now["questions"], strict=True):
        assert before["question"] == after["question"]
        assert differences(*({name: one["main"][name] for name in kept} for one in (before, after))) == []
    measured = [one["main"]["value"] is not None for one in old["agreement"]["questions"]]
    assert any(measured) == (old["project"] == "third-round")


def test_the_same_labels_have_the_same_snapshot(home: Path) -> None:
    taken = told(home, "annotations", "snapshot", PROJECT, "--by", "Ann")
    assert taken["snapshot_id"] == OLD["labels"]["snapshot"]


@pytest.mark.slow
def test_labelling_goes_on_in_the_old_project(home: Path, tmp_path: Path) -> None:
    file = home.parent / "files" / "labels.jsonl"
    there = told(home, "annotations", "import", PROJECT, file, "--by", "Ann")
    assert there["already"] == OLD["labels"]["labels"] and there["saved"] == there["revised"] == 0
    row = next(row for row in map(json.loads, file.read_text(encoding="utf-8").splitlines()) if row.get("annotator") == "bo")
    new = tmp_path / "new.jsonl"
    new.write_text(json.dumps({**row, "label_id": str(uuid.uuid4()), "annotator": "cleo"}) + "\n", encoding="utf-8")
    assert told(home, "annotations", "import", PROJECT, new, "--by", "Ann")["saved"] == 1
    status = told(home, "annotations", "status", PROJECT)["projects"][0]["progress"]
    assert status["n_labels"] == OLD["status"]["n_labels"] + 1
    n_texts = OLD["status"]["n_items"]
    assert 0 < told(home, "annotations", "suggest", PROJECT, "--by", "Ann")["suggestions"] <= n_texts
    assert told(home, "annotations", "order", PROJECT, "epistemic", "--by", "Ann")["ordered"] >= n_texts  # repeats too
    assert told(home, "annotations", "create", "One more round", "others", "--by", "Ann")["n_items"] > 0
    made = told(home, "annotations", "backup", tmp_path / "copy.db")  # which tells every event anew and compares
    assert made["labels"] == sum(one["agreement"]["n_labels"] for one in AGREED) + 1


# ---- maps, searches, counterfactuals, history, keys -------------------------------------------------------------------


def test_a_map_is_opened_and_not_fitted_anew(home: Path) -> None:
    lines = {"pca": (), "umap": ("--set", "n_neighbors=5", "--seed", "7")}
    for old in OLD["maps"]:
        attempts = home / "maps" / old["map_id"] / "attempts"
        before = len(list(attempts.iterdir()))
        found = told(home, "map", "starter", "--method", old["method"], *lines[old["method"]])
        assert found["map_id"] == old["map_id"] and len(list(attempts.iterdir())) == before
        assert differences(old["quality"], found["quality"]) == []


@pytest.mark.parametrize("method", ["pca", pytest.param("umap", marks=pytest.mark.slow)])
def test_a_new_text_is_placed_on_an_old_map(method: str, home: Path) -> None:
    line = ("--set", "n_neighbors=5", "--seed", "7") if method == "umap" else ()
    found = told(home, "map", "starter", "--method", method, *line, "--place", OLD["texts"][0])
    assert found["map_id"] in [old["map_id"] for old in OLD["maps"]]
    assert len(found["placed"][0]["at"]) == 2 and found["placed"][0]["near"]


def test_the_search_is_listed_with_its_trials(shared: Path) -> None:
    old = OLD["search"]
    assert [one["run_id"] for one in told(shared, "searches")["searches"]] == [old["search_id"]]
    trials = told(shared, "searches", old["search_id"])["trials"]
    kept = ("number", "status", "value", "scores")
    assert (
        differences(
            [{name: one[name] for name in kept} for one in old["trials"]],
            [{name: one[name] for name in kept} for one in trials],
        )
        == []
    )


def test_saved_counterfactuals_are_tried_again(shared: Path) -> None:
    done = invoke("replay", RUNS["default"], "--json", "--home", shared)
    now = {flip["entry_id"]: flip for flip in json.loads(done.stdout)["flips"]}
    assert done.exit_code in (0, 3) and OLD["counterfactuals"]
    for old in OLD["counterfactuals"]:
        kept = ("goal", "text", "edited", "edits", "before", "after", "found_on", "at")
        assert differences({name: old[name] for name in kept}, now[old["entry_id"]]) == []


def test_what_was_counted_is_monitored_and_goes_on(home: Path) -> None:
    renew_monitoring(home)
    assert told(home, "monitor", "--run", RUNS["default"])["n"] == OLD["monitoring"]["n"] > 0
    told(home, "validate", "-", "--run", RUNS["default"], data=TEXTS)
    assert told(home, "monitor", "--run", RUNS["default"])["n"] == OLD["monitoring"]["n"] + len(OLD["texts"])


def test_the_keys_are_known(home: Path) -> None:
    keys = {one["key_id"]: one for one in told(home, "keys", "list")}
    assert not keys[OLD["keys"]["key_id"]]["revoked_at"] and keys[OLD["keys"]["revoked_id"]]["revoked_at"]
    told(home, "keys", "add", "one more")
    assert len(told(home, "keys", "list")) == len(keys) + 1


@pytest.mark.slow
def test_the_server_takes_the_old_key(home: Path) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    line = [sys.executable, "-m", "rebracket_core.cli", "serve", "--port", str(port), "--quiet", "--home", str(home)]
    server = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(lambda: _status(port, "/health") == 200, seconds=120)
        asked = {"text": OLD["texts"][0]}
        assert _status(port, "/v1/validate", asked, key=OLD["keys"]["secret"]) == 200
        assert _status(port, "/v1/validate", asked, key=OLD["keys"]["revoked"]) == 401
        assert _status(port, "/v1/validate", asked) == 401
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def _status(port: int, path: str, body: dict[str, str] | None = None, *, key: str = "") -> int:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(f"http://127.0.0.1:{port}{path}", data=data, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return 0


def _wait(holds: Callable[[], bool], *, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.2)


# ---- training ---------------------------------------------------------------------------------------------------------

SLOW_KINDS = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("default", "evidential", "dropout", "leaked", "found")]


@pytest.mark.parametrize("kind", ["old_options", *SLOW_KINDS])
def test_the_old_data_are_trained_on_with_an_old_config(kind: str, home: Path, tmp_path: Path) -> None:
    spec = json.loads((home / "runs" / RUNS[kind] / "spec.json").read_text(encoding="utf-8"))
    file = tmp_path / "config.json"
    file.write_text(json.dumps(spec["config"]), encoding="utf-8")
    run = told(home, "train", "starter", "--config", file, "--quiet")
    before = OLD["evaluations"][kind]["starter"]
    assert (run["n_rows"], run["n_groups"]) == (before["n_rows"], before["n_groups"])
    assert run["metrics"]["leaked"] == (kind == "leaked")
    if kind == "old_options":  # they say class_weights: balanced, which weighed albums alone then and all tasks now
        assert "balanced" in run["config"]["class_weights"] and run["metrics"]["album"]["accuracy"] > 0.3
    else:
        assert run["metrics"]["album"]["accuracy"] == pytest.approx(before["album"]["accuracy"], abs=0.02)
        assert run["metrics"]["album"]["log_loss"] == pytest.approx(before["album"]["log_loss"], abs=0.02)
    told(home, "promote", run["run_id"])
    assert [one["run_id"] for one in judged(home, run["run_id"])] == [run["run_id"]] * len(OLD["texts"])


@pytest.mark.slow
def test_the_interrupted_run_is_resumed(home: Path) -> None:
    run_id = RUNS["interrupted"]
    done = sorted(path.name for path in (home / "runs" / run_id / "checkpoints").glob("fold-*"))
    assert done, "the fixture holds finished folds to go on from"
    told(home, "resume", run_id)
    _wait(lambda: run_id in [run["run_id"] for run in told(home, "runs")["runs"]], seconds=300)
    assert told(home, "promote", run_id)["promoted"] == run_id
    assert len(judged(home, run_id)) == len(OLD["texts"])


@pytest.mark.slow
def test_the_best_of_the_old_search_is_trained(home: Path) -> None:
    run = told(home, "train-found", OLD["search"]["search_id"])
    before = OLD["evaluations"]["found"]["starter"]
    assert run["metrics"]["album"]["accuracy"] == pytest.approx(before["album"]["accuracy"], abs=0.02)


@pytest.mark.slow
def test_an_old_run_is_explained(home: Path) -> None:
    found = told(home, "explain", OLD["texts"][1], "--run", RUNS["old_options"], "--quick")
    assert found["adds_up"] and found["nearest"]
