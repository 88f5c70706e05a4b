"""Vectors by content, in memory and on disk."""
