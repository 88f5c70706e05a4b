"""The short form of `python -m benchmarks.attack`: every attack meets what it is to meet."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
from benchmarks.attack import API, APP, attack, home_attacks


@pytest.mark.alone
@pytest.mark.slow
def test_every_attack_meets_what_it_is_to_meet(trained_home: Path, tmp_path: Path) -> None:
    met = {one.name: (one.expected, observed) for one, observed in attack(trained_home, tmp_path, short=True)}
    assert {name: found for name, found in met.items() if found[0] != found[1]} == {}
    assert len(met) == len([one for one in (*APP, *home_attacks(), *API) if not one.long]) > 25
