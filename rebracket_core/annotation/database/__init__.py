"""The labels' tables: their schema, their rows as values, backups and health."""
