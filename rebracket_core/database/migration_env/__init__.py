"""The environment in which Alembic runs revisions; one for all schemas."""
