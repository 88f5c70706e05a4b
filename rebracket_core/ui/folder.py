"""What lies in the one folder that the settings open to the pages."""

from __future__ import annotations

from pathlib import Path


def names_in(root: Path, *, limit: int = 500) -> list[str]:
    """The names of the files and folders directly in `root`, sorted, hidden ones left out; [] if unreadable."""
    try:
        return sorted(p.name for p in root.iterdir() if not p.name.startswith("."))[:limit]
    except OSError:
        return []
