"""One table of the workbench's database: opened when it is first needed, one transaction a piece of work."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from rebracket_core.database.engine import new_engine, parsed_url, put_on_disk, refused, shown, sqlite_file, transaction
from rebracket_core.files import make_folder

if TYPE_CHECKING:
    from sqlalchemy import Engine, Table
    from sqlalchemy.engine import URL, Connection

FOLD = "rebracket_fold"
T = TypeVar("T")


class KeptTable:
    """A table of one database; safe to share between threads. Nothing is created before the first write.

    `table` gives the table and is asked late; `what` is what it holds, for errors: "history".
    """

    def __init__(self, database_url: str, *, table: Callable[[], Table], what: str) -> None:
        self._url_text = database_url
        self._table, self._what = table, what
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._has_table = False

    def run(self, work: Callable[[Connection], T], *, write: bool) -> T | None:
        """What `work` returns inside one transaction; None for a read where nothing was ever kept.

        What was written is on the disk when this returns: a loss of power cannot take it back.
        """
        from sqlalchemy.exc import SQLAlchemyError

        try:
            engine = self.opened(write=write)
            if engine is None:
                return None
            with transaction(engine, write=write) as connection:
                done = work(connection)
            if write and (file := sqlite_file(engine.url)) is not None:
                put_on_disk(file)
            return done
        except (SQLAlchemyError, OSError) as problem:
            message = f"The {self._what} cannot be {'written' if write else 'read'}."
            raise refused(problem, message=message, where=shown(self.url())) from problem

    def url(self) -> URL:
        """The address of the database. Raises StoreError for one that cannot be read."""
        return parsed_url(self._url_text)

    def close(self) -> None:
        """Nothing; every connection is closed. The table opens again on next use."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine, self._has_table = None, False

    def opened(self, *, write: bool) -> Engine | None:
        """The engine with the table in place; None for a read where nothing was ever kept."""
        import sqlalchemy as sa

        url = self.url()
        with self._lock:
            file = sqlite_file(url)
            if self._engine is None:
                if file is not None:
                    if not file.exists() and not write:
                        return None
                    make_folder(file.parent)
                self._engine = new_engine(url, functions={FOLD: _fold})
            if not self._has_table:
                if not write and not sa.inspect(self._engine).has_table(self._table().name):
                    return None
                if write:
                    with transaction(self._engine, write=True) as connection:
                        self._table().metadata.create_all(connection)
                self._has_table = True
            return self._engine


def _fold(text: str | None) -> str | None:
    return text.casefold() if isinstance(text, str) else text


def storable(text: object) -> str:
    """The text without what databases refuse: NUL and half surrogate pairs."""
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", str(text or ""))


def finite(value: Any) -> Any:
    """The value with plain Python numbers, None in the place of NaN and infinity, at any depth."""
    if isinstance(value, Mapping):
        return {str(name): finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(part) for part in value]
    if isinstance(value, float):
        return float(value) if value - value == 0.0 else None
    return value.item() if hasattr(value, "item") else value
