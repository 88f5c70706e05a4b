"""Finished runs of a home: the store, which one is in production, notes, archives, comparison."""
