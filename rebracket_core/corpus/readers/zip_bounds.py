"""ZIP archives, looked at before they are opened: what stands in a header is a claim, and some claims are traps.

The list of files at the archive's end can name a million entries in a few megabytes, several entries can share the same
bytes, and a list of the 64-bit form can contradict the plain one. Each is refused before a file is read.
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from contextlib import nullcontext
from pathlib import Path

from rebracket_core.errors import DataError

ZIP_ERRORS = (
    OSError,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    OverflowError,
)
"""What `zipfile` raises for a damaged or made-up archive."""
MAX_NAME_CHARS = 1_000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_END, _LOCATOR, _END64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
_END_BYTES, _LOCATOR_BYTES, _TAIL_BYTES = 22, 20, 22 + 65_535
_LOCAL_BYTES = 30
_ENTRY_BYTES = 512  # a name and its fields, on average; more is no list of files for people
_MIN_TOTAL_BYTES = 1024 * 1024


def open_zip(source: Path | io.BytesIO, *, name: str, max_files: int) -> zipfile.ZipFile:
    """The opened archive, its list of files checked. Raises DataError, naming the archive and the bound, otherwise."""
    try:
        _check_list(source, name=name, max_files=max_files)
        archive = zipfile.ZipFile(source)
    except ZIP_ERRORS as error:
        raise _refused(
            "The archive cannot be opened.",
            expected="a whole ZIP file",
            found=str(error)[:200] or "a damaged one",
            hint="pack it again",
            name=name,
        ) from error
    members = archive.infolist()
    if len(members) > max_files:
        raise _too_many(str(len(members)), name=name, max_files=max_files)
    _check_overlaps(members, name=name)
    return archive


def check_growth(members: list[zipfile.ZipInfo], *, size: int, max_bytes: int, max_ratio: float, name: str) -> None:
    """Refuse (DataError) an archive of `size` bytes whose files come to more than `max_bytes`, or to `max_ratio` times it.

    No file gives more than its header says: what is read stops there.
    """
    total = sum(member.file_size for member in members)
    if total > max_bytes:
        raise _refused(
            "The archive grows too large.",
            expected=f"at most {max_bytes} bytes",
            found=str(total),
            hint="pack fewer files",
            name=name,
        )
    if total > _MIN_TOTAL_BYTES and total > max_ratio * max(1, size):
        raise _refused(
            "The archive grows too much.",
            expected=f"at most {max_ratio:g} times its {size:,} bytes",
            found=f"{total // max(1, size):,} times",
            hint="pack the files themselves",
            name=name,
        )


def problem_of(member: zipfile.ZipInfo) -> str:
    """What is wrong with a member's name or method, "" where it is an ordinary file."""
    if len(member.filename) > MAX_NAME_CHARS:
        return f"a name of {len(member.filename):,} characters"
    if member.compress_type not in _METHODS:
        return f"a file packed by method {member.compress_type}, not by deflate"
    return ""


def _check_list(source: Path | io.BytesIO, *, name: str, max_files: int) -> None:
    """Refuse a list of files that is too large to be one of at most `max_files`; nothing of it is read."""
    with open(source, "rb") if isinstance(source, Path) else nullcontext(source) as file:
        size = file.seek(0, io.SEEK_END)
        start = max(0, size - _TAIL_BYTES)
        file.seek(start)
        tail = file.read(_TAIL_BYTES)
        at = tail.rfind(_END)
        if at < 0 or len(tail) - at < _END_BYTES:
            raise zipfile.BadZipFile("the list of files at its end is missing")
        count, listed = struct.unpack_from("<HI", tail, at + 10)
        if (before := start + at - _LOCATOR_BYTES) >= 0:
            file.seek(before)
            locator = file.read(_LOCATOR_BYTES)
            if locator[:4] == _LOCATOR:
                file.seek(max(0, before - 56))
                record = file.read(56)
                if record[:4] != _END64:
                    raise zipfile.BadZipFile("the 64-bit list of files is not where it should be")
                count, listed = struct.unpack_from("<QQ", record, 32)
    if count > max_files:
        raise _too_many(f"{count:,}", name=name, max_files=max_files)
    if listed > max(1, max_files) * _ENTRY_BYTES or listed > size:
        raise _refused(
            "The archive's list of files is too large.",
            expected=f"at most {max_files * _ENTRY_BYTES:,} bytes",
            found=f"{listed:,} of {size:,} bytes",
            hint="pack fewer files",
            name=name,
        )


def _check_overlaps(members: list[zipfile.ZipInfo], *, name: str) -> None:
    end, last = 0, ""
    for member in sorted(members, key=lambda m: m.header_offset):
        if member.header_offset < end:
            raise _refused(
                "Two files of the archive share the same bytes.",
                expected="each file's bytes once",
                found=f"{member.filename[:100]!r} begins within {last[:100]!r}",
                hint="pack it again",
                name=name,
            )
        end, last = member.header_offset + _LOCAL_BYTES + member.compress_size, member.filename


def _too_many(found: str, *, name: str, max_files: int) -> DataError:
    return _refused(
        "The archive holds too many files.", expected=f"at most {max_files}", found=found, hint="pack fewer", name=name
    )


def _refused(message: str, *, expected: str, found: str, hint: str, name: str) -> DataError:
    return DataError(message, expected=expected, found=found, hint=hint, where=name)
