"""What the pages say of sets of albums and of uncertainty, without a page."""

from __future__ import annotations

from typing import Any

import pytest

from rebracket_core.models.conformal import COVERAGES
from rebracket_core.models.heads import HEADS
from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.runs.metrics import SetScores
from rebracket_core.runs.store import RunInfo
from rebracket_core.ui.concepts import uncertainty
from rebracket_core.ui.concepts.reading import read_verdict

SHARES = dict.fromkeys(ALBUM_NAMES, 0.02) | {"Red": 0.6, "Violet": 0.26}
PLAIN: dict[str, Any] = {
    "album_probabilities": SHARES,
    "uncertainty": {"total": 0.5, "aleatoric": 0.4, "epistemic": 0.1},
    "flags": [],
}
VERDICT = read_verdict(PLAIN)
MEASURED = {
    "coverage": 0.9,
    "measured": 0.904,
    "ci_low": 0.88,
    "ci_high": 0.93,
    "n_groups": 40,
    "mean_size": 1.3,
    "per_album": {"Red": 0.95, "Indigo": 0.8},
}


def _run(*, limit: float = 0.2, leaked: bool = False, **config: Any) -> RunInfo:
    limits = [limit + 0.5 * (0.9 - coverage) if coverage < 0.95 else 0.0 for coverage in COVERAGES]
    return RunInfo(
        run_id="r",
        created_at="",
        dataset="d",
        dataset_digest="",
        encoder_id="",
        origins=("songs",),
        n_rows=90,
        n_groups=40,
        metrics={"leaked": leaked, "calibration": {"sets": MEASURED}},
        transfer=(),
        thresholds={},
        config=config,
        promoted=True,
        starter=False,
        album_sets={"limits": limits, "n_rows": 90, "n_groups": 40},
    )


def test_the_set_is_named_with_what_was_measured() -> None:
    told = uncertainty.set_text(VERDICT, _run(), coverage=0.9)
    assert told == (
        "Likely albums (90% set): Red or Violet. On held-out songs such sets held the right album 90% of the time (88% to 93%)."
    )
    narrow = uncertainty.set_text(VERDICT, _run(), coverage=0.7)
    assert "Red alone" in narrow and "Made to hold the right album for 70%" in narrow


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"reason": "ood_detection"}, "which this is not"),
        ({"flags": ["unknown_source"]}, "which this is not"),
        ({"flags": ["seen_in_training"]}, "promises nothing"),
    ],
)
def test_the_promise_is_taken_back_where_it_does_not_hold(changes: dict[str, Any], word: str) -> None:
    assert word in uncertainty.set_text(read_verdict(PLAIN | changes), _run(), coverage=0.9)


def test_no_set_where_nothing_can_be_promised() -> None:
    assert "too few to promise 95%" in uncertainty.set_text(VERDICT, _run(), coverage=0.95)
    assert "split by row" in uncertainty.set_text(VERDICT, _run(leaked=True), coverage=0.9)
    assert uncertainty.set_text(VERDICT, None, coverage=0.9) == ""


def test_every_kind_can_be_chosen_and_says_what_it_cannot_see() -> None:
    assert HEADS.names == ("linear", "mc_dropout", "evidential", "hidden")
    for kind in HEADS:
        assert "out-of-distribution test" in kind.blind and len(kind.sees) > 60
    assert uncertainty.kind_of(_run()) is HEADS.get("linear")
    assert uncertainty.parts(VERDICT, uncertainty.kind_of(_run(head="evidential"))) == {
        "total": 0.5,
        "aleatoric": 0.4,
        "OOD-like score": 0.1,
    }


def test_the_figures_name_the_album_that_is_covered_least() -> None:
    scores = SetScores.from_dict(MEASURED)
    assert scores is not None
    told = uncertainty.figures_text(scores)
    assert "90% of the time (88% to 93%)" in told and "Least often for Indigo: 80%" in told
