"""What the Launch page says and writes, without a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebracket_core.errors import ConfigError
from rebracket_core.jobs import JobState, Status
from rebracket_core.models.heads import HEADS
from rebracket_core.options import Option
from rebracket_core.training.config import SECTIONS, TrainingConfig, all_options
from rebracket_core.ui.train import run_progress as training, training_form as launch

CONFIG = TrainingConfig.of(
    text=("concept", "lyrics"),
    encoder="a/b: c#d",
    tfidf=False,
    ensemble_size=3,
    folds=4,
    split="leaked",
    inverse_l2=7.5,
    seed=1,
)


def _state(status: Status, *, done: int = 0, total: int = 1, left_s: float | None = None) -> JobState:
    return JobState(
        run_id="r",
        status=status,
        dataset="d",
        created_at="",
        attempt=1,
        stage="Reading texts",
        done=done,
        total=total,
        left_s=left_s,
        error="",
        hint="",
        config={},
    )


@pytest.mark.parametrize("config", [TrainingConfig(), CONFIG])
def test_the_downloaded_config_is_the_one_that_the_command_line_trains_with(config: TrainingConfig, tmp_path: Path) -> None:
    path = tmp_path / launch.CONFIG_FILE
    path.write_bytes(launch.config_yaml(config).encode())
    assert TrainingConfig.from_file(path) == config


@pytest.mark.parametrize("option", all_options().values(), ids=lambda option: option.name)
def test_every_option_says_what_it_means(option: Option) -> None:
    assert option.label[0].isupper() and len(option.help) > 15 and option.help.endswith(".")
    assert option.section in {*SECTIONS, *(f"head:{head.name}" for head in HEADS)}


@pytest.mark.parametrize("option", [o for o in all_options().values() if o.low is not None], ids=lambda option: option.name)
def test_the_form_offers_all_that_the_config_allows(option: Option) -> None:
    """Each end of a range is allowed where nothing else is in its way, and what lies beyond is refused by name."""
    assert option.low is not None and option.high is not None
    for value in (option.low, option.high):
        option.check(option.parse(value))
    for value in (option.low - 1, option.high + 1):
        with pytest.raises(ConfigError, match=option.name):
            option.check(value)


def test_every_status_has_words() -> None:
    assert set(training._MEANINGS) == set(Status)
    lost = training._MEANINGS[Status.LOST][2]
    assert "without a word" in lost and "resume" in lost


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "a moment"), (40, "about 40 s"), (200, "about 3 min"), (7300, "about 2 h")]
)
def test_time_left_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert training.time_left(seconds) == words


def test_the_stage_says_how_far_it_is() -> None:
    running = _state(Status.RUNNING, done=2, total=5, left_s=6.2)
    assert training.stage_text(running) == "Reading texts · 2 of 5 · about 6 s left in this step"
    assert training.stage_text(_state(Status.RUNNING)) == "Reading texts"
    assert training.stage_text(_state(Status.LOST, done=2, total=5)) == "It ended while: Reading texts · 2 of 5"
