"""How the table of counterfactuals came to be, one revision a file (Alembic)."""
