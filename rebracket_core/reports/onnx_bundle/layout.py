"""What lies in an exported folder: four files and a manifest that holds the sha256 of each.

manifest.json            what this is: run, precision, facts of the encoder, what was checked; its own digest too
encoder.onnx             token ids and mask in, unit vectors out
tokenizer.json           texts into token ids
model/manifest.json      the run's own: recipe of the features, calibration, thresholds, what it was trained on
model/model.safetensors  the run's own: the heads of all members, the out-of-distribution detector
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from rebracket_core.encoders.onnx import EncoderFacts
from rebracket_core.errors import InputError, ModelError, StoreError
from rebracket_core.files import give_to_person, make_folder, persons_mode, put_folder_on_disk, put_tree_on_disk, write_json

KIND = "rebracket-exported-run"
SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
GRAPH = "encoder.onnx"
TOKENIZER = "tokenizer.json"
MODEL = "model"
FILES = (GRAPH, TOKENIZER, f"{MODEL}/manifest.json", f"{MODEL}/model.safetensors")
_AGAIN = "export the run again"


class Precision(StrEnum):
    """How the weights of the graph are kept. Only float32 gives the verdicts of the run itself."""

    FLOAT32 = "float32"
    BF16 = "bf16"
    INT8 = "int8"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder says of itself: the sha256 of each file, and `check`, what was measured when it was written."""

    run_id: str
    precision: Precision
    encoder: EncoderFacts
    files: Mapping[str, str]
    check: Mapping[str, Any]

    @property
    def encoder_id(self) -> str:
        """Everything that changes a vector of this folder."""
        return (
            f"onnx folder|{self.precision}|graph {self.files[GRAPH][:16]}|tokenizer {self.files[TOKENIZER][:16]}"
            f"|window {self.encoder.window}|overlap {self.encoder.overlap}"
        )


def refuse_taken(to: Path) -> None:
    """Raise InputError where something lies at `to` already."""
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise InputError(
            "The folder is taken.",
            expected="a folder that is not there yet, or an empty one",
            found=str(to),
            hint="name another folder, or take this one away",
        )


def write_folder(
    to: Path, *, graph: bytes, tokenizer: bytes, model: Path, run_id: str, precision: Precision, encoder: EncoderFacts
) -> Path:
    """A new folder beside `to` with the files of an export, not yet with a manifest: `finish` moves it onto its place.

    `model` is the run's own model folder. Raises InputError where `to` is taken, StoreError where it cannot be written.
    """
    refuse_taken(to)
    room: Path | None = None
    try:
        make_folder(to.parent, mode=persons_mode(to.parent, folder=True))
        room = Path(tempfile.mkdtemp(dir=to.parent, prefix=f".{to.name}."))
        (room / MODEL).mkdir()
        (room / GRAPH).write_bytes(graph)
        (room / TOKENIZER).write_bytes(tokenizer)
        for name in ("manifest.json", "model.safetensors"):
            shutil.copyfile(model / name, room / MODEL / name)
        write_manifest(room, Manifest(run_id, precision, encoder, {n: _sha256(room / n) for n in FILES}, check={}))
    except OSError as cause:
        if room is not None:
            shutil.rmtree(room, ignore_errors=True)
        raise unwritable(to, cause) from cause
    return room


def replace_graph(room: Path, graph: bytes, *, precision: Precision, encoder: EncoderFacts) -> None:
    """Put another graph in the place of the one in a folder that is being written."""
    manifest = read_manifest(room)
    try:
        (room / GRAPH).write_bytes(graph)
        files = {**manifest.files, GRAPH: _sha256(room / GRAPH)}
        write_manifest(room, replace(manifest, precision=precision, encoder=encoder, files=files))
    except OSError as cause:
        raise unwritable(room, cause) from cause


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest of a folder in its place, with its own digest."""
    raw: dict[str, Any] = {"kind": KIND, "schema_version": SCHEMA_VERSION, **asdict(manifest)}
    write_json(folder / MANIFEST, {**raw, "sha256": _digest(raw)})


def finish(room: Path, *, to: Path) -> Path:
    """The folder in its place, with the modes that the person's umask leaves.

    Raises InputError where another export was quicker, StoreError where it cannot be moved there.
    """
    try:
        give_to_person(room, place=to)
        put_tree_on_disk(room)
        os.replace(room, to)  # onto nothing, or an empty folder
        put_folder_on_disk(to.parent)
    except OSError as cause:
        refuse_taken(to)
        raise unwritable(to, cause) from cause
    return to


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder whose files are all there and as they were written; a ModelError names the one that is not."""
    raw = _raw(folder)
    try:
        manifest = Manifest(
            run_id=str(raw["run_id"]),
            precision=Precision(raw["precision"]),
            encoder=EncoderFacts.from_dict(raw["encoder"]),
            files={n: str(raw["files"][n]) for n in FILES},
            check=dict(raw["check"]),
        )
    except (KeyError, TypeError, ValueError) as cause:
        raise _refused(
            "The manifest is incomplete.",
            expected="run_id, precision, encoder, files and check",
            found=f"{type(cause).__name__}: {cause}",
            where=folder / MANIFEST,
        ) from cause
    for name, digest in manifest.files.items():
        try:
            found = _sha256(folder / name)
        except OSError as cause:
            raise _refused(
                f"{name} of the exported run cannot be read.",
                expected=name,
                found=cause.strerror or str(cause),
                where=folder / name,
            ) from cause
        if found != digest:
            raise _refused(
                f"{name} of the exported run is damaged or was changed.",
                expected=f"sha256 {digest}",
                found=f"sha256 {found}",
                where=folder / name,
            )
    return manifest


def unwritable(to: Path, cause: OSError) -> StoreError:
    """The error for a folder that cannot be written."""
    return StoreError(
        "The exported run cannot be written.",
        expected="a writable folder with room for it",
        found=cause.strerror or str(cause),
        hint="check the free space and the rights, then export it again",
        where=str(to),
    )


def _raw(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        raw = json.loads(path.read_bytes())
    except OSError as cause:
        raise _refused(
            "This is no exported run.",
            expected=f"a folder with {MANIFEST}",
            found=cause.strerror or str(cause),
            where=path,
            hint="name a folder that export-onnx wrote",
        ) from cause
    except ValueError as cause:
        raise _refused("The manifest cannot be read.", expected="a JSON document", found=str(cause), where=path) from cause
    kind = raw.get("kind") if isinstance(raw, dict) else type(raw).__name__
    if kind != KIND:
        raise _refused(
            "This is no exported run.",
            expected=f'a manifest with kind "{KIND}"',
            found=repr(kind),
            where=path,
            hint="name a folder that export-onnx wrote",
        )
    if raw.get("schema_version") != SCHEMA_VERSION:
        raise _refused(
            "The exported run has another schema.",
            expected=f"schema version {SCHEMA_VERSION}",
            found=str(raw.get("schema_version")),
            where=path,
            hint="export it again with this version",
        )
    if raw.pop("sha256", None) != _digest(raw):
        raise _refused(
            f"{MANIFEST} of the exported run is damaged or was changed.",
            expected="content that fits its sha256",
            found="other content",
            where=path,
        )
    return dict(raw)


def _digest(raw: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(raw, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refused(message: str, *, expected: str, found: str, where: Path, hint: str = _AGAIN) -> ModelError:
    return ModelError(message, expected=expected, found=found, where=str(where), hint=hint)
