"""The starter corpus holds no two texts of different groups that mean nearly the same."""

from __future__ import annotations

import numpy as np
import pytest

from rebracket_core.corpus import read_not_concepts, read_source
from rebracket_core.encoders import open_encoder
from rebracket_core.settings import Settings, data_dir


@pytest.mark.slow
def test_groups_are_far_apart(starter_home: object) -> None:
    settings = Settings.from_env({"REBRACKET_HOME": str(starter_home)})
    frame, _ = read_source(data_dir() / "starter" / "concepts")
    others, _ = read_not_concepts(data_dir() / "starter" / "not_concepts")
    encoder = open_encoder("minilm", settings=settings)
    vectors = encoder.encode(frame["concept"].tolist())
    groups = frame["group_id"].to_numpy(dtype=str)
    cosine = vectors @ vectors.T
    cosine[groups[:, None] == groups[None, :]] = -1.0
    assert cosine.max() <= 0.85
    assert (vectors @ encoder.encode(others["concept"].tolist()).T).max() <= 0.85
    assert np.isfinite(vectors).all()
