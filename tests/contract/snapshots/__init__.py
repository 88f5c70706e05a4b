"""The contract as it was recorded: commands, JSON fields, exit codes and the API.

`python -m tests.contract.snapshots` records it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def recorded(name: str) -> Any:
    """One of the recorded snapshots: commands, helps, documents or api."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
