"""The library of imported data sets: one folder each, rows as Parquet, what is known of them as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rebracket_core.corpus.fields import TEXT_FIELDS
from rebracket_core.corpus.row_vectors import FieldVectors, VectorsMeta, read_vectors_file, to_arrays
from rebracket_core.corpus.schema import (
    COLUMNS,
    HAS_ANY_TYPE,
    Dataset,
    DatasetMeta,
    ReadReport,
    Skip,
    frame_digest,
    make_frame,
    rows_of,
)
from rebracket_core.errors import DataError, InputError, StoreError
from rebracket_core.files import ARCHIVED, atomic_file, is_archived, new_folder, remove_folder, write_json
from rebracket_core.rainbow import AXIS_NAMES

META_FILE = "meta.json"
_ROWS_AT_ONCE, _CHARS_AT_ONCE = 100_000, 16_000_000
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]|\.(?!\.)){0,62}(?<!\.)")
_LISTS = {
    **{axis: pa.list_(pa.float64()) for axis in AXIS_NAMES},
    **{f"{axis}_stated": pa.list_(pa.string()) for axis in AXIS_NAMES},
    "types": pa.list_(pa.string()),
    HAS_ANY_TYPE: pa.bool_(),
}
_SCHEMA = pa.schema(
    [(name, pa.float64() if name in ("weight", "confidence") else _LISTS.get(name, pa.string())) for name in COLUMNS]
)


def slug(text: str) -> str:
    """A name for a data set made from any text: lower case letters, digits and "-", at most 63; "data" for nothing."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:63].strip("-") or "data"


def join_datasets(parts: Sequence[Dataset]) -> Dataset:
    """The rows of several data sets as one, named "a+b"; nothing is written.

    Row ids are led by their data set's name; groups keep theirs, so that a song that stands in two sets stays one group.
    """
    names = [part.name for part in parts]
    if len(set(names)) < len(names):
        raise InputError(
            "A data set is named twice.", expected="different data sets", found="+".join(names), hint="name each once"
        )
    frames = [part.frame.assign(row_id=[f"{part.name}/{i}" for i in part.frame["row_id"]]) for part in parts]
    rows = pd.concat(frames, ignore_index=True)
    taken = sum(part.meta.report.taken for part in parts)
    report = ReadReport(taken, tuple(s for part in parts for s in part.meta.report.skipped))
    name = "+".join(names)
    return Dataset(name, rows, _describe(rows, name=name, source=name, report=report))


def _describe(
    rows: pd.DataFrame, *, name: str, source: str, report: ReadReport, vectors: Sequence[FieldVectors] = ()
) -> DatasetMeta:
    return DatasetMeta(
        name=name,
        digest=frame_digest(rows),
        n_rows=len(rows),
        n_groups=rows["group_id"].nunique(),
        origins=tuple(sorted(set(rows["origin"]))),
        imported_at=datetime.now(UTC).isoformat(timespec="seconds"),
        source=source,
        report=report,
        n_albums=len({album for album in rows["album"] if album}),
        vectors=tuple(found.describe() for found in vectors),
    )


