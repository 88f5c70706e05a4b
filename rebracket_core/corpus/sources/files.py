"""The files of a source - one file, a folder, an archive or an upload - under safe relative names."""

from __future__ import annotations

import io
import stat
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from rebracket_core.corpus.limits import Limits
from rebracket_core.corpus.readers.zip_bounds import ZIP_ERRORS, check_growth, open_zip, problem_of
from rebracket_core.errors import DataError

ZIP_MAGIC = b"PK\x03\x04"
_OFFICE = frozenset({"[Content_Types].xml", "mimetype"})
_MIN_RATIO_BYTES = 1024 * 1024
_MAX_UPLOAD_NAME = 255
DOCUMENT = ":document "


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a source: its relative name with "/", and where its bytes are (disk, memory or archive).

    Of a YAML file that holds several documents each is an entry, whose name ends in ":document 2"; `document` counts from 0.
    """

    name: str
    path: Path | None = None
    held: bytes = b""
    archive: zipfile.ZipFile | None = None
    member: zipfile.ZipInfo | None = None
    document: int = 0

    @property
    def stem(self) -> str:
        """The file's name without folders and suffix."""
        return PurePosixPath(self.file_name).stem or "text"

    @property
    def suffix(self) -> str:
        """The file's suffix in lower case, with its dot."""
        return PurePosixPath(self.file_name).suffix.casefold()

    @property
    def file_name(self) -> str:
        """The name of the file that the entry is, or stands in."""
        return self.name.rpartition(DOCUMENT)[0] or self.name if DOCUMENT in self.name else self.name

    def head(self, size: int = 16) -> bytes:
        """The first bytes of the file."""
        return self.read(size, cut=True)

    def read(self, limit: int, *, cut: bool = False) -> bytes:
        """The bytes of the file. Raises DataError for more than `limit` (unless `cut`) or an unreadable file."""
        try:
            if self.path is not None:
                with open(self.path, "rb") as handle:
                    data = handle.read(limit + 1)
            elif self.archive is not None and self.member is not None:
                with self.archive.open(self.member) as member:
                    data = member.read(limit + 1)
            else:
                data = self.held[: limit + 1]
        except ZIP_ERRORS as error:
            raise DataError(
                "The file cannot be read.",
                expected="a readable file",
                found=str(error)[:200] or type(error).__name__,
                hint="check its rights or pack it again",
                where=self.name,
            ) from error
        if len(data) > limit and not cut:
            raise DataError(
                "The file is too large.",
                expected=f"at most {limit} bytes",
                found="more",
                hint="split it, or use Parquet",
                where=self.name,
            )
        return data[:limit]


