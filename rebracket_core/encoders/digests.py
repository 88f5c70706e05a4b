"""SHA-256 of large files, paid once: a small file caches each digest while its file stays the same."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from rebracket_core.files import write_json

logger = logging.getLogger(__name__)


def file_digest(path: Path, *, cache: Path) -> str:
    """Return the SHA-256 (64 hex digits) of a file, read from `cache` while size, times and inode are those it was hashed with.

    A cache that is missing, damaged or not writable costs a hash, never an error. Raises: OSError for `path` itself.
    """
    before = _stamp(path)
    entry = _read(cache).get(str(path))
    if isinstance(entry, dict) and entry.get("stamp") == before and _is_digest(entry.get("sha256")):
        return str(entry["sha256"])
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if _stamp(path) == before:
        _note(path, digest, cache=cache, stamp=before)
    return digest


def note_digest(path: Path, digest: str, *, cache: Path) -> None:
    """Note in `cache` that the file, as it is now, has this digest (for a file that was just written)."""
    _note(path, digest, cache=cache, stamp=_stamp(path))


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64


def _read(cache: Path) -> dict[str, Any]:
    try:
        content = json.loads(cache.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _note(path: Path, digest: str, *, cache: Path, stamp: list[int]) -> None:
    entries = {key: value for key, value in _read(cache).items() if Path(key).exists()}
    entries[str(path)] = {"stamp": stamp, "sha256": digest}
    try:
        write_json(cache, dict(sorted(entries.items())))
    except OSError as error:
        logger.warning("The digest of %s cannot be cached in %s: %s", path, cache, error)
