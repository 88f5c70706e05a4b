"""The fingerprint of sources, by which one sees that they are the same as before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rebracket_core.corpus.limits import Limits
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.reading import path_source
from rebracket_core.errors import DataError

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceFingerprint:
    """What some sources are: how many files and bytes, and a SHA-256 of all names and contents."""

    files: int
    size: int
    digest: str


def fingerprint_of(sources: Sequence[Path | str]) -> SourceFingerprint:
    """The fingerprint of files and folders, by which one sees that they are the same as before."""
    total, files, size = hashlib.sha256(), 0, 0
    for source in sources:
        path = Path(source)
        opened = path_source(source, limits=Limits())
        entries = opened.entries if path.is_dir() else (Entry(path.name, path=path),)
        for entry in entries:
            content, length = _digest(entry.path or path)
            total.update(f"{entry.name}\0{length}\0{content}\n".encode("utf-8", "surrogatepass"))
            files, size = files + 1, size + length
    return SourceFingerprint(files, size, total.hexdigest())


def _digest(path: Path) -> tuple[str, int]:
    found, size = hashlib.sha256(), 0
    for block in _blocks(path):
        found.update(block)
        size += len(block)
    return found.hexdigest(), size


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block
    except OSError as error:
        raise DataError(
            "The file cannot be read.",
            expected="a readable file",
            found=str(error)[:200],
            hint="check its rights",
            where=str(path),
        ) from error
