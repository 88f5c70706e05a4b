"""Copies of a home's run under other ids."""

from __future__ import annotations

import json
import shutil
from pathlib import Path


def twin_run(home: Path, name: str) -> str:
    """Copy the trained run of a home under another id, which is returned."""
    source = next(p for p in sorted((home / "runs").iterdir()) if (p / "model").is_dir())
    folder = home / "runs" / name
    shutil.copytree(source, folder)
    for part in ("spec.json", "evaluation.json", "model/manifest.json"):
        raw = json.loads((folder / part).read_text())
        (folder / part).write_text(json.dumps({**raw, "run_id": name}))
    return name
