"""Record the contract anew: after an addition, so that it too is held from then on. Prints what would be lost, and then stops.

python -m tests.contract.snapshots            # record additions
python -m tests.contract.snapshots --lose     # record although something is lost: an agreed change alone
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.contract.snapshots import FOLDER, recorded
from tests.contract.snapshots.api import paths_lost, paths_of
from tests.contract.snapshots.commands import commands, commands_lost, helps
from tests.contract.snapshots.documents import LINES, OPTIONS_RENAMED, Scene
from tests.contract.snapshots.faces import openapi
from tests.contract.snapshots.shapes import lost


def main(lose: bool) -> int:
    """The exit code: 0 when all was recorded, 1 when something would be lost."""
    for name in [name for name in os.environ if name.startswith("REBRACKET_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="contract-") as folder:
        scene = Scene(Path(folder))
        made: dict[str, Any] = {
            "commands": commands(),
            "helps": helps(),
            "documents": {name: scene.run(line) for name, line in LINES.items()},
            "api": paths_of(openapi(scene.home)),
        }
    gone = (
        []
        if not (FOLDER / "commands.json").exists()
        else [
            *commands_lost(recorded("commands"), made["commands"]),
            *paths_lost(recorded("api"), made["api"]),
            *_documents_lost(recorded("documents"), made["documents"]),
        ]
    )
    print("\n".join(gone) or "Nothing is lost.")
    if gone and not lose:
        return 1
    for name, told in made.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def _documents_lost(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    told = []
    for name, one in before.items():
        if name not in now:
            told.append(f"{name} is not asked any more")
            continue
        if one["code"] != now[name]["code"]:
            told.append(f"{name} ended with {one['code']} and ends with {now[name]['code']}")
        if "shape" in one:
            told += [f"{name}: {said}" for said in lost(one["shape"], now[name]["shape"], renamed=OPTIONS_RENAMED)]
    return told


if __name__ == "__main__":
    sys.exit(main("--lose" in sys.argv[1:]))
