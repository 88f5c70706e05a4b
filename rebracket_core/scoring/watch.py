"""A folder into which a workflow writes concepts: beside every file that is complete comes a file with its verdicts."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.corpus.sources.formats import ARCHIVE_SUFFIX, known_suffixes
from rebracket_core.errors import ConfigError, InputError, RebracketError
from rebracket_core.files import export_bytes
from rebracket_core.reports import ordered

if TYPE_CHECKING:
    from rebracket_core.scoring.base import Scorer

logger = logging.getLogger(__name__)

ENDING = ".verdict.json"
_PAGES = frozenset({".md"})  # pages about the files lie in watched folders too
MAX_BYTES = 64 * 2**20
RETRY_S = 5.0
_UNFINISHED = ("~", ".tmp", ".part", ".partial", ".crdownload", ".swp")

# What a file looks like from outside: where its bytes lie, how many they are, when they were last written.
FileState = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """One file that was scored: how many concepts it holds and how many of them could not be scored, or what was wrong."""

    path: Path
    n: int
    n_failed: int
    error: str | None


@dataclass(slots=True)
class Watch:
    """Looks at a folder again and again; everything it has to remember after a restart stands in the verdict files.

    A file is scored once it has looked the same for `settle_s`. What was read is what is scored, and the verdict file
    names its SHA-256: a file with that digest is not scored again, one that was changed is. Where the file is not to
    blame (the run is gone, the database is locked, the disk is full) it is tried again.
    """

    scorer: Scorer
    folder: Path
    run_id: str | None = None
    settle_s: float = 1.0
    keep: bool = True
    vectors: bool = False
    _seen: dict[Path, tuple[FileState, float]] = field(default_factory=dict)
    _done: dict[Path, FileState] = field(default_factory=dict)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise InputError(
                "There is no such folder to watch.", expected="a folder", found=str(self.folder), hint="make it first"
            )
        if not 0.0 <= self.settle_s <= 3600.0:
            raise ConfigError(
                "The time to settle is not allowed.",
                expected="0 to 3600 seconds",
                found=str(self.settle_s),
                hint="1 second does for most programs that write files",
            )

    def scan(self) -> list[ScoredFile]:
        """The files that were scored in this round, in the order of their names."""
        return list(self._round(threading.Event()))

    def _round(self, stop: threading.Event) -> Iterator[ScoredFile]:
        """Each file of this round as it is scored; none after `stop` was set."""
        now = time.monotonic()
        found = dict(_files(self.folder))
        self._seen = {path: scored for path, scored in self._seen.items() if path in found}
        self._done = {path: state for path, state in self._done.items() if path in found}
        for path, state in sorted(found.items()):
            if stop.is_set():
                return
            if self._is_done(path, state):
                continue
            before, since = self._seen.get(path, (None, now))
            if before != state:
                self._seen[path] = (state, now)
                since = now
            if now - since >= self.settle_s and (scored := self._score(path, state)):
                yield scored

    def run(self, stop: threading.Event, *, every_s: float = 0.5, tell: Callable[[ScoredFile], None] | None = None) -> int:
        """How many files were scored until `stop` was set; a file at hand is finished first, no other is begun."""
        count = 0
        while not stop.is_set():
            for scored in self._round(stop):
                count += 1
                if tell:
                    tell(scored)
            stop.wait(every_s)
        return count

    def settle(self, stop: threading.Event, *, every_s: float = 0.1) -> list[ScoredFile]:
        """The files that were scored until each one that is there was looked at and has its verdict, or cannot get one now."""
        scored: list[ScoredFile] = []
        while not stop.is_set():
            scored += self._round(stop)
            if all(self._is_done(path, state) or self._waits(path) for path, state in _files(self.folder)):
                break
            stop.wait(every_s)
        return scored

    @contextlib.contextmanager
    def no_writing(self, *, wait_s: float) -> Iterator[None]:
        """Hold off verdict files inside, the one that is being written once it is there, so that the process can end.

        One that is not there after `wait_s` (a disk that hangs) is not waited for; its unfinished copy has a hidden name.
        """
        got = self._writing.acquire(timeout=wait_s)
        try:
            yield
        finally:
            if got:
                self._writing.release()

    def _is_done(self, path: Path, state: FileState) -> bool:
        return self._done.get(path) == state and verdict_file(path).exists()

    def _waits(self, path: Path) -> bool:
        return path in self._seen and self._seen[path][1] > time.monotonic()

    def _score(self, path: Path, state: FileState) -> ScoredFile | None:
        """What was scored; None where the verdicts are there already, or the file changed again meanwhile."""
        try:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                file.seek(0)
                data = file.read(MAX_BYTES + 1)
                if _state_of(os.fstat(file.fileno())) != state or _state_of(path.stat()) != state:
                    return None
        except FileNotFoundError:
            return None
        except OSError as error:
            return self._write(path, state, _failure(path, f"The file cannot be read: {error.strerror}"))
        if _is_scored(path, digest):
            self._done[path] = state
            return None
        return self._write(path, state, self._verdicts(path, data, digest=digest))

    def _verdicts(self, path: Path, data: bytes, *, digest: str) -> dict[str, Any]:
        """The document of a verdict file. Where the file is to blame it has the digest, and the matter is settled."""
        if len(data) > MAX_BYTES:
            return _failure(path, f"The file is larger than {MAX_BYTES:,} bytes; use rebracket validate --parts", digest)
        try:
            read = self.scorer.read_upload(path.name, data, **({"vectors": True} if self.vectors else {}))
            verdicts = self.scorer.validate(read.concepts, run_id=self.run_id, source=str(path), keep=self.keep)
        except InputError as error:
            return _failure(path, str(error), digest)
        except RebracketError as error:
            return _failure(path, str(error))
        documents = [ordered(verdict.to_dict()) for verdict in verdicts]
        failed = sum(v["error"] is not None for v in documents)
        nothing = documents[0]["error"] if documents and failed == len(documents) else None
        run_id = documents[0]["run_id"] if documents else None
        return {
            "file": path.name,
            "digest": digest,
            "run_id": run_id,
            "n": len(documents),
            "n_failed": failed,
            "error": nothing,
            "verdicts": documents,
        }

    def _write(self, path: Path, state: FileState, document: dict[str, Any]) -> ScoredFile | None:
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        try:
            with self._writing:
                export_bytes(verdict_file(path), text.encode("utf-8", "replace") + b"\n")
        except OSError as error:  # a full disk, a folder that may not be written
            logger.error("The verdicts of %s cannot be written: %s", path, error)
            document = {**document, "digest": None}
        if document["digest"] is None:  # not the file's fault: it is tried again later
            self._seen[path] = (state, time.monotonic() + RETRY_S)
        else:
            self._done[path] = state
        return ScoredFile(path, document["n"], document["n_failed"], document["error"])


def verdict_file(path: Path) -> Path:
    """Where the verdicts of a file stand."""
    return path.with_name(path.name + ENDING)


def _failure(path: Path, error: str, digest: str | None = None) -> dict[str, Any]:
    return {"file": path.name, "digest": digest, "run_id": None, "n": 0, "n_failed": 0, "error": error, "verdicts": []}


def _is_scored(path: Path, digest: str) -> bool:
    """Whether the verdict file beside it is of these very bytes."""
    try:
        found = json.loads(verdict_file(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("digest") == digest


def _files(folder: Path) -> Iterator[tuple[Path, FileState]]:
    """The files that could hold concepts, in all folders below; links and hidden ones are left alone."""
    suffixes = known_suffixes() - _PAGES | {ARCHIVE_SUFFIX}
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        logger.warning("%s cannot be read: %s", folder, error)
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name.endswith(_UNFINISHED) or entry.name.endswith(ENDING):
            continue
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError:
            continue  # gone since
        if stat.S_ISDIR(info.st_mode):
            yield from _files(Path(entry.path))
        elif stat.S_ISREG(info.st_mode) and os.path.splitext(entry.name)[1].casefold() in suffixes:
            yield Path(entry.path), _state_of(info)


def _state_of(info: os.stat_result) -> FileState:
    return info.st_ino, info.st_size, info.st_mtime_ns
