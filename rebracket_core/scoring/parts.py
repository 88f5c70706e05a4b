"""A folder of verdicts in parts: each part is there whole or not at all, and a manifest says what they are."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Protocol, TypedDict

from filelock import FileLock, Timeout

from rebracket_core import __version__
from rebracket_core.errors import ConfigError, DataError, StoreError
from rebracket_core.files import export_bytes, export_file, make_folder, persons_mode
from rebracket_core.reports.verdict_writers import to_arrow, to_csv, to_jsonl, verdict_schema
from rebracket_core.thresholds import Value
from rebracket_core.validation import Verdict

MANIFEST = "manifest.json"
FORMAT = 1
_BLOCK_BYTES = 1 << 20


class PartForm(StrEnum):
    """How the parts are written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Order:
    """What a folder of parts answers: which run, with which thresholds and rules, on which input, cut and written how."""

    run_id: str
    encoder_id: str
    thresholds: dict[str, Value]
    input_digest: str
    input_files: int
    input_bytes: int
    form: PartForm
    rows_per_part: int
    max_text_chars: int
    rules: str
    text_column: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The order as the manifest holds it."""
        return {"format": FORMAT, "rebracket": __version__, **asdict(self), "form": self.form.value}


class OrderOptions(TypedDict, total=False):
    """What may be chosen for the parts of some sources; what is left out has its default.

    `run_id` the production model, `thresholds` the run's own, `form` JSON lines, `rows_per_part` `ROWS_PER_PART`, and
    `text_column` the name of the column of the texts where it has another name.
    """

    run_id: str | None
    thresholds: dict[str, Value] | None
    form: PartForm
    rows_per_part: int
    text_column: str


@dataclass(frozen=True, slots=True)
class Part:
    """A finished part: its place in the input's order, its rows, verdicts by kind, and its bytes and their SHA-256."""

    number: int
    name: str
    rows: int
    counts: dict[str, int]
    size: int
    sha256: str


class Parts:
    """The folder while it is worked on, by one process at a time. Parts may come in any order."""

    def __init__(self, folder: Path, order: Order) -> None:
        self.folder = folder
        self.order = order
        self._parts: dict[int, Part] = {}

    @contextmanager
    def held(self) -> Iterator[Parts]:
        """The folder, made or gone on with. Raises ConfigError for one of another order, StoreError while it is held."""
        make_folder(self.folder, mode=persons_mode(self.folder, folder=True))
        try:
            with FileLock(str(self.folder / ".lock"), timeout=0):
                self._take_up()
                yield self
        except Timeout:
            raise StoreError(
                "Another process writes into this folder.",
                expected="one at a time",
                found=str(self.folder),
                hint="wait for it, or name another folder",
            ) from None

    def has(self, number: int) -> bool:
        """Whether a part is finished."""
        return number in self._parts

    def add(self, part: Part) -> None:
        """Put a finished part into the manifest."""
        self._parts[part.number] = part
        self._write(done=False)

    def close(self) -> None:
        """Mark the manifest as complete."""
        self._write(done=True)

    @property
    def counts(self) -> Counter[str]:
        """The verdicts of all finished parts by kind; what could not be scored counts as "error"."""
        return sum((Counter(part.counts) for part in self._parts.values()), Counter())

    def _take_up(self) -> None:
        for left in self.folder.glob(".*.tmp"):
            left.unlink(missing_ok=True)
        path = self.folder / MANIFEST
        if not path.exists():
            if odd := next((p for p in self.folder.iterdir() if not p.name.startswith(".")), None):
                raise ConfigError(
                    "The folder holds other things.",
                    expected="an empty folder, or one that was begun so",
                    found=odd.name,
                    hint="name a new folder",
                    where=str(self.folder),
                )
            self._write(done=False)
            return
        found = {"text_column": "", **_read(path)}  # folders begun by earlier versions do not name it
        wanted = self.order.to_dict()
        for name, value in wanted.items():
            if found.get(name) != value:
                raise ConfigError(
                    "The folder was begun with something else.",
                    expected=f"{name} {found.get(name)!r}",
                    found=f"{value!r}",
                    hint="ask for the same again, or name a new folder",
                    where=str(self.folder),
                )
        for raw in found["parts"]:
            part = Part(**raw)
            file = self.folder / part.name
            if file.is_file() and file.stat().st_size == part.size:
                self._parts[part.number] = part

    def _write(self, *, done: bool) -> None:
        counts = self.counts
        document = {
            **self.order.to_dict(),
            "done": done,
            "rows": counts.total(),
            "failed": counts["error"],
            "counts": dict(sorted(counts.items())),
            "parts": [asdict(self._parts[k]) for k in sorted(self._parts)],
        }
        export_bytes(self.folder / MANIFEST, json.dumps(document, indent=1, ensure_ascii=False).encode("utf-8"))


def write_part(folder: Path, number: int, *, form: PartForm, chunks: Iterable[Sequence[Verdict]]) -> Part:
    """The part of these verdicts, written as they come; a part that is not finished leaves no file."""
    path = folder / f"part-{number:05d}.{form.value}"
    counts: Counter[str] = Counter()
    with export_file(path) as file:
        sink = _SINKS[form](file)
        for verdicts in chunks:
            counts.update("error" if v.error else str(v.verdict) for v in verdicts)
            sink.put([v.to_dict() for v in verdicts])
        sink.close()
    return Part(number, path.name, counts.total(), dict(sorted(counts.items())), path.stat().st_size, _sha256(path))


class _Sink(Protocol):
    def __init__(self, file: IO[bytes]) -> None: ...
    def put(self, verdicts: list[dict[str, Any]]) -> None: ...
    def close(self) -> None: ...


class _Jsonl:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def put(self, verdicts: list[dict[str, Any]]) -> None:
        self._file.write(to_jsonl(verdicts))

    def close(self) -> None:
        pass


class _Csv:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._first = True

    def put(self, verdicts: list[dict[str, Any]]) -> None:
        self._file.write(to_csv(verdicts, header=self._first))
        self._first = False

    def close(self) -> None:
        pass


class _Parquet:
    def __init__(self, file: IO[bytes]) -> None:
        import pyarrow.parquet as pq

        self._writer = pq.ParquetWriter(file, verdict_schema(), compression="zstd")

    def put(self, verdicts: list[dict[str, Any]]) -> None:
        self._writer.write_table(to_arrow(verdicts))

    def close(self) -> None:
        self._writer.close()


_SINKS: dict[PartForm, type[_Sink]] = {PartForm.JSONL: _Jsonl, PartForm.CSV: _Csv, PartForm.PARQUET: _Parquet}


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found["parts"], list):
            raise TypeError("parts")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            "The manifest cannot be read.",
            expected="a manifest that was written here",
            found=f"{type(error).__name__}: {error}",
            hint="name a new folder",
            where=str(path),
        ) from error
    return found


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
