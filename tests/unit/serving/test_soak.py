"""Twenty seconds of the soak: mixed load with bad requests, then a stop under load. The long one is run by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak import Soaked, soak
from rebracket_core.settings import Settings

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")


@pytest.mark.alone
@pytest.mark.slow
def test_mixed_load_loses_and_mixes_up_nothing(home: Path, tmp_path: Path) -> None:
    found = soak(Settings.from_env({"REBRACKET_HOME": str(home)}), seconds=20, clients=4, log=tmp_path / "log")
    # Twenty seconds fill caches and show no growth; that is for the long soak.
    assert found.problems(growth=float("inf")) == []
    assert found.verdicts > 20 and {200, 422} <= set(found.statuses) <= {200, 404, 413, 422, 503}
    assert b"Traceback" not in (tmp_path / "log").read_bytes()


def test_growth_and_losses_are_told() -> None:
    flat = Soaked(verdicts=3, kept=3, memory=[(float(at), 100) for at in range(100)])
    growing = Soaked(verdicts=3, kept=2, memory=[(float(at), 100 + at) for at in range(100)])
    assert flat.problems() == []
    assert growing.growth > 0.4 and len(growing.problems()) == 2
