"""Surface cues are counted as they stand, and their mark goes from the file to the library and leaves old digests alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rebracket_core.corpus import Library, ReadReport, frame_digest, read_source
from rebracket_core.corpus.audit.cues import CUES, cue_accuracies, cue_counts
from rebracket_core.errors import DataError

FrameOf = Callable[..., pd.DataFrame]
DIGEST_BEFORE_MARKS = "b5ccebeab47222e8ed10ae991189d4d840720feb32e9c625ff4cfea6b6ad29ba"
GROUP = """
group: bells
concepts:
  - {id: a, text: The bell was cast in 1871., types: [], cues: against}
  - {id: b, text: A bell that will be cast.}
"""


def counts_of(text: str) -> dict[str, int]:
    return {cue: round(float(np.expm1(n))) for cue, n in zip(CUES, cue_counts([text])[0], strict=True)}


def test_cues_are_counted() -> None:
    found = counts_of("In 1871 she told Ines Maldonado nothing; it's the story of two bells, and they'll ring now.")
    assert len(CUES) == 23 and found["length"] == 17
    ones = ("years", "digits", "he, she", "it", "names", "negations", "fiction words", "now", "the", "they", "will, shall")
    assert {cue: found[cue] for cue in ones} == {**dict.fromkeys(ones, 1), "names": 2}
    assert found["past forms"] == 1 and found["numerals"] == 1 and found["quotes"] == 0
    more = counts_of("We’ll say it’s “going to” need a hundred seeds, indeed; nobody's wanted them.")
    assert {cue: more[cue] for cue in ("will, shall", "past forms", "quotes", "I, you, we", "it")} == {
        **{"will, shall": 2, "past forms": 1, "quotes": 2},
        **{"I, you, we": 0, "it": 1},
    }


def test_cues_tell_what_goes_with_them_alone(frame_of: FrameOf) -> None:
    tells = {"past": "It was made in 1871.", "present": "She is here now.", "future": "There will be a town."}
    places = ("thing", "place", "person")
    rows = [
        {
            "group_id": f"g{group}",
            "concept": f"{text} {'Nothing. ' * (group % 3)}",
            "temporal_stated": [mode],
            "spatial_stated": [places[(group * 7 + k * 5 + group // 3) % 3]],
            "ontological_stated": [["imagined", "known"][group % 2]],
        }
        for group in range(12)
        for k, (mode, text) in enumerate(tells.items())
    ]
    frame = frame_of(*rows)
    temporal, spatial, _ = cue_accuracies(frame)
    assert (temporal.axis, temporal.accuracy, temporal.n_rows, temporal.n_groups) == ("temporal", 1.0, 36, 12)
    assert spatial.accuracy < 0.7 and temporal.majority == pytest.approx(1 / 3)
    assert cue_accuracies(frame, part=np.arange(36) < 3)[0].n_rows == 3
    with pytest.raises(DataError, match="nothing to tell apart"):
        cue_accuracies(frame.assign(temporal_stated=[["past"]] * 36))
    with pytest.raises(DataError, match="No row of this part"):
        cue_accuracies(frame, part=np.zeros(36, dtype=bool))


def test_the_mark_is_read_and_kept(tmp_path: Path) -> None:
    (tmp_path / "bells.yaml").write_text(GROUP)
    frame, _ = read_source(tmp_path)
    assert frame["cues"].tolist() == ["against", ""]
    assert frame["types"].tolist() == [[], None] and frame["types_from"].tolist() == ["human", ""]
    library = Library(tmp_path / "library")
    library.add(frame, name="bells", source="here", report=ReadReport(2))
    assert library.load("bells").frame["cues"].tolist() == ["against", ""]


def test_rows_without_a_mark_keep_the_digest_of_earlier_versions(frame_of: FrameOf) -> None:
    frame = frame_of({"row_id": "a", "group_id": "g", "concept": "A bell without a rope.", "types": []})
    assert frame_digest(frame) == DIGEST_BEFORE_MARKS
    assert frame_digest(frame.assign(cues="against")) != DIGEST_BEFORE_MARKS
