"""Files that are there whole or not at all, and that nobody but their owner may read.

What Rebracket keeps in a home is private: files 0600, folders 0700, whatever the umask. What a person asks for elsewhere, an
export, is made as their umask says.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from filelock import BaseFileLock

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
ARCHIVED = "archived.json"  # in the folder of a run, data set, search or map: lists leave it out
_NEW, _NEW_LOCK = ".new-", ".new.lock"
# What lies directly in a home. A folder that holds other things too is not Rebracket's alone: its mode is left as it is.
_OURS = re.compile(
    r"workbench\.db.*|api_keys\.json.*|\.api_keys\.json\..*\.tmp|\.doctor\..*|\.new.*|"
    r"library|runs|searches|tracking|cache|maps|projects|selections|notes|monitoring"
)
_HALF = re.compile(r"\..+\.[a-z0-9_]{8}\.tmp")
_SETTLED_S = 60.0
_swept: set[Path] = set()
_homes: set[Path] = set()  # those that this process has opened
_persons_umask: int | None = None  # of whoever started this process, where its entry point has narrowed it


# ---- who may read -----------------------------------------------------------------------------------------------------


def keep_private() -> None:
    """Narrow the umask of this process, so that other libraries' files are private too.

    For the entry points of programs alone: a library must not change the umask of the program that uses it.
    """
    global _persons_umask
    mask = os.umask(0o077)
    if _persons_umask is None:
        _persons_umask = mask


def tighten_home(home: Path) -> None:
    """Take from others the right to enter a home that is there, and to read its databases and keys.

    Cheap: the folder and what lies directly in it. Only what is Rebracket's and this user's is changed, and no symbolic link is
    followed. What the system refuses is left; `rebracket doctor` names it.
    """
    _homes.add(home)
    if os.name != "posix":
        return
    try:
        entries = [entry for entry in os.scandir(home) if not entry.is_symlink()]
        alone = len([e for e in entries if _OURS.fullmatch(e.name)]) == len(os.listdir(home))
        top = home.stat()
    except OSError:
        return
    for entry in entries:
        if _OURS.fullmatch(entry.name):
            _tighten(Path(entry.path))
    if alone and not top.st_mode & stat.S_ISVTX:
        _tighten(home)


def tighten_tree(folder: Path) -> None:
    """Make a folder of Rebracket's own private, with all that is in it: for what another library wrote or copied."""
    _tighten(folder)
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            _tighten(Path(root) / name)


def open_to_others(home: Path, *, most: int) -> list[Path]:
    """What lies in a home and can be read or entered by others than its owner, the home itself first; at most `most`.

    Empty where the system has no such modes. Nothing is followed that a symbolic link names.
    """
    found: list[Path] = []
    if os.name != "posix" or not home.is_dir():
        return found
    paths = (Path(root) / name for root, folders, files in os.walk(home) for name in (*folders, *files))
    for path in (home, *paths):
        with contextlib.suppress(FileNotFoundError):  # gone meanwhile
            mode = path.lstat().st_mode
            if (stat.S_ISDIR(mode) or stat.S_ISREG(mode)) and mode & 0o077:
                found.append(path)
        if len(found) >= most:
            break
    return found


def _tighten(path: Path) -> None:
    with contextlib.suppress(OSError):  # not ours to change, or a disk without modes
        found = path.lstat()
        if found.st_mode & 0o077 and found.st_uid == os.geteuid() and not stat.S_ISLNK(found.st_mode):
            os.chmod(path, stat.S_IMODE(found.st_mode) & 0o700)


def private_while_empty(path: Path) -> None:
    """Make a file that was just made, and holds nothing yet, private: SQLite opens it by name and takes the umask's mode.

    Its log and journal have the mode of the database.
    """
    with contextlib.suppress(OSError):
        if path.stat().st_size == 0:
            os.chmod(path, PRIVATE_FILE)


def persons_mode(path: Path, *, folder: bool = False) -> int:
    """The mode of a new file (or folder) that a person asks for at `path`: as their umask says; private within a home."""
    place = Path(os.path.abspath(path))
    if any(place.is_relative_to(home) for home in _homes):
        return PRIVATE_FOLDER if folder else PRIVATE_FILE
    mask = _persons_umask
    if mask is None:
        mask = os.umask(0o077)  # the system tells it only in return for another; for a moment a narrower one
        os.umask(mask)
    return (0o777 if folder else 0o666) & ~mask


def give_to_person(folder: Path, *, place: Path) -> None:
    """Give a folder, which is on its way to `place`, and all in it the modes of what a person asks for there."""
    inner, file = persons_mode(place, folder=True), persons_mode(place)
    for root, folders, files in os.walk(folder):
        for name in folders:
            os.chmod(Path(root) / name, inner)
        for name in files:
            os.chmod(Path(root) / name, file)
    os.chmod(folder, inner)


# ---- folders ----------------------------------------------------------------------------------------------------------


def make_folder(path: Path, *, mode: int = PRIVATE_FOLDER) -> Path:
    """The folder, made with what is missing above it; what is made has the mode. Raises OSError where it cannot be."""
    missing = []
    at = path
    while not at.exists():
        missing.append(at)
        at = at.parent
    for folder in reversed(missing):
        try:
            folder.mkdir(mode=PRIVATE_FOLDER)
        except FileExistsError:  # another process was quicker
            continue
        put_folder_on_disk(folder.parent)
        if mode != PRIVATE_FOLDER:
            os.chmod(folder, mode)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    return path


