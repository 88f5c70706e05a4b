"""The commands that explain a result and say what would change it."""
