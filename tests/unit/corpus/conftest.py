"""The users' own corpus, where it is there, and small frames."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rebracket_core.corpus import Dataset, DatasetMeta, ReadReport, frame_digest, make_frame

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of the real corpus; the test is skipped where it is not there."""
    folder = Path(os.environ.get("REBRACKET_CORPUS") or CHECKOUT.parent / "shared" / "corpus")
    if not (folder / "segments.parquet").is_file():
        pytest.skip(f"the users' corpus is not at {folder}; set REBRACKET_CORPUS")
    return folder


@pytest.fixture(scope="session")
def starter() -> Path:
    """The folder of the starter corpus."""
    return CHECKOUT / "data" / "starter"


@pytest.fixture()
def frame_of() -> Callable[..., pd.DataFrame]:
    """Makes a frame from rows that name only what matters; ids and groups are filled in."""

    def build(*rows: dict[str, Any]) -> pd.DataFrame:
        return make_frame(
            {"row_id": f"r{k}", "group_id": f"g{k}", "concept": f"text number {k}", **row} for k, row in enumerate(rows)
        )

    return build


@pytest.fixture()
def dataset_of() -> Callable[[pd.DataFrame], Dataset]:
    """Makes a data set from a frame."""

    def build(frame: pd.DataFrame) -> Dataset:
        report = ReadReport(len(frame))
        meta = DatasetMeta("test", frame_digest(frame), len(frame), frame["group_id"].nunique(), ("table",), "", "", report)
        return Dataset("test", frame, meta)

    return build
