"""The parts of pages that can be looked at without a page."""

from __future__ import annotations

from typing import Any

import pytest

from rebracket_core.corpus.audit.report import Finding, Level
from rebracket_core.corpus.schema import DatasetMeta, ReadReport
from rebracket_core.errors import InputError
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES
from rebracket_core.runs.metrics import AccuracyScore, RunMetrics
from rebracket_core.runs.store import RunInfo
from rebracket_core.ui.concepts.batch import MAX_BATCHES, BatchCache
from rebracket_core.ui.concepts.reading import read_verdict
from rebracket_core.ui.concepts.verdict import states_table
from rebracket_core.ui.concepts.verdict_table import FAILED, Filter, as_expected, verdict_frame
from rebracket_core.ui.home import next_steps
from rebracket_core.ui.kit.swatch import favicon, swatch_svg
from rebracket_core.ui.library.audit import finding_text
from rebracket_core.ui.train.run_summary import scores_of
from rebracket_core.validation import Verdict


def _verdict(**changes: Any) -> Verdict:
    plain = {
        "id": "c1",
        "source": "a.csv:row 1",
        "text": "A ledger <b>closed</b>\nin 1911.",
        "verdict": "ACCEPT",
        "reason": "",
        **{axis: dict(zip(MODES[axis], (0.8, 0.1, 0.1), strict=True)) for axis in AXIS_NAMES},
        "states": {axis: {"state": "dominant", "modes": [MODES[axis][0]]} for axis in AXIS_NAMES},
        "album": "Red",
        "album_probability": 0.84,
        "album_probabilities": dict.fromkeys(ALBUM_NAMES, 0.1),
        "flags": [],
        "axes_album": "Red",
        "chromatic_confidence": 0.9,
        "expected_album": None,
        "error": None,
        **changes,
    }
    return read_verdict(plain)


def _meta(name: str = "starter", digest: str = "d") -> DatasetMeta:
    return DatasetMeta(name, digest, 10, 5, ("starter",), "2026-01-01T00:00:00", "x", ReadReport(10))


def test_a_tile_holds_only_what_the_table_says() -> None:
    svg = swatch_svg("Yellow")
    assert "#FFFF00" in svg and ">Y</text>" in svg
    with pytest.raises(InputError):
        swatch_svg("<script>")
    assert favicon().startswith("<svg")


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        (Filter(), [0, 1, 2]),
        (Filter(text="LEDGER"), [0, 1]),
        (Filter(verdicts=("REJECT",)), [1]),
        (Filter(verdicts=(FAILED,)), [2]),
        (Filter(albums=("Red",)), [0]),
        (Filter(against_source=True), [1]),
    ],
)
def test_filters_pass_what_they_say(chosen: Filter, shown: list[int]) -> None:
    rows = [
        _verdict(),
        _verdict(verdict="REJECT", album="Blue", expected_album="Red"),
        read_verdict({"id": "x", "error": "no text", "album": None, "verdict": None, "expected_album": "Red"}),
    ]
    assert [i for i, row in enumerate(rows) if chosen.passes(row)] == shown


def test_the_table_keeps_order_and_leaves_empty_columns_out() -> None:
    frame = verdict_frame([_verdict(id="b"), _verdict(id="a", expected_album="Blue")])
    assert frame["id"].tolist() == ["b", "a"]
    assert frame["as expected"].tolist()[1] == "no"
    assert "problem" not in frame and "reason" not in frame
    assert frame["text"].iloc[0] == "A ledger <b>closed</b> in 1911."
    assert as_expected(_verdict(expected_album="Red")) == "yes"


def test_an_axis_agrees_as_the_gate_says() -> None:
    table = states_table(_verdict())
    assert table["agrees"].tolist() == ["yes", "yes", "no"]  # imagined is not Red's known
    assert table["Red asks for"].tolist() == ["past", "thing", "known"]


def test_suggestions_are_sentences_in_either_form() -> None:
    told = read_verdict({"suggestions": ["raise past", {"text": "raise past", "axis": "temporal"}]}).suggestions
    assert told == ("raise past", "raise past")


def test_a_verdict_of_an_earlier_version_is_read_and_a_false_one_is_refused() -> None:
    old = read_verdict({"id": "c", "verdict": "ACCEPT", "album": "Red", "album_probability": 0.8, "forgotten_field": 1})
    assert (old.album, old.flags, old.thresholds, old.error) == ("Red", (), {}, None)
    with pytest.raises(InputError, match="cannot be read"):
        read_verdict({"id": "c", "verdict": "MAYBE"})


def test_batches_are_dropped_oldest_first() -> None:
    cache = BatchCache()
    ids = [cache.put("x", [_verdict()], ReadReport(1)) for _ in range(MAX_BATCHES + 2)]
    assert cache.get(ids[0]) is None and cache.get(ids[1]) is None
    assert cache.get(ids[2]) is not None and cache.get("nothing") is None


def test_scores_leave_out_what_was_not_measured() -> None:
    album = {"accuracy": 0.8, "ci_low": 0.7, "ci_high": 0.9, "n": 5, "majority": 0.2, "recall": 1}
    document = {"album": album, "metrics": {"temporal": {"accuracy": None}}}
    assert [(s.name, s.accuracy, s.low, s.majority) for s in scores_of(RunMetrics.from_dict(document))] == [
        ("album", 0.8, 0.7, 0.2)
    ]
    assert str(AccuracyScore.from_dict(album)) == "0.80 (0.70 to 0.90)"
    assert str(AccuracyScore.from_dict(None)) == str(AccuracyScore.from_dict({"accuracy": None})) == "not measured"
    assert str(AccuracyScore.from_dict({"accuracy": 0.5, "ci_low": None, "ci_high": None})) == "0.50"


def _run(dataset: str, digest: str, *, starter: bool) -> RunInfo:
    return RunInfo(
        run_id=f"{dataset}-1",
        created_at="",
        dataset=dataset,
        dataset_digest=digest,
        encoder_id="",
        origins=(),
        n_rows=0,
        n_groups=0,
        metrics={},
        transfer=(),
        thresholds={},
        config={},
        promoted=False,
        starter=starter,
    )


def test_the_next_step_is_always_the_most_needed_one() -> None:
    run = _run("starter", "d", starter=True)
    assert [s.page for s in next_steps([], [], promoted=None, kept=0)] == ["import"]
    assert [s.page for s in next_steps([_meta()], [], promoted=None, kept=0)] == ["launch", "audit"]
    assert [s.page for s in next_steps([_meta()], [run], promoted=None, kept=0)] == ["runs"]
    assert [s.page for s in next_steps([_meta()], [run], promoted=run, kept=0)] == ["validate", "import"]
    songs = _run("songs", "s", starter=False)
    steps = next_steps([_meta(), _meta("songs", "s")], [songs], promoted=songs, kept=3)
    assert [s.page for s in steps] == ["launch"] and "starter" in steps[0].text
    assert [s.page for s in next_steps([_meta("songs", "s")], [songs], promoted=songs, kept=3)] == ["validate"]


def test_a_finding_shows_data_as_written() -> None:
    text = finding_text(Finding(Level.WARNING, "x", "two *rows*", "d", tuple(f"r_{i}" for i in range(20))), word="Keep")
    assert r"two \*rows\*" in text and r"r\_0" in text and "8 more" in text
