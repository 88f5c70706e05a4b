"""Runs the revisions on the connection that the caller holds, inside the caller's transaction."""

from __future__ import annotations

from alembic import context

from rebracket_core.annotation.database.schema import VERSIONS
from rebracket_core.annotation.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    version_table=VERSIONS,
    render_as_batch=False,
)
context.run_migrations()