@dataclass(frozen=True, slots=True)
class FileSource:
    """The files to read, the root's name, files that may belong to them, and what was passed over and why.

    `many` is True for a folder or an archive, `piped` for standard input.
    """

    root: str
    entries: tuple[Entry, ...]
    companions: tuple[Entry, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    many: bool = False
    piped: bool = False
    by_name: dict[str, Entry] = field(default_factory=dict)
    lyrics: frozenset[str] = frozenset()
    """The names, in lower case, of the files that a song among them names as its lyrics."""

    def __post_init__(self) -> None:
        self.by_name.update({entry.name.casefold(): entry for entry in (*self.companions, *self.entries)})

    def beside(self, entry: Entry, names: tuple[str, ...]) -> Entry | None:
        """The first file of these names that lies in the entry's folder, None where there is none."""
        folder = PurePosixPath(entry.name).parent
        return next((found for n in names if (found := self.by_name.get(str(folder / n).casefold()))), None)


def source_of_path(path: Path, *, limits: Limits) -> FileSource:
    """The files of a path. Raises DataError where there is none, or more than the limits allow."""
    if path.is_dir():
        return _source_of_folder(path, limits=limits)
    if not path.is_file():
        raise DataError("There is no such file or folder.", expected="a file or folder", found=str(path), hint="check the path")
    entry = Entry(readable_name(path.name), path=path)
    if entry.head(4) == ZIP_MAGIC:
        return _source_of_archive(path, name=readable_name(path.stem), limits=limits)
    near = sorted(path.parent.glob("*.lrc"))[: limits.max_files] if entry.suffix in (".yml", ".yaml") else []
    return FileSource(
        readable_name(path.resolve().parent.name), (entry,), tuple(Entry(readable_name(p.name), path=p) for p in near)
    )


def source_of_bytes(name: str, data: bytes, *, limits: Limits) -> FileSource:
    """The file or the archive that was uploaded under a name; folders in the name are dropped."""
    bare = name.replace("\\", "/").rsplit("/", 1)[-1][-_MAX_UPLOAD_NAME:] or "upload"
    if data[:4] == ZIP_MAGIC:
        return _source_of_archive(io.BytesIO(data), name=PurePosixPath(bare).stem, limits=limits)
    return FileSource(PurePosixPath(bare).stem, (Entry(bare, held=data),))


def source_of_stdin(*, limits: Limits) -> FileSource:
    """The file, table or archive on standard input; it is called "stdin"."""
    data = sys.stdin.buffer.read()
    if data.startswith(ZIP_MAGIC):
        return source_of_bytes("stdin", data, limits=limits)
    return FileSource("stdin", (Entry("stdin", held=data),), piped=True)


def _source_of_folder(folder: Path, *, limits: Limits) -> FileSource:
    root = folder.resolve()
    entries: list[Entry] = []
    skipped: list[tuple[str, str]] = []
    for path in _walk(root, depth=limits.max_depth, skipped=skipped, root=root):
        if len(entries) >= limits.max_files:
            raise DataError(
                "The folder holds too many files.",
                expected=f"at most {limits.max_files}",
                found="more",
                hint="give a smaller folder",
                where=str(folder),
            )
        entries.append(Entry(readable_name(path.relative_to(root).as_posix()), path=path))
    return FileSource(readable_name(root.name), tuple(entries), skipped=tuple(skipped), many=True)


def _walk(folder: Path, *, depth: int, skipped: list[tuple[str, str]], root: Path) -> Iterator[Path]:
    try:
        children = sorted(folder.iterdir())
    except OSError as error:
        skipped.append((readable_name(folder.relative_to(root).as_posix()), f"the folder cannot be read ({error.strerror})"))
        return
    for child in children:
        name = readable_name(child.relative_to(root).as_posix())
        if child.name.startswith(".") or child.name == "__MACOSX":
            continue
        if child.is_symlink():
            skipped.append((name, "links are not followed"))
        elif child.is_dir():
            if depth <= 0:
                skipped.append((name, "the folders are nested too deep"))
            else:
                yield from _walk(child, depth=depth - 1, skipped=skipped, root=root)
        elif child.is_file():
            yield child
        else:
            skipped.append((name, "is a pipe, socket or device, not a file"))


def _source_of_archive(source: Path | io.BytesIO, *, name: str, limits: Limits) -> FileSource:
    archive = open_zip(source, name=name, max_files=limits.max_files)
    members = [m for m in archive.infolist() if not name_of(m).endswith("/")]
    size = source.stat().st_size if isinstance(source, Path) else source.getbuffer().nbytes
    _check_members(members, size=size, name=name, limits=limits)
    hidden = ("__MACOSX", ".")
    entries = [
        Entry(readable_name(name_of(m)), archive=archive, member=m)
        for m in members
        if not any(part.startswith(hidden) for part in PurePosixPath(name_of(m)).parts)
    ]
    return FileSource(name, tuple(sorted(entries, key=lambda e: e.name)), many=True)


def name_of(member: zipfile.ZipInfo) -> str:
    """The name of an archive's file with "/" between its folders, as Windows packs them with a backslash."""
    return member.filename.replace("\\", "/")


def readable_name(name: str) -> str:
    """A file's name as a text that can be written anywhere: bytes of it that are no UTF-8 stand as escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _check_members(members: list[zipfile.ZipInfo], *, size: int, name: str, limits: Limits) -> None:
    if any(m.filename in _OFFICE for m in members):
        raise DataError(
            "This is an Office file, not an archive of texts.",
            expected="text, YAML, CSV, JSON, Parquet or ZIP",
            found="an Office document",
            hint="export it as CSV or text",
            where=name,
        )
    for member in members:
        _check_member(member, limits=limits)
    check_growth(members, size=size, max_bytes=limits.max_expanded_bytes, max_ratio=limits.max_ratio, name=name)


def _check_member(member: zipfile.ZipInfo, *, limits: Limits) -> None:
    name = name_of(member)
    path = PurePosixPath(name)
    bad = problem_of(member)
    if bad:
        pass
    elif path.is_absolute() or (len(name) > 1 and name[1] == ":"):
        bad = "an absolute path"
    elif ".." in path.parts:
        bad = "a path that leaves the archive"
    elif len(path.parts) - 1 > limits.max_depth:
        bad = "folders nested too deep"
    elif stat.S_ISLNK(member.external_attr >> 16):
        bad = "a symbolic link"
    elif member.flag_bits & 0x1:
        bad = "an encrypted file"
    elif member.file_size > _MIN_RATIO_BYTES and member.file_size > limits.max_ratio * max(1, member.compress_size):
        bad = f"a file that grows {member.file_size // max(1, member.compress_size)} times"
    if bad:
        raise DataError(
            "The archive is refused.",
            expected="plain files with relative names",
            found=f"{bad}: {name[:200]!r}"[:200],
            hint="pack the files themselves",
            where=name[:200],
        )
