"""A model of numbers that are not finite is refused wherever it is opened, whatever its digest says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from rebracket_core.errors import ModelError
from rebracket_core.models import load_artefact
from rebracket_core.services import health
from tests.conftest import open_home

Edit = Callable[[dict[str, np.ndarray], dict[str, object]], None]


def rewrite(folder: Path, edit: Edit) -> None:
    """Change the arrays or the manifest of a model, and let its digest say that this is how it was made."""
    path = folder / "model.safetensors"
    arrays = {name: value.copy() for name, value in load_file(path).items()}
    manifest = json.loads((folder / "manifest.json").read_text())
    edit(arrays, manifest)
    save_file(arrays, path)
    manifest["arrays_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def array(name: str, value: float) -> Edit:
    def edit(arrays: dict[str, np.ndarray], _: dict[str, object]) -> None:
        arrays[name].flat[0] = value

    return edit


def temperature(arrays: dict[str, np.ndarray], manifest: dict[str, object]) -> None:
    manifest["calibration"] = {**manifest["calibration"], "album_temperature": float("nan")}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "edit",
    [
        array("weight", np.nan),
        array("bias", np.inf),
        array("ood.0.neighbours.vectors", -np.inf),
        array("ood.0.calibration", np.nan),
        temperature,
    ],
)
def test_a_model_that_is_not_finite_is_opened_nowhere(home: Path, edit: Edit) -> None:
    bench = open_home(home)
    run_id = bench.resources.runs.chosen(None)
    folder = home / "runs" / run_id / "model"
    rewrite(folder, lambda arrays, manifest: None)
    load_artefact(folder)  # the rewriting itself is no fault
    rewrite(folder, edit)
    with pytest.raises(ModelError, match="not finite"):
        open_home(home).resources.runs.load(run_id)
    with pytest.raises(ModelError, match="not finite"):
        open_home(home).runs.promote(run_id)
    checks = {check.name: check for check in health.examine(open_home(home).settings)}
    assert checks["model"].outcome is health.Outcome.FAIL and "not finite" in checks["model"].detail
    assert checks["verdict"].outcome is health.Outcome.FAIL


def test_a_verdict_that_is_an_error_fails_the_check(home: Path) -> None:
    """Finite weights whose product is not: no array is wrong, and no text can be scored."""
    bench = open_home(home)

    def huge(arrays: dict[str, np.ndarray], _: dict[str, object]) -> None:
        arrays["weight"][:] = np.finfo(np.float32).max

    rewrite(home / "runs" / bench.resources.runs.chosen(None) / "model", huge)
    check = next(check for check in health.examine(open_home(home).settings) if check.name == "verdict")
    assert check.outcome is health.Outcome.FAIL and "None None" not in check.detail and check.hint