class Library:
    """The data sets below one folder. Each write is a temporary file and a rename; each load checks the digest."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def add(
        self, frame: pd.DataFrame, *, name: str, source: str, report: ReadReport, vectors: Sequence[FieldVectors] = ()
    ) -> Dataset:
        """The data set, now kept under the name. The same rows under the same name are kept once.

        `vectors` are kept with the rows; where these are there already without any, the vectors are added to them.

        Of two processes that import under one name at once, one keeps its rows; the other finds the name taken. Raises
        InputError for a bad name, DataError for an empty frame or a name that other rows have, StoreError where the disk
        refuses.
        """
        home = self._home(name)
        if frame.empty:
            raise DataError("The data set is empty.", expected="at least one row", found="none", hint="read another source")
        checked = make_frame(rows_of(frame))
        meta = _describe(checked, name=name, source=source, report=report, vectors=vectors)
        if (home / META_FILE).exists():
            return self._known(meta, vectors)
        try:
            self._write(home, frame=checked, meta=meta, vectors=vectors)
        except FileExistsError:  # another import of this name was quicker
            return self._known(meta, vectors)
        return Dataset(name, checked, meta)

    def names(self) -> list[str]:
        """The names of the data sets that are not archived, in alphabetical order."""
        return [name for name in self.every_name() if not is_archived(self.folder / name)]

    def every_name(self) -> list[str]:
        """The names of all data sets, archived ones too, in alphabetical order."""
        if not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if _SLUG.fullmatch(p.name) and (p / META_FILE).is_file())

    def meta(self, name: str) -> DatasetMeta:
        """What is known of a data set. Raises DataError for an unknown name, StoreError for a damaged description."""
        path = self._home(name) / META_FILE
        try:
            return _meta_of(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise DataError(
                "There is no such data set.",
                expected=f"one of {', '.join(self.names()) or '(none yet)'}",
                found=repr(name),
                hint="import it first",
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                "The description of a data set is damaged.",
                expected="its meta.json",
                found=str(error)[:200],
                hint="remove the data set and import it again",
                where=str(path),
            ) from error

    def load(self, name: str) -> Dataset:
        """The data set with its rows. Raises DataError for an unknown name, StoreError where the rows have changed."""
        meta = self.meta(name)
        path = self._home(name) / _rows_file(meta.digest)
        try:
            frame = make_frame(pq.read_table(path).to_pylist())
        except (OSError, pa.ArrowException, DataError) as error:
            self.meta(name)  # a data set that was deleted meanwhile is not damaged but unknown
            raise StoreError(
                "The rows of a data set cannot be read.",
                expected=path.name,
                found=str(error)[:200],
                hint="remove the data set and import it again",
                where=str(path),
            ) from error
        digest = frame_digest(frame)
        if digest != meta.digest:
            raise StoreError(
                "The rows of a data set were changed.",
                expected=f"digest {meta.digest[:12]}",
                found=digest[:12],
                hint="remove the data set and import it again",
                where=str(path),
            )
        return Dataset(name, frame, meta)

    def vectors(self, name: str) -> tuple[FieldVectors, ...]:
        """The vectors that came with a data set's texts, () where none were taken.

        Raises DataError for an unknown name, StoreError where the file is damaged.
        """
        known = self.meta(name).own_vectors
        return read_vectors_file(self._home(name) / _vectors_file(known), known) if known else ()

    def joined(self, name: str) -> Dataset:
        """One data set, or the rows of several: "songs+proposals". Raises as `load` does."""
        parts = [self.load(part.strip()) for part in name.split("+")]
        return parts[0] if len(parts) == 1 else join_datasets(parts)

    def require(self, name: str) -> None:
        """Raise as `meta` does where a data set, or one of several ("songs+proposals"), is not there."""
        for part in name.split("+"):
            self.meta(part.strip())

    def remove(self, name: str) -> None:
        """Remove a data set. Raises DataError for an unknown name, StoreError where the disk refuses."""
        home = self._home(name)
        if not home.is_dir():
            raise DataError(
                "There is no such data set.",
                expected=f"one of {', '.join(self.names()) or '(none yet)'}",
                found=repr(name),
                hint="check the name",
            )
        try:
            remove_folder(home)
        except OSError as error:
            raise StoreError(
                "The data set cannot be removed.",
                expected="a writable folder",
                found=str(error),
                hint="check its rights",
                where=str(home),
            ) from error

    def _home(self, name: str) -> Path:
        if not isinstance(name, str) or not _SLUG.fullmatch(name):
            raise InputError(
                "This is no name for a data set.",
                expected="lower case letters, digits, '-', '_' and '.', at most 63",
                found=repr(name)[:100],
                hint=f"try {slug(str(name))!r}",
            )
        return self.folder / name

    def _known(self, meta: DatasetMeta, vectors: Sequence[FieldVectors]) -> Dataset:
        """The data set that has the name, where its rows and vectors are these; else a DataError."""
        name, home = meta.name, self._home(meta.name)
        if not (home / META_FILE).is_file():
            raise DataError(
                "The name is taken by a folder that is no data set.",
                expected="a new name",
                found=str(home),
                hint="choose another name, or move that folder away",
            )
        there = self.meta(name)
        own, new = there.own_vectors, meta.own_vectors
        if there.digest == meta.digest and (not own or not new or _digests(own) == _digests(new)):
            (home / ARCHIVED).unlink(missing_ok=True)  # it is wanted again
            if new and not own:
                self._write_vectors(home, meta=replace(there, vectors=meta.vectors), vectors=vectors)
            return self.load(name)
        what = "rows" if there.digest != meta.digest else "vectors"
        raise DataError(
            f"There is a data set of this name with other {what}.",
            expected="a new name",
            found=repr(name),
            hint="choose another name, or remove the old one first",
        )

    def _write_vectors(self, home: Path, *, meta: DatasetMeta, vectors: Sequence[FieldVectors]) -> None:
        """Write the vectors of a data set, and then the description that names them."""
        if meta.own_vectors:
            with atomic_file(home / _vectors_file(meta.own_vectors)) as file:
                np.savez(file, **to_arrays(vectors))  # type: ignore[arg-type]  # the stub takes its options for arrays
        write_json(home / META_FILE, meta.to_dict())

    def _write(self, home: Path, *, frame: pd.DataFrame, meta: DatasetMeta, vectors: Sequence[FieldVectors]) -> None:
        try:
            with new_folder(home, is_left_over=_is_left_over) as room:
                with atomic_file(room / _rows_file(meta.digest)) as file, pq.ParquetWriter(file, _SCHEMA) as writer:
                    for rows in _pieces(frame):
                        writer.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))
                self._write_vectors(room, meta=meta, vectors=vectors)
        except FileExistsError:
            raise
        except (OSError, pa.ArrowException, UnicodeEncodeError) as error:
            raise StoreError(
                "The data set cannot be kept.",
                expected="a writable folder",
                found=str(error)[:200],
                hint="check the disk and its rights",
                where=str(home),
            ) from error


def _pieces(frame: pd.DataFrame) -> Iterator[list[dict[str, Any]]]:
    """The rows in pieces that are written at once; there is always one."""
    sizes = sum((frame[name].map(len) for name in TEXT_FIELDS), start=pd.Series(0, index=frame.index)).tolist()
    start = chars = 0
    for end, size in enumerate(sizes):
        if end > start and (end - start >= _ROWS_AT_ONCE or chars + size > _CHARS_AT_ONCE):
            yield list(rows_of(frame.iloc[start:end]))
            start, chars = end, 0
        chars += size
    yield list(rows_of(frame.iloc[start:]))


def _is_left_over(home: Path) -> bool:
    """Whether a folder is what an import or a removal of an earlier version left when it was killed: rows at most."""
    names = r"rows-[0-9a-f]+\.parquet|vectors-[0-9a-f]+\.npz|\..*\.tmp"
    return all(re.fullmatch(names, path.name) for path in home.iterdir())


def _rows_file(digest: str) -> str:
    return f"rows-{digest[:16]}.parquet"


def _vectors_file(known: Sequence[VectorsMeta]) -> str:
    return f"vectors-{hashlib.sha256(''.join(_digests(known)).encode()).hexdigest()[:16]}.npz"


def _digests(known: Sequence[VectorsMeta]) -> list[str]:
    return [found.digest for found in known]


def _meta_of(raw: Mapping[str, Any]) -> DatasetMeta:
    report = raw["report"]
    skipped = tuple(Skip(s["where"], s["reason"], s.get("hint", "")) for s in report["skipped"])
    return DatasetMeta(
        name=str(raw["name"]),
        digest=str(raw["digest"]),
        n_rows=int(raw["n_rows"]),
        n_groups=int(raw["n_groups"]),
        origins=tuple(raw["origins"]),
        imported_at=str(raw["imported_at"]),
        source=str(raw["source"]),
        report=ReadReport(int(report["taken"]), skipped, tuple(report["notes"])),
        n_albums=int(raw.get("n_albums", 0)),
        vectors=tuple(VectorsMeta.from_dict(found) for found in raw.get("vectors", ())),
    )
