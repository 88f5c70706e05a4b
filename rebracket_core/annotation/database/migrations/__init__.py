"""How the annotation tables came to be, one revision a file (Alembic)."""
