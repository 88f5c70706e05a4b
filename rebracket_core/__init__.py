"""Rebracket's engine: concepts in, verdicts out.

Importing this package loads nothing heavy; the rooms below it are imported when they are used.
"""

__version__ = "0.1.0"
