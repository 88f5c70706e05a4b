"""SQLite databases that can be read and not written: a home on a read-only disk, or on one that is full.

SQLite's log keeps a file of its own beside the database even for readers. Where that cannot be made, a database without a
log is opened as it lies, and one with a log as a copy elsewhere.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from sqlalchemy import Engine

_REFUSALS = ("unable to open", "readonly", "disk i/o error", "disk is full")


def cannot_open(problem: BaseException) -> bool:
    """Whether SQLite refused because of the disk: it cannot be written, or nothing fits on it."""
    cause = getattr(problem, "orig", None) or problem
    if isinstance(cause, sqlite3.OperationalError):
        return any(words in str(cause).lower() for words in _REFUSALS)
    return False


@contextmanager
def read_only_engine(file: Path, *, functions: Mapping[str, Callable[..., Any]]) -> Iterator[Engine]:
    """An engine that reads the database as it stands now and writes nothing beside it. Raises OSError, sqlite3.Error."""
    import sqlalchemy as sa

    with ExitStack() as stack:
        place = stack.enter_context(_readable(file))

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(place, uri=True, isolation_level=None)
            for name, function in functions.items():
                connection.create_function(name, 1, function, deterministic=True)
            return connection

        engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)
        stack.callback(engine.dispose)
        yield engine


@contextmanager
def _readable(file: Path) -> Iterator[str]:
    """The address under which SQLite reads the file."""
    log = Path(f"{file}-wal")
    if not log.exists() or not log.stat().st_size:
        yield _address(file, immutable=True)
    elif _shared(_address(file)):
        yield _address(file)
    else:
        with tempfile.TemporaryDirectory(prefix="rebracket-") as folder:
            for one in (file, log):
                shutil.copyfile(one, Path(folder) / one.name)
            yield _address(Path(folder) / file.name)


def _shared(address: str) -> bool:
    """Whether the log can be read together with the program that keeps it."""
    try:
        connection = sqlite3.connect(address, uri=True)
        try:
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return False
    return True


def _address(file: Path, *, immutable: bool = False) -> str:
    return f"file:{quote(str(file.absolute()))}?mode=ro{'&immutable=1' if immutable else ''}"
