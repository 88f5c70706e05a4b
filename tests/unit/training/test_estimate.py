"""What a training will take, said before it starts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rebracket_core.errors import ConfigError
from rebracket_core.training import TrainingConfig
from rebracket_core.training.estimate import available_memory, estimate_training, refuse_too_large
from tests.conftest import open_home

CONFIG = TrainingConfig.of(folds=3, ensemble_size=2)


@pytest.mark.alone
@pytest.mark.slow
def test_the_estimate_is_above_the_training_and_not_absurd(home: Path) -> None:
    bench = open_home(home)
    found = estimate_training(bench.datasets.get("starter").frame, config=CONFIG, encoder=bench.resources.encoder("minilm"))
    start = time.perf_counter()
    bench.training.train("starter", config=CONFIG)
    spent = time.perf_counter() - start
    assert found.n_fits == 4 and found.n_rows == len(bench.datasets.get("starter").frame)
    assert spent / 3 < found.seconds < 60 * spent  # "at most": every fit to its last step, beside other tests


@pytest.mark.alone
@pytest.mark.slow
def test_more_steps_folds_and_members_take_longer(home: Path) -> None:
    bench = open_home(home)
    frame, encoder = bench.datasets.get("starter").frame, bench.resources.encoder("minilm")
    small = estimate_training(frame, config=CONFIG, encoder=encoder)
    large = estimate_training(frame, config=CONFIG.with_(folds=20, max_steps=600), encoder=encoder)
    assert large.seconds > 5 * small.seconds
    assert estimate_training(frame, config=CONFIG.with_(ensemble_size=40), encoder=encoder).memory_bytes > small.memory_bytes


def test_what_does_not_fit_is_refused_with_what_would() -> None:
    config = TrainingConfig.of(ensemble_size=50)
    with pytest.raises(ConfigError, match="would not fit") as refused:
        refuse_too_large(20_000, config=config, dim=384, free=2_000_000_000)
    smaller = dict(part.split("=") for part in refused.value.hint.removeprefix("set ").split(" and "))
    refuse_too_large(20_000, config=config.with_(**smaller), dim=384, free=2_000_000_000)
    with pytest.raises(ConfigError, match="would not fit") as refused:
        refuse_too_large(20_000, config=config, dim=384, free=1_000)
    assert "part of the data" in refused.value.hint
    refuse_too_large(20_000, config=config, dim=384, free=None)
    refuse_too_large(700, config=TrainingConfig(), dim=384, free=available_memory())
