"""A job folder through a log: the files that a remote worker writes, as lines of text, put together again on this side.

A log is the one thing that every cluster hands back, whatever disks its machines share. A line is short, so that no log
cutter halves it; a file is taken when all its parts are there and its sha256 is right.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rebracket_core.errors import StoreError
from rebracket_core.files import write_bytes

MARK = "@rebracket "
_PART = 6_000
_MOST_BYTES = 512 * 1024 * 1024
# What belongs to the machine that works, not to the job: the worker's lock and its cancel file.
_OWN = ("lock", "cancel", "reserve", "spec.json")
_GROWING = (".jsonl", ".txt", ".journal")


class FolderSender:
    """What changed in a job folder since the last call, as lines."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sent: dict[str, tuple[int, int]] = {}
        for path in self._files():  # what came with the job is on the other side already
            self._sent[self._name(path)] = _fingerprint(path)

    def lines(self) -> Iterator[str]:
        """The lines of every file that changed; of files that only grow, what they grew by."""
        for path in self._files():
            name, state = self._name(path), _fingerprint(path)
            before = self._sent.get(name)
            if before == state:
                continue
            content = path.read_bytes()[: state[0]]
            self._sent[name] = state
            grows = before is not None and path.suffix in _GROWING and state[0] >= before[0]
            yield from _lines_of(name, content[before[0] :] if grows and before else content, append=grows)

    def _files(self) -> list[Path]:
        found = [p for p in self._folder.rglob("*") if p.is_file() and p.name not in _OWN and not p.name.startswith(".")]
        # How it ended comes last: whoever reads that finds everything else in its place.
        return sorted((p for p in found if not p.name.endswith(".lock")), key=lambda p: (p.name == "result.json", str(p)))

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()


class FolderReceiver:
    """Lines of a remote worker's log → the same files here; other lines are left alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: dict[str, list[str]] = {}

    def take(self, line: str) -> str | None:
        """The name of the file that is whole with this line, else None. Raises StoreError for a file that came damaged."""
        if not line.startswith(MARK):
            return None
        frame = json.loads(line[len(MARK) :])
        name, parts = str(frame["file"]), self._parts.setdefault(str(frame["file"]), [])
        parts.append(str(frame["data"]))
        if not frame["last"]:
            return None
        del self._parts[name]
        inflate = zlib.decompressobj()
        content = inflate.decompress(base64.b64decode("".join(parts)), _MOST_BYTES)
        place = PurePosixPath(name)
        sound = inflate.eof and hashlib.sha256(content).hexdigest() == frame["sha256"]
        if not sound or place.is_absolute() or ".." in place.parts or place.name in _OWN:
            raise StoreError(
                "A file of the run came back damaged.",
                expected=f"sha256 {str(frame['sha256'])[:16]}",
                found=f"{len(content)} bytes that differ",
                hint="resume the run",
                where=name,
            )
        path = self._folder / place
        if frame["append"] and path.is_file():
            with open(path, "ab") as file:  # the far process cut it where it liked: bytes, not lines
                file.write(content)
        else:
            write_bytes(path, content)
        return name


def _lines_of(name: str, content: bytes, *, append: bool) -> Iterator[str]:
    text = base64.b64encode(zlib.compress(content, 1)).decode("ascii")
    sha256 = hashlib.sha256(content).hexdigest()
    starts = range(0, max(1, len(text)), _PART)
    for start in starts:
        frame = {
            "file": name,
            "append": append,
            "last": start == starts[-1],
            "sha256": sha256,
            "data": text[start : start + _PART],
        }
        yield MARK + json.dumps(frame, separators=(",", ":"))


def _fingerprint(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
