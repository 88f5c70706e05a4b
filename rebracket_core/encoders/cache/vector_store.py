"""Vectors on disk, one SQLite file per embedding space: safe with several processes and a kill at any moment."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rebracket_core.files import make_folder, private_while_empty

logger = logging.getLogger(__name__)

FORMAT = 1
BATCH = 900
BUSY_S = 2.0
RETRY_S = 0.02
TABLE = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL, sum INTEGER NOT NULL)"
ABOUT = "CREATE TABLE IF NOT EXISTS about (encoder_id TEXT PRIMARY KEY)"


class VectorStore:
    """Vectors as bytes by key. It may forget, it never invents: a row that fails its checksum is not returned.

    Nothing here raises for a disk that is full, a file that is locked, or one that is damaged: it is logged, and the
    caller has to make the vector. `size` is the length of a vector in bytes.
    """

    def __init__(self, folder: Path, *, encoder_id: str, size: int, busy_s: float = BUSY_S) -> None:
        name = hashlib.sha256(encoder_id.encode("utf-8", "surrogatepass")).hexdigest()[:24]
        self.path = folder / f"{name}-v{FORMAT}.sqlite"
        self._encoder_id = encoder_id
        self._size = size
        self._busy_s = busy_s
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None
        self._pid = 0
        self._inherited: list[sqlite3.Connection] = []

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The vectors that are known among `keys`, by key."""
        found: dict[bytes, bytes] = {}
        with self._lock, self._guarded("read"):
            connection = self._connection()
            for at in range(0, len(keys), BATCH):
                part = keys[at : at + BATCH]
                marks = ",".join("?" * len(part))
                rows = connection.execute(f"SELECT key, vector, sum FROM vectors WHERE key IN ({marks})", part)
                for key, vector, check in rows:
                    if self._sound(key, vector, check):
                        found[key] = vector
                    else:
                        logger.warning("A vector in %s is damaged and is made again.", self.path)
        return found

    def put(self, vectors: Mapping[bytes, bytes]) -> None:
        """Nothing; keeps the vectors in one transaction, replacing what was there."""
        if not vectors:
            return
        rows = [(key, vector, zlib.crc32(vector, zlib.crc32(key))) for key, vector in vectors.items()]
        with self._lock, self._guarded("written"):
            connection = self._connection()
            with connection:
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        """Nothing; closes the file, which the next call opens again."""
        with self._lock:
            self._drop()

    def _sound(self, key: object, vector: object, check: object) -> bool:
        if not isinstance(key, bytes) or not isinstance(vector, bytes) or len(vector) != self._size:
            return False
        return zlib.crc32(vector, zlib.crc32(key)) == check

    @contextlib.contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:  # locked, full, not writable: the file itself is sound
            logger.warning("The cache of vectors %s cannot be %s: %s", self.path, what, error)
            self._drop()
        except sqlite3.DatabaseError as error:  # no database, or a malformed one
            self._drop()
            self._set_aside(str(error))

    def _connection(self) -> sqlite3.Connection:
        if self._open is not None and self._pid == os.getpid():
            return self._open
        if self._open is not None:  # made before a fork: SQLite forbids to use it here, and to close it
            self._inherited.append(self._open)
        make_folder(self.path.parent)
        connection = sqlite3.connect(self.path, timeout=self._busy_s, check_same_thread=False)
        private_while_empty(self.path)
        try:
            self._use_wal(connection)
            connection.execute("PRAGMA synchronous=NORMAL")
            with connection:
                connection.execute(TABLE)
                connection.execute(ABOUT)
                connection.execute("INSERT OR IGNORE INTO about VALUES (?)", (self._encoder_id,))
        except sqlite3.Error:
            connection.close()
            raise
        self._open, self._pid = connection, os.getpid()
        return connection

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + self._busy_s
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL").fetchall()
                return
            except sqlite3.OperationalError:  # two processes that switch at once: SQLite doesn't wait here by itself
                if time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_S)

    def _drop(self) -> None:
        connection, self._open = self._open, None
        if connection is not None and self._pid == os.getpid():
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _set_aside(self, why: str) -> None:
        mark = f"damaged-{time.time_ns()}"
        logger.warning("The cache of vectors %s is damaged (%s): set aside as %s, made again.", self.path, why, mark)
        for suffix in ("", "-wal", "-shm"):
            source = self.path.with_name(self.path.name + suffix)
            try:
                os.replace(source, source.with_name(f"{self.path.name}.{mark}{suffix}"))
            except FileNotFoundError:
                continue
            except OSError as error:
                logger.warning("%s cannot be set aside: %s", source, error)
