"""The stored home of version 0.1: unpacked for a test, with what was expected of it when it was made."""

from __future__ import annotations

import json
import tarfile
import time
from pathlib import Path
from typing import Any

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "old_home_0_1"
DAY_S = 86_400
TOLERANCE = 1e-5


def unpack(to: Path, *, cache: Path | None = None) -> Path:
    """The old home below a folder, as `home`; what people kept outside it lies beside it, as `files`.

    `cache` is a cache folder to link to, so that the encoder's graph is not built anew.
    """
    to.mkdir(parents=True, exist_ok=True)
    with tarfile.open(FIXTURE / "home.tar.xz") as archive:
        archive.extractall(to, filter="data")
    if cache is not None:
        (to / "home" / "cache").symlink_to(cache)
    return to / "home"


def expected() -> dict[str, Any]:
    """What the commands of version 0.1 said of the home; see make.py beside it."""
    found: dict[str, Any] = json.loads((FIXTURE / "expected.json").read_text(encoding="utf-8"))
    return found


def renew_monitoring(home: Path) -> None:
    """Move the monitoring counts of the home to the last hour, as if the verdicts had been given now."""
    paths = sorted((home / "monitoring").glob("*.jsonl"))
    newest = max(json.loads(line)["at"] for path in paths for line in path.read_text().splitlines() if line)
    moved = int(time.time() - 600) // 60 * 60 - newest
    for path in paths:
        told = [json.loads(line) for line in path.read_text().splitlines() if line]
        lines = "".join(f"\n{json.dumps({**one, 'at': one['at'] + moved})}" for one in told)
        path.unlink()
        (path.parent / f"{(newest + moved) // DAY_S}-{path.name.partition('-')[2]}").write_text(lines, encoding="utf-8")


def differences(recorded: Any, now: Any, *, where: str = "", tolerance: float = TOLERANCE) -> list[str]:
    """Where a value is no longer what was recorded; numbers may be off by the tolerance, new fields are no difference."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        lost = [f"{where}.{name} is gone" for name in recorded.keys() - now.keys()]
        return lost + [
            said
            for name in recorded.keys() & now.keys()
            for said in differences(recorded[name], now[name], where=f"{where}.{name}", tolerance=tolerance)
        ]
    if isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        pairs = enumerate(zip(recorded, now, strict=True))
        return [
            said for at, (one, other) in pairs for said in differences(one, other, where=f"{where}[{at}]", tolerance=tolerance)
        ]
    numbers = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in (recorded, now))
    same = abs(recorded - now) <= tolerance if numbers else recorded == now
    return [] if same else [f"{where}: {recorded!r} became {now!r}"]
