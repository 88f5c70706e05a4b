"""Statements that are built and compiled once and then run straight on the driver.

Whoever labels waits for whoever writes, and SQLAlchemy's way to a cursor takes longer than what these statements do in the
database. The statements are SQLAlchemy's, compiled for the connection's own dialect, and so are the errors.
"""

from __future__ import annotations

import inspect
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, Executable, Insert, Table
    from sqlalchemy.engine import Connection, Dialect

Build = Callable[..., "Executable"]
_MISSING = object()
_CACHE: dict[tuple[Any, ...], _Ready] = {}
_KNOWN: dict[Build, bool] = {}
_USUAL_SIZES = (1, 2, 4, 8, 16)


def statement(build: Build) -> Build:
    """The function as it was: one that gives a statement. `prepare` compiles it before anybody waits for it."""
    _KNOWN[build] = bool(inspect.signature(build).parameters)
    return build


def prepare(dialect: Dialect) -> None:
    """Compile every statement for this dialect, so that none is compiled within a transaction."""
    for build, has_list in _KNOWN.items():
        for sizes in [(n,) for n in _USUAL_SIZES] if has_list else [()]:
            _ready(dialect, build, *sizes)


def several(name: str, n: int) -> list[BindParameter[Any]]:
    """The n parameters of a list; `rows` and `run` fill them from the list of that name."""
    import sqlalchemy as sa

    return [sa.bindparam(f"{name}_{k}") for k in range(n)]


def insertion(table: Table, *, without: Sequence[str] = ()) -> Insert:
    """The statement that writes rows of a table, with a parameter for each column but those `without`."""
    import sqlalchemy as sa

    return sa.insert(table).values({c.name: sa.bindparam(c.name) for c in table.c if c.name not in without}).inline()


def rows(connection: Connection, build: Build, **given: Any) -> list[Any]:
    """The rows that the statement of `build` finds, as named tuples.

    A list among the parameters stands for those of `several`: `build` is then called with how many there are, rounded up
    to a power of two, so that few forms are ever compiled; the last value is repeated. An empty list finds nothing.
    """
    lists = {name: value for name, value in given.items() if isinstance(value, list)}
    if any(not value for value in lists.values()):
        return []
    sizes = []
    for name, value in lists.items():
        size = 1 << (len(value) - 1).bit_length()
        sizes.append(size)
        given |= {f"{name}_{k}": value[min(k, len(value) - 1)] for k in range(size)}
    return _ready(connection.dialect, build, *sizes).rows(connection, given)


def run(connection: Connection, build: Build, given: Sequence[Mapping[str, Any]]) -> None:
    """Run the statement of `build` with each of these parameters, in their order."""
    if given:
        _ready(connection.dialect, build).run(connection, given)


def _ready(dialect: Dialect, build: Build, *sizes: int) -> _Ready:
    key = (dialect.name, dialect.driver, build, *sizes)
    ready = _CACHE.get(key)
    if ready is None:
        ready = _CACHE[key] = _Ready(build(*sizes), dialect)
    return ready


def _row_of(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)


class _Ready:
    """A statement for one dialect: its words, how each parameter is written, how each column is read."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.words = str(compiled)
        self._positional = compiled.positional
        names = compiled.positiontup if compiled.positional else list(compiled.params)
        fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self._parameters = [(name, compiled._bind_processors.get(name), fixed.get(name, _MISSING)) for name in names]
        self._columns = compiled._result_columns
        self._row: Any = _row_of(tuple(column.keyname for column in self._columns or ()))
        self._readers: list[tuple[int, Any]] | None = None

    def rows(self, connection: Connection, given: Mapping[str, Any]) -> list[Any]:
        """The rows found."""
        cursor = self._on_cursor(connection, "execute", self._bound(given))
        if self._readers is None:
            self._readers = self._readers_of(connection.dialect, [column[1] for column in cursor.description])
        found = cursor.fetchall()
        cursor.close()
        make, readers = self._row._make, self._readers
        return [self._read(list(row), readers) for row in found] if readers else [make(row) for row in found]

    def _readers_of(self, dialect: Dialect, kinds: list[Any]) -> list[tuple[int, Any]]:
        pairs = zip(self._columns, kinds, strict=True)
        readers = [column.type.dialect_impl(dialect).result_processor(dialect, kind) for column, kind in pairs]
        return [(k, reader) for k, reader in enumerate(readers) if reader is not None]

    def _read(self, row: list[Any], readers: list[tuple[int, Any]]) -> Any:
        for k, reader in readers:
            row[k] = reader(row[k])
        return self._row._make(row)

    def run(self, connection: Connection, given: Sequence[Mapping[str, Any]]) -> None:
        """Run it with each."""
        self._on_cursor(connection, "executemany", [self._bound(one) for one in given]).close()

    def _bound(self, given: Mapping[str, Any]) -> Any:
        values = []
        for name, write, fixed in self._parameters:
            value = given[name] if fixed is _MISSING else fixed
            values.append(value if write is None else write(value))
        return (
            tuple(values) if self._positional else {name: v for (name, _, _), v in zip(self._parameters, values, strict=True)}
        )

    def _on_cursor(self, connection: Connection, how: str, values: Any) -> Any:
        from sqlalchemy.exc import DBAPIError

        dbapi: Any = connection.dialect.loaded_dbapi
        cursor = connection.connection.cursor()
        try:
            getattr(cursor, how)(self.words, values)
        except dbapi.Error as problem:
            raise DBAPIError.instance(self.words, values, problem, dbapi.Error) from problem
        return cursor
