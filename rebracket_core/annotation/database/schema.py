"""The version of the annotation tables in a database, and the way up and down. Alembic is loaded only to move."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Engine
    from sqlalchemy.engine import Connection

VERSIONS = "annotation_alembic"
HEAD = "0002"
_KNOWN = ("0001", "0002")
_FOLDER = Path(__file__).parent / "migrations"


def exists(engine: Engine) -> bool:
    """Whether the database has annotation tables of any version."""
    import sqlalchemy as sa

    return sa.inspect(engine).has_table(VERSIONS)


def version(engine: Engine | Connection) -> str:
    """The version of the tables, "" where there are none. Raises StoreError for one that this program does not know."""
    import sqlalchemy as sa

    if not sa.inspect(engine).has_table(VERSIONS):
        return ""
    query: sa.Select[Any] = sa.select(sa.column("version_num")).select_from(sa.table(VERSIONS))
    if isinstance(engine, sa.Engine):
        with engine.connect() as connection, connection.begin():
            found = connection.execute(query).scalar()
    else:
        found = engine.execute(query).scalar()
    if found and found not in _KNOWN:
        raise StoreError(
            "The labels were written by a newer Rebracket.",
            expected=f"tables of version {HEAD} or older",
            found=str(found),
            hint="update Rebracket; nothing was changed",
        )
    return str(found or "")


def is_old(engine: Engine) -> bool:
    """Whether the tables are missing or older than this program's."""
    return version(engine) != HEAD


def upgrade(connection: Connection, to: str = HEAD) -> None:
    """Nothing; the tables are of this version, made or changed inside the connection's own transaction."""
    from alembic import command

    command.upgrade(_config(connection), to)


def downgrade(connection: Connection, to: str) -> None:
    """Nothing; the tables are of an older version ("base": there are none)."""
    from alembic import command

    command.downgrade(_config(connection), to)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
