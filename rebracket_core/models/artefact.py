"""A run's model on disk: safetensors for arrays, a JSON manifest for the rest, each checked before it is believed."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rebracket_core.errors import ModelError
from rebracket_core.files import make_folder, write_bytes, write_json

SCHEMA_VERSION = 1
KIND = "rebracket-model"
_ARRAYS = "model.safetensors"
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Artefact:
    """What a model folder holds: named float32 arrays and the manifest's plain values."""

    arrays: dict[str, np.ndarray]
    manifest: dict[str, Any]


def save_artefact(folder: Path, *, arrays: dict[str, np.ndarray], manifest: dict[str, Any]) -> None:
    """Write a model folder, arrays first; the manifest, which carries their sha256, makes it complete."""
    from safetensors.numpy import save

    make_folder(folder)
    blob = save({name: np.ascontiguousarray(value) for name, value in arrays.items()})
    write_bytes(folder / _ARRAYS, blob)
    full = {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "arrays_sha256": hashlib.sha256(blob).hexdigest(),
        "shapes": {name: list(value.shape) for name, value in arrays.items()},
        **manifest,
    }
    write_json(folder / _MANIFEST, full)


def load_artefact(folder: Path) -> Artefact:
    """The model of a folder, or a ModelError naming the file that is missing, damaged, foreign or of another schema."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    manifest = load_manifest(folder)
    path = folder / _ARRAYS
    blob = _read(path)
    digest = hashlib.sha256(blob).hexdigest()
    if digest != manifest["arrays_sha256"]:
        raise ModelError(
            "The model file is damaged or was changed.",
            expected=f"sha256 {manifest['arrays_sha256']}",
            found=f"sha256 {digest}",
            hint="train again or restore the run folder",
            where=str(path),
        )
    try:
        arrays = load(blob)
    except (SafetensorError, ValueError) as cause:
        raise ModelError(
            "The model file is no safetensors file.",
            expected="safetensors",
            found=str(cause),
            hint="train again or restore the run folder",
            where=str(path),
        ) from cause
    shapes = {name: list(value.shape) for name, value in arrays.items()}
    if shapes != manifest["shapes"]:
        raise ModelError(
            "The model file does not fit its manifest.",
            expected=str(manifest["shapes"]),
            found=str(shapes),
            hint="train again or restore the run folder",
            where=str(path),
        )
    _check_finite(arrays, manifest, path=path)
    return Artefact(arrays=arrays, manifest=manifest)


def _check_finite(arrays: dict[str, np.ndarray], manifest: dict[str, Any], *, path: Path) -> None:
    """Raise ModelError for NaN or infinity in an array, the recipe or the calibration: no score can be made of them."""
    wrong = [name for name, value in arrays.items() if value.dtype.kind == "f" and not np.isfinite(value).all()]
    wrong += [name for name in ("recipe", "calibration") if not _all_finite(manifest.get(name))]
    if wrong:
        raise ModelError(
            "The model holds numbers that are not finite.",
            expected="finite numbers alone",
            found=f"NaN or infinity in {', '.join(wrong[:5])}",
            hint="train again, or restore the run folder from a copy",
            where=str(path),
        )


def _all_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(map(_all_finite, parts))


def load_manifest(folder: Path) -> dict[str, Any]:
    """The manifest alone, checked for kind and schema; arrays are not read.

    Raises ModelError where it cannot be read or is of another kind or version.
    """
    path = folder / _MANIFEST
    try:
        manifest = json.loads(_read(path).decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as cause:
        raise ModelError(
            "The manifest cannot be read.",
            expected="a JSON document",
            found=str(cause),
            hint="train again or restore the run folder",
            where=str(path),
        ) from cause
    return _checked_manifest(manifest, path=path)


def _checked_manifest(manifest: Any, *, path: Path) -> dict[str, Any]:
    """The manifest, where it is of this kind and schema and names the arrays; else a ModelError about the file at `path`."""
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise ModelError(
            "This is not a Rebracket model.",
            expected=f'a manifest with kind "{KIND}"',
            found=repr(manifest.get("kind") if isinstance(manifest, dict) else type(manifest).__name__),
            hint="point to a folder that Rebracket wrote",
            where=str(path),
        )
    if manifest.get("schema_version") != SCHEMA_VERSION:
        raise ModelError(
            "The model has another schema.",
            expected=f"schema version {SCHEMA_VERSION}",
            found=str(manifest.get("schema_version")),
            hint="train again with this version",
            where=str(path),
        )
    missing = sorted({"arrays_sha256", "shapes"} - set(manifest))
    if missing:
        raise ModelError(
            "The manifest is incomplete.",
            expected="arrays_sha256 and shapes",
            found=f"no {', '.join(missing)}",
            hint="train again or restore the run folder",
            where=str(path),
        )
    return manifest


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as cause:
        raise ModelError(
            "A file of the model cannot be read.",
            expected=path.name,
            found=cause.strerror or str(cause),
            hint="train again or restore the run folder",
            where=str(path),
        ) from cause
