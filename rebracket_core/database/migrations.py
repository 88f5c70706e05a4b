"""Schemas: the tables that a room owns in the database, and the revisions that lead to them. Alembic is loaded only to move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Engine, MetaData
    from sqlalchemy.engine import Connection, Dialect

_ENV = Path(__file__).parent / "migration_env"


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one room, in a database that other rooms use too.

    Args:
        what: what the tables hold, for messages: "labels".
        versions: the name of the table that holds the revision.
        revisions: the ids of the revisions, oldest first.
        folder: where the revisions lie, one a file.
        metadata: the tables as they are now; a test holds that the revisions lead to them.
        adopts: a table that earlier versions made without a revision; where it stands alone, it is of the first one.
        cannot_read, cannot_write: the messages where the database refuses.
        prepare: called once with the dialect, when a database of it is opened.
    """

    what: str
    versions: str
    revisions: tuple[str, ...]
    folder: Path
    metadata: Callable[[], MetaData]
    adopts: str = ""
    cannot_read: str = "The database refused."
    cannot_write: str = "The database refused."
    prepare: Callable[[Dialect], None] | None = None

    @property
    def head(self) -> str:
        """The revision of this program."""
        return self.revisions[-1]

    def version(self, engine: Engine | Connection) -> str:
        """The revision of the tables, "" where there are none. Raises StoreError for one that this program does not know."""
        import sqlalchemy as sa

        inspector = sa.inspect(engine)
        if not inspector.has_table(self.versions):
            return self.revisions[0] if self.adopts and inspector.has_table(self.adopts) else ""
        query: sa.Select[Any] = sa.select(sa.column("version_num")).select_from(sa.table(self.versions))
        if isinstance(engine, sa.Engine):
            with engine.connect() as connection, connection.begin():
                found = connection.execute(query).scalar()
        else:
            found = engine.execute(query).scalar()
        if found and found not in self.revisions:
            raise StoreError(
                f"The {self.what} were written by a newer Rebracket.",
                expected=f"tables of version {self.head} or older",
                found=str(found),
                hint="update Rebracket; nothing was changed",
            )
        return str(found or "")

    def exists(self, engine: Engine) -> bool:
        """Whether the database has these tables, of any revision."""
        import sqlalchemy as sa

        inspector = sa.inspect(engine)
        return inspector.has_table(self.versions) or bool(self.adopts and inspector.has_table(self.adopts))

    def is_old(self, engine: Engine) -> bool:
        """Whether the tables are missing or older than this program's."""
        return self.version(engine) != self.head

    def is_unstamped(self, engine: Engine) -> bool:
        """Whether the tables were made by an earlier version, which noted no revision."""
        import sqlalchemy as sa

        return not sa.inspect(engine).has_table(self.versions)

    def upgrade(self, connection: Connection, to: str | None = None) -> None:
        """Bring the tables to a revision (by default this program's) inside the connection's own transaction.

        Tables that an earlier version made are stamped with the first revision and left as they are.
        """
        from alembic import command

        config = self._config(connection)
        if self.is_unstamped(connection) and self.version(connection):  # type: ignore[arg-type]
            command.stamp(config, self.revisions[0])
        command.upgrade(config, to or self.head)

    def downgrade(self, connection: Connection, to: str) -> None:
        """Bring the tables to an older revision ("base": there are none)."""
        from alembic import command

        command.downgrade(self._config(connection), to)

    def _config(self, connection: Connection) -> Config:
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_ENV).replace("%", "%%"))
        config.set_main_option("version_locations", str(self.folder).replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        config.attributes |= {"connection": connection, "schema": self}
        return config
