"""How the history's table came to be, one revision a file (Alembic)."""