@contextlib.contextmanager
def new_folder(place: Path, *, is_left_over: Callable[[Path], bool] | None = None) -> Iterator[Path]:
    """A folder to fill, which takes the name `place` when the block ends well; else nothing of it stays.

    One process at a time makes a folder below one parent; who comes second to a name gets a FileExistsError before the block
    begins. What a process that was killed left behind is removed, and so is what lies at `place` where `is_left_over` says so.
    """
    parent = make_folder(place.parent)
    with _alone_in(parent):
        for left in parent.glob(f"{_NEW}*"):
            shutil.rmtree(left, ignore_errors=True)
        if is_left_over is not None and place.is_dir() and is_left_over(place):
            shutil.rmtree(place)
        if os.path.lexists(place):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place))
        room = Path(tempfile.mkdtemp(dir=parent, prefix=_NEW))
        try:
            inner = make_folder(room / place.name)
            yield inner
            put_tree_on_disk(inner)
            os.rename(inner, place)
            put_folder_on_disk(parent)
        finally:
            shutil.rmtree(room, ignore_errors=True)


def remove_folder(place: Path) -> None:
    """Remove a folder: from one moment to the next its name is free, and a kill leaves all of it or nothing under the name.

    What a removal that was killed left behind is removed too; of a symbolic link the link goes. Raises OSError.
    """
    with _alone_in(place.parent):
        for left in place.parent.glob(f"{_NEW}*"):
            shutil.rmtree(left, ignore_errors=True)
        room = Path(tempfile.mkdtemp(dir=place.parent, prefix=_NEW))
        try:
            moved = room / place.name
            os.rename(place, moved)
            put_folder_on_disk(place.parent)
            if moved.is_symlink():
                moved.unlink()
            else:
                shutil.rmtree(moved)
        finally:
            shutil.rmtree(room, ignore_errors=True)


def is_archived(folder: Path) -> bool:
    """Whether a folder of a home is archived: lists leave it out, and whoever names it reads it."""
    return (folder / ARCHIVED).is_file()


@contextlib.contextmanager
def _alone_in(parent: Path) -> Iterator[None]:
    """Hold a folder while inside: no other process makes or removes a folder below it through `new_folder`."""
    with contextlib.ExitStack() as held:
        if not _flocked(parent, held):
            held.enter_context(lock_file(parent / _NEW_LOCK))
        yield


def _flocked(parent: Path, held: contextlib.ExitStack) -> bool:
    """Whether the folder itself could be locked, which leaves no file; some network disks and Windows know no such lock."""
    if fcntl is None:
        return False
    descriptor = os.open(parent, os.O_RDONLY)
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        return False
    return True


def put_folder_on_disk(folder: Path) -> None:
    """Have the disk keep the names in a folder: a new file, or one that took another's place. Raises OSError."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def put_tree_on_disk(folder: Path) -> None:
    """Have the disk keep a folder and all that is in it, before it is said to be there. Raises OSError."""
    if os.name != "posix":
        return
    for root, _, files in os.walk(folder):
        for name in files:
            path = Path(root) / name
            if path.is_symlink() or not path.is_file():
                continue
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        put_folder_on_disk(Path(root))


def lock_file(path: Path, *, timeout: float = -1) -> BaseFileLock:
    """A lock between processes, not taken yet, whose file is private; `timeout` in seconds, -1 waits without end."""
    from filelock import FileLock

    return FileLock(path, timeout=timeout, mode=PRIVATE_FILE)


# ---- files ------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A private file to write bytes to that takes the place of `path` only when the block ends well, and is then on disk."""
    make_folder(path.parent)
    with _placed(path, mode=PRIVATE_FILE) as file:
        yield file


@contextlib.contextmanager
def export_file(path: Path) -> Iterator[IO[bytes]]:
    """The same for a file that a person asked for: its mode is that of the file in whose place it comes, or their umask's."""
    make_folder(path.parent, mode=persons_mode(path.parent, folder=True))
    mode = stat.S_IMODE(path.stat().st_mode) & 0o777 if path.is_file() else persons_mode(path)
    with _placed(path, mode=mode) as file:
        yield file


@contextlib.contextmanager
def _placed(path: Path, *, mode: int) -> Iterator[IO[bytes]]:
    _sweep(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    if fcntl is not None:
        with contextlib.suppress(OSError):  # a disk without locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode != PRIVATE_FILE:
            os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    put_folder_on_disk(path.parent)


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed left half written, once a process and folder, and within a home alone.

    Whoever still writes holds a lock on his file; one that was made a moment ago may not have it yet.
    """
    if fcntl is None or folder in _swept:
        return
    place = Path(os.path.abspath(folder))
    if not any(place.is_relative_to(os.path.abspath(home)) for home in _homes):
        return
    _swept.add(folder)
    for left in [Path(entry.path) for entry in os.scandir(folder) if _HALF.fullmatch(entry.name)]:
        with contextlib.suppress(OSError):  # somebody writes it, or has just removed it
            if time.time() - left.lstat().st_mtime < _SETTLED_S or left.is_symlink():
                continue
            with open(left, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()


def private_touch(path: Path) -> None:
    """Have an empty private file where there is none: a sign for others. Raises OSError."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, PRIVATE_FILE))


def append_binary(path: Path) -> IO[bytes]:
    """A file opened to be added to, made private where there is none. Raises OSError."""
    return open(path, "ab", opener=lambda name, flags: os.open(name, flags, PRIVATE_FILE))


def write_bytes(path: Path, content: bytes) -> None:
    """Put the content in the place of the file at once: a reader sees the old one or the new one, never a part."""
    with atomic_file(path) as file:
        file.write(content)


def export_bytes(path: Path, content: bytes) -> None:
    """The same for a file that a person asked for; see `export_file`."""
    with export_file(path) as file:
        file.write(content)


def write_json(path: Path, value: Any) -> None:
    """Put one JSON document in the place of the file at once; half a surrogate pair is written as JSON's escape."""
    write_bytes(path, json.dumps(value, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace"))
