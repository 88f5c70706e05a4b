"""A run as one file, to hand to another home: a ZIP archive with the sha256 of every part, checked before anything is kept.

A digest shows damage and change on the way; it does not say who made the file. So what is taken in is also limited to the
parts that a run has, none of which is ever executed: JSON, Parquet, safetensors and plain text.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from rebracket_core.corpus import Limits
from rebracket_core.corpus.sources import FileSource, source_of_bytes, source_of_path
from rebracket_core.errors import DataError, ModelError, RebracketError, StoreError
from rebracket_core.files import export_file, make_folder, new_folder, write_bytes, write_json
from rebracket_core.jobs import RESULT, Status
from rebracket_core.models import load_artefact
from rebracket_core.runs.notes import NOTE_FILE, note_of
from rebracket_core.stats import OUT_OF_FOLD_ROWS_FILE, PREDICTIONS_FILE, read_out_of_fold_predictions, read_out_of_fold_rows
from rebracket_core.training import Evaluation
from rebracket_core.validation import ConceptModel

DIGESTS = "digests.json"
KIND = "rebracket-run"
SCHEMA_VERSION = 1
_NEEDED = ("spec.json", "evaluation.json", "model/manifest.json", "model/model.safetensors")
_OPTIONAL = (OUT_OF_FOLD_ROWS_FILE, PREDICTIONS_FILE, NOTE_FILE)
_MODEL_FILE = re.compile(r"model/(?:[\w-][\w.-]*/)?[\w-][\w.-]*\.(?:json|safetensors|txt|model)")
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_MIB = 1024 * 1024
LIMITS = Limits(max_file_bytes=1024 * _MIB, max_files=64, max_depth=2, max_expanded_bytes=2048 * _MIB)
_MOMENT = (1980, 1, 1, 0, 0, 0)  # so that the same run gives the same bytes


def pack_run(folder: Path, *, to: IO[bytes]) -> None:
    """Write the run as one archive: spec, evaluation, held-out rows, note, model and the digests of all. Checkpoints stay."""
    parts = {name: _part(folder / name) for name in _names(folder)}
    digests = {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "run_id": folder.name,
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()},
    }
    parts[DIGESTS] = json.dumps(digests, indent=1).encode("utf-8")
    with zipfile.ZipFile(to, "w") as archive:
        for name in (DIGESTS, *sorted(parts.keys() - {DIGESTS})):
            # Weights hardly shrink, and time spent on them is lost.
            method = zipfile.ZIP_STORED if name.endswith((".safetensors", ".parquet")) else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, date_time=_MOMENT), parts[name], compress_type=method)


def export_run(folder: Path, *, to: Path) -> Path:
    """The file that holds the run now; whole or not at all."""
    with export_file(to) as file:
        pack_run(folder, to=file)
    return to


def import_run(source: Path | bytes, *, runs: Path, name: str = "run.zip") -> str:
    """The id of the run, now below `runs`; a run that is there already with the same content stays as it is.

    Everything is read and checked first, unpacked beside its place and then moved onto it. Raises DataError for a file that
    is no run, was altered, or holds what does not belong to a run; ModelError for a model that cannot be used or an id that
    another run has here; StoreError where it cannot be written.
    """
    where = source.name if isinstance(source, Path) else name
    files = source_of_path(source, limits=LIMITS) if isinstance(source, Path) else source_of_bytes(name, source, limits=LIMITS)
    run_id, parts = _verified(files, where=where)
    place = runs / run_id
    if place.exists():
        _same_or_refused(place, parts)
        return run_id
    try:
        with new_folder(place) as room:
            _unpack(room, parts)
            _check_whole(room, where=where)
    except FileExistsError:  # another import of this run was quicker
        _same_or_refused(place, parts)
    except OSError as cause:
        raise StoreError(
            "The run cannot be written.",
            expected="a writable folder with room for it",
            found=cause.strerror or str(cause),
            hint="check the free space and the rights, then import it again",
            where=str(runs),
        ) from cause
    return run_id


def _names(folder: Path) -> list[str]:
    model = sorted(p.relative_to(folder).as_posix() for p in (folder / "model").rglob("*") if p.is_file())
    extra = [name for name in _OPTIONAL if (folder / name).is_file()]
    return [*dict.fromkeys([*_NEEDED, *extra, *(name for name in model if _MODEL_FILE.fullmatch(name))])]


def _part(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as cause:
        raise ModelError(
            "The run is not whole, so it cannot be handed on.",
            expected=path.name,
            found=cause.strerror or str(cause),
            hint="hand on a finished run",
            where=str(path),
        ) from cause


def _verified(files: FileSource, *, where: str) -> tuple[str, dict[str, bytes]]:
    """The run's id and its parts by name, each as its digest says."""
    names = [entry.name for entry in files.entries]
    head = next((entry for entry in files.entries if entry.name == DIGESTS), None)
    if head is None:
        raise _refused(
            "This is no exported run.",
            expected=f"a ZIP file with {DIGESTS}",
            found=", ".join(names[:5]) or "nothing",
            where=where,
        )
    run_id, sha256 = _digests(head.read(_MIB), where=where)
    if len(set(names)) != len(names):
        raise _refused(
            "A file stands twice in the archive.",
            expected="each name once",
            found=next(n for n in names if names.count(n) > 1),
            where=where,
        )
    foreign = sorted(set(names) - set(sha256) - {DIGESTS})
    missing = sorted({*sha256, *_NEEDED} - set(names))
    if foreign or missing:
        problems = [f"{n} is foreign" for n in foreign[:5]] + [f"{n} is missing" for n in missing[:5]]
        raise _refused(
            "The file does not hold what its digests name.",
            expected=", ".join(sorted(sha256)),
            found="; ".join(problems),
            where=where,
        )
    parts = {entry.name: entry.read(LIMITS.max_file_bytes) for entry in files.entries if entry.name != DIGESTS}
    for name, data in parts.items():
        found = hashlib.sha256(data).hexdigest()
        if found != sha256[name]:
            raise _refused(
                "A part of the run was altered or damaged.",
                expected=f"sha256 {sha256[name][:16]}…",
                found=f"{found[:16]}…",
                where=f"{where}: {name}",
            )
    return run_id, parts


