"""A model on disk is believed only when everything about it fits."""

import json
from pathlib import Path

import numpy as np
import pytest

from rebracket_core.errors import ModelError
from rebracket_core.models.artefact import load_artefact, save_artefact


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_artefact(tmp_path / "model", arrays={"weight": np.ones((2, 3), dtype=np.float32)}, manifest={"run_id": "r1"})
    return tmp_path / "model"


def test_round_trip(folder: Path) -> None:
    artefact = load_artefact(folder)
    assert np.array_equal(artefact.arrays["weight"], np.ones((2, 3)))
    assert artefact.manifest["run_id"] == "r1"


def test_a_flipped_byte_is_refused_by_name(folder: Path) -> None:
    path = folder / "model.safetensors"
    blob = bytearray(path.read_bytes())
    blob[-1] ^= 1
    path.write_bytes(blob)
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        load_artefact(folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "other"}, "not a Rebracket model"),
        ({"schema_version": 99}, "another schema"),
        ({"shapes": {"weight": [9, 9]}}, "does not fit"),
    ],
)
def test_a_foreign_manifest_is_refused(folder: Path, change: dict[str, object], says: str) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ModelError, match=says):
        load_artefact(folder)


@pytest.mark.parametrize("name", ["manifest.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        load_artefact(folder)


def test_a_pickle_is_refused(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"\x80\x04\x95")
    with pytest.raises(ModelError, match="cannot be read"):
        load_artefact(folder)
