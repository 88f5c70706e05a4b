"""Where an encoder learns, "unlike the training texts" is said in its own vectors: in each fold and in the final model.

The encoder that learns is a turned one here: its vectors are those of MiniLM in another basis, so that what a detector should
say is known, and a detector of the wrong vectors is found out.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebracket_core.encoders import open_encoder
from rebracket_core.models.artefact import load_artefact
from rebracket_core.settings import Settings, Thresholds
from rebracket_core.training import TrainingConfig, run, train_run
from rebracket_core.training.heads.checkpoints import FoldCheckpoints
from rebracket_core.training.heads.crossfit import FittedHeads, cross_fit, fit_ensemble
from rebracket_core.training.rows import TrainingRows, prepare_rows
from rebracket_core.validation import ConceptModel
from tests.unit.training.test_training import Quiet, _some

CONFIG = TrainingConfig.of(folds=3, ensemble_size=1, max_steps=6)


def _turn(vectors: np.ndarray) -> np.ndarray:
    basis, _ = np.linalg.qr(np.random.default_rng(7).normal(size=(vectors.shape[1],) * 2))
    return np.asarray(vectors @ basis.astype(np.float32))


class Turned:
    """A tuner whose encoder learns to turn all vectors."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def fit(self, rows: TrainingRows, *, train: np.ndarray, seed: int, name: str) -> tuple[FittedHeads, TrainingRows]:
        vectors = {field: _turn(v) for field, v in rows.vectors.items()}
        assert rows.background is not None
        seen = replace(rows, vectors=vectors, background=_turn(rows.background))
        return fit_ensemble(seen, train=train, config=CONFIG, seed=seed), seen

    def forget(self, name: str) -> None:
        pass

    def keep(self, name: str) -> str:
        return "turned"


@pytest.fixture(scope="module")
def settings(trained_home: Path) -> Settings:
    return Settings(home=trained_home, database_url=f"sqlite:///{trained_home / 'workbench.db'}")


@pytest.mark.slow
def test_each_fold_asks_a_detector_of_its_own_encoder(settings: Settings, tmp_path: Path) -> None:
    rows = prepare_rows(_some(settings, 24).frame, config=CONFIG, encoder=open_encoder("minilm", settings=settings))
    frozen, turned = (
        cross_fit(rows, config=CONFIG, callback=Quiet(), checkpoints=FoldCheckpoints(tmp_path / name), tuner=tuner)
        for name, tuner in (("frozen", None), ("turned", Turned()))
    )
    assert np.abs(frozen.ood_p - turned.ood_p).mean() < 0.02  # distances do not change in another basis
    assert (turned.ood_p < 0.05).mean() < 0.2


@pytest.mark.slow
def test_the_final_model_keeps_the_detector_of_the_encoder_that_learnt(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, encoder = _some(settings, 24), open_encoder("minilm", settings=settings)
    monkeypatch.setattr(run, "EncoderTuner", Turned)
    config: Any = CONFIG.with_(method="full", patience_epochs=0)
    train_run(data, config=config, encoder=encoder, folder=tmp_path / "run", thresholds=Thresholds(), callback=Quiet())
    model = ConceptModel.from_artefact(load_artefact(tmp_path / "run" / "model"))
    vectors = prepare_rows(data.frame, config=CONFIG, encoder=encoder).vectors["concept"]
    assert (model.ood.p_value(_turn(vectors)) < 0.05).mean() < 0.2
    assert (model.ood.p_value(vectors) < 0.05).mean() > 0.8, "of the vectors before it learnt it knows nothing"
