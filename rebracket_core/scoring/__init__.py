"""Verdicts on many concepts: streamed, in parts, on Ray, in watched folders, and kept in the history."""
