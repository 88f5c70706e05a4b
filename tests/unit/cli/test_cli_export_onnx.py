"""A run as a folder, on the command line: written, judged from, refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from rebracket_core.reports.onnx_bundle import open_exported

Invoke = Callable[..., Result]
TEXTS = [
    f"The {who} kept a ledger of lost hours, and number {n} was never found."
    for n, who in enumerate(("miller", "clerk", "baker", "sexton", "glazier", "ferryman", "cooper", "piper", "warden", "usher"))
]


def test_wrong_use_is_bad_input_before_anything_is_written(invoke: Invoke, home: Path, tmp_path: Path) -> None:
    assert "--check" in invoke("export-onnx", "--help").stdout
    for wrong in (["--precision", "fp8"], ["--precision", "int8"]):
        told = invoke("export-onnx", "--out", tmp_path / "run", *wrong, "--home", home)
        assert told.exit_code == 2 and not (tmp_path / "run").exists()
    told = invoke("validate", "--model", tmp_path / "none", "x.txt", "--home", home)
    assert told.exit_code == 1 and "manifest.json" in told.stderr


@pytest.mark.slow
def test_a_folder_gives_the_lines_of_its_run(invoke: Invoke, home: Path, tmp_path: Path) -> None:
    concepts = tmp_path / "concepts.txt"
    concepts.write_text("\n".join(TEXTS))
    told = invoke("export-onnx", "--out", tmp_path / "run", "--check", concepts, "--json", "--home", home)
    assert told.exit_code == 0 and json.loads(told.stdout)["equality"]["score_difference"] <= 1e-5
    lines = ("validate", concepts, "--format", "jsonl", "--no-history", "--home", home)
    assert invoke(*lines, "--model", tmp_path / "run").stdout == invoke(*lines).stdout != ""
    assert invoke(*lines, "--model", tmp_path / "run", "--run", "another").exit_code == 1
    low = invoke("export-onnx", "--precision", "int8", "--check", concepts, "--out", tmp_path / "low", "--home", home)
    check = open_exported(tmp_path / "low").manifest.check["lowered"]
    assert low.exit_code == 0 and f"int8 changes {check['changed']} of {check['concepts']} verdicts" in low.stdout


@pytest.mark.slow
def test_the_api_answers_from_a_folder(invoke: Invoke, home: Path, tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    from starlette.testclient import TestClient

    from rebracket_core.serving.api import create_app
    from rebracket_core.settings import Settings
    from rebracket_core.workbench import bundle_workbench

    assert invoke("export-onnx", "--out", tmp_path / "run", "--home", home).exit_code == 0
    bench = bundle_workbench(Settings.from_env({"REBRACKET_HOME": str(tmp_path / "elsewhere")}), tmp_path / "run")
    with TestClient(create_app(bench)) as client:
        assert client.get("/health").json()["ready"]
        verdict = client.post("/v1/validate", json={"text": TEXTS[0], "id": "0"}).json()
        assert verdict == json.loads(json.dumps(open_exported(tmp_path / "run").validate([TEXTS[0]])[0].to_dict()))
        assert [run["run_id"] for run in client.get("/v1/runs").json()] == [verdict["run_id"]]
        assert client.get("/v1/thresholds").json()["thresholds"] == verdict["thresholds"]
