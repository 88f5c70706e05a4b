"""Vectors on pages: the form of a training begins with those of the data, the import form names what made them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from streamlit.testing.v1 import AppTest


def table(path: Path) -> Path:
    rng = np.random.default_rng(7)
    space = rng.normal(size=(4, 32))
    rows: list[dict[str, Any]] = [
        {
            "segment_id": f"{k}",
            "song_id": f"song-{k}",
            "concept": f"A text of number {k}",
            "rainbow_color": "Red",
            "embedding": (rng.normal(size=4) @ space).astype(np.float32).tolist(),
        }
        for k in range(20)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def _training() -> None:
    import streamlit as st

    from rebracket_core.settings import Settings
    from rebracket_core.ui.train.training_form import choose_config_for
    from rebracket_core.workbench import get_workbench

    made = get_workbench(Settings.from_env())
    st.session_state["made"] = choose_config_for(made, made.datasets.get("seg").meta).to_dict()


def _import() -> None:
    import streamlit as st

    from rebracket_core.settings import Settings
    from rebracket_core.ui.library.import_form import ways
    from rebracket_core.workbench import get_workbench

    st.session_state.setdefault("import.way", "Files")
    ways(get_workbench(Settings.from_env()))


def test_the_form_begins_with_the_vectors_and_says_what_follows(empty_home: Path, tmp_path: Path) -> None:
    from rebracket_core.settings import Settings
    from rebracket_core.workbench import get_workbench

    get_workbench(Settings.from_env()).datasets.import_path(table(tmp_path / "seg.parquet"))
    app = AppTest.from_function(_training, default_timeout=120).run()
    assert not app.exception and app.session_state["made"]["encoder"] == "vectors:seg"
    assert "only texts that bring such a vector" in app.info[0].value
    app.text_input(key="launch.seg.encoder").set_value("minilm").run()
    assert app.session_state["made"]["encoder"] == "minilm" and not app.info


def test_the_import_form_asks_for_config_split_and_encoder(empty_home: Path, tmp_path: Path) -> None:
    app = AppTest.from_function(_import, default_timeout=120).run()
    assert not app.exception
    names = {field.label for field in app.text_input}
    assert {"Config", "Split", "Encoder of the vectors"} <= names
    app.file_uploader[0].upload("seg.parquet", table(tmp_path / "seg.parquet").read_bytes(), "application/octet-stream")
    app.text_input(key="import.0.encoder").set_value("an encoder of theirs")
    next(button for button in app.button if button.label == "Import").click().run()
    assert not app.exception and not app.error

    from rebracket_core.settings import Settings
    from rebracket_core.workbench import get_workbench

    (meta,) = get_workbench(Settings.from_env()).datasets.all()
    assert [(v.column, v.encoder) for v in meta.own_vectors] == [("embedding", "an encoder of theirs")]
