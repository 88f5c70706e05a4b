"""Runs the revisions of a schema on the connection that the caller holds, inside the caller's transaction."""

from __future__ import annotations

from alembic import context

schema = context.config.attributes["schema"]
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata(),
    version_table=schema.versions,
    render_as_batch=False,
)
context.run_migrations()