def _digests(data: bytes, *, where: str) -> tuple[str, dict[str, str]]:
    try:
        raw: Any = json.loads(data.decode("utf-8"))
        kind, schema, run_id, sha256 = raw["kind"], raw["schema_version"], str(raw["run_id"]), dict(raw["sha256"])
    except (ValueError, KeyError, TypeError, RecursionError) as cause:
        raise _refused(
            "The digests of the run cannot be read.",
            expected="kind, schema_version, run_id and sha256",
            found=f"{type(cause).__name__}: {cause}"[:200],
            where=where,
        ) from cause
    if kind != KIND or schema != SCHEMA_VERSION:
        raise _refused(
            "This is no run that this version can read.",
            expected=f"{KIND}, schema {SCHEMA_VERSION}",
            found=f"{kind}, schema {schema}"[:200],
            where=where,
        )
    if not _RUN_ID.fullmatch(run_id):
        raise _refused(
            "The run's id is not allowed.", expected="letters, digits and . _ -", found=repr(run_id[:80]), where=where
        )
    allowed = (*_NEEDED, *_OPTIONAL)
    odd = [str(n) for n in sha256 if str(n) not in allowed and not _MODEL_FILE.fullmatch(str(n))]
    if odd:
        raise _refused(
            "The file holds what does not belong to a run.",
            expected=", ".join((*allowed, "model/…")),
            found=", ".join(map(repr, odd[:5])),
            where=where,
        )
    return run_id, {str(n): str(v) for n, v in sha256.items()}


def _unpack(folder: Path, parts: Mapping[str, bytes]) -> None:
    for name, data in parts.items():
        write_bytes(folder / name, data)
    attempt = make_folder(folder / "attempts" / "0001")
    write_json(attempt / RESULT, {"status": Status.DONE, "imported": True})


def _check_whole(folder: Path, *, where: str) -> None:
    """Raise where the parts are not those of one run that can be used."""
    try:
        spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
        model = ConceptModel.from_artefact(load_artefact(folder / "model"))
        evaluation = Evaluation.from_dict(json.loads((folder / "evaluation.json").read_text(encoding="utf-8")))
        ids = {"spec.json": str(spec["run_id"]), "model": model.run_id, "evaluation.json": evaluation.run_id}
        if (folder / OUT_OF_FOLD_ROWS_FILE).is_file():
            read_out_of_fold_rows(folder)
        read_out_of_fold_predictions(folder)
        if (folder / NOTE_FILE).is_file():
            note_of((folder / NOTE_FILE).read_bytes())
    except RebracketError as cause:
        # The place that it names is one that is gone by now; the file is what people have.
        raise type(cause)(
            cause.message, expected=cause.expected, found=cause.found, hint="export the run again", where=where
        ) from cause
    except (ValueError, KeyError, TypeError, RecursionError) as cause:
        raise _refused(
            "A part of the run cannot be read.",
            expected="spec, evaluation, model and note of one run",
            found=f"{type(cause).__name__}: {cause}"[:200],
            where=where,
        ) from cause
    differing = [f"{part} says {run_id}" for part, run_id in ids.items() if run_id != folder.name]
    if differing:
        raise _refused("The parts are of different runs.", expected=folder.name, found="; ".join(differing), where=where)


def _same_or_refused(place: Path, parts: Mapping[str, bytes]) -> None:
    """Raise ModelError where the run of this id differs. Its note may: people write on, here and there."""
    differing = [
        name
        for name, data in sorted(parts.items())
        if name != NOTE_FILE and (not (place / name).is_file() or (place / name).read_bytes() != data)
    ]
    if differing:
        raise ModelError(
            "There is another run of this id.",
            expected="the same content, or an id that is not taken",
            found=f"other content in {', '.join(differing[:5])}",
            hint="keep the run that is here, or import into another home",
            where=place.name,
        )


def _refused(message: str, *, expected: str, found: str, where: str) -> DataError:
    hint = "export the run again and import that file"
    return DataError(message, expected=expected, found=found[:300], hint=hint, where=where)
