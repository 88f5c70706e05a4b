"""`rebracket map`: the same request is fitted once, coordinates and new texts come out, wrong options are explained."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Invoke = Callable[..., Result]


def test_a_map_its_coordinates_and_a_new_text(invoke: Invoke, home: Path, tmp_path: Path) -> None:
    to = tmp_path / "map.csv"
    asked = ("map", "starter", "--method", "pca", "--place", "A bell rang under the lake.")
    line = (*asked, "--out", to, "--home", home, "--json")
    first, again = (json.loads(invoke(*line).stdout) for _ in range(2))
    assert first["map_id"] == again["map_id"] and first["placed"] == again["placed"]
    assert len(list((home / "maps" / first["map_id"] / "attempts").iterdir())) == 1
    rows = list(csv.DictReader(to.open(encoding="utf-8", newline="")))
    assert len(rows) == first["quality"]["n"] and float(rows[0]["x"]) and rows[0]["map_version"] == first["map_id"]
    assert len(first["placed"][0]["near"]) == 10


def test_wrong_options_are_explained(invoke: Invoke, home: Path) -> None:
    for wrong, said in (
        ("--method=mds", "umap"),
        ("--layer=last", "layer"),
        ("--set=perplexity=3", "perplexity"),
        ("--out=map.txt", ".csv"),
    ):
        result = invoke("map", "starter", wrong, "--home", home)
        assert result.exit_code == 2 and said in result.stderr, wrong
