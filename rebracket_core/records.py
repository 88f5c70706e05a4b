r"""Files that only grow, one record a line: what was acknowledged is on the disk and is read back whole.

A record ends at "\n" and at nothing else. A process that is killed, or a full disk, may leave half a line at the end: the
next record begins on a line of its own, and whoever reads skips the half with a warning.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from rebracket_core.files import PRIVATE_FILE, make_folder, put_folder_on_disk

logger = logging.getLogger(__name__)

_MOST_WARNED = 1_000
_warned: set[tuple[str, int]] = set()  # lines that a warning was given of: pages read the same file again and again


def append_records(path: Path, records: Iterable[Mapping[str, Any]], *, lasting: bool) -> None:
    """Add records to a file as JSON, all of them or none, each text kept sign for sign.

    With `lasting` they are on the disk when this returns, so that it may be said that they are kept. Where several processes
    write one file, each holds a lock while it appends. Raises OSError where the disk refuses; then nothing was added.
    """
    append_lines(path, [json.dumps(dict(record)) for record in records], lasting=lasting)


def append_lines(path: Path, lines: Iterable[str], *, lasting: bool = False) -> None:
    """Add lines to a text file (UTF-8), the first one on a line of its own whatever a kill left there. Raises OSError."""
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
    make_folder(path.parent)
    fresh = not path.exists()
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, PRIVATE_FILE), "rb+", buffering=0) as file:
        _append(file, data, lasting=lasting)
    if lasting and fresh:
        put_folder_on_disk(path.parent)


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of a file, oldest first; none where there is no file. Raises OSError for one that cannot be read.

    What is no record (a line that was cut off) is skipped and named in a warning.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    return records_in(data, where=path)


def records_in(data: bytes, *, where: Path) -> list[dict[str, Any]]:
    """The records in the bytes of such a file; `where` is for the warning."""
    found = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            found.append(record)
        else:
            skipped(where, number)
    return found


def skipped(path: Path, number: int) -> None:
    """Warn, once, of a line of a file that holds no record."""
    if (str(path), number) not in _warned and len(_warned) < _MOST_WARNED:
        _warned.add((str(path), number))
        logger.warning("%s: line %d holds no whole record and is skipped; it may have been cut off.", path, number)


def _append(file: IO[bytes], data: bytes, *, lasting: bool) -> None:
    """Write at the end of the file, after a line end where it has none; take back what a refusing disk cut off."""
    size = file.seek(0, os.SEEK_END)
    if size:
        file.seek(size - 1)
        if file.read(1) != b"\n":
            data = b"\n" + data
    written = 0
    try:
        while written < len(data):
            written += file.write(data[written:])
        if lasting:
            os.fsync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            if os.fstat(file.fileno()).st_size == size + written:  # nobody else has written meanwhile
                file.truncate(size)
        raise
