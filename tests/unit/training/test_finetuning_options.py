"""Options of the steps of a fine-tuning: each moves what the training comes to, and hidden layers learn along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebracket_core.errors import ConfigError
from rebracket_core.models.heads import HiddenHead
from rebracket_core.training import Cancelled, TrainingConfig
from rebracket_core.training.finetuning.job import TuningJob
from rebracket_core.training.finetuning.loop import make_backbone, make_trainer, trained_heads
from tests.support.encoder_fixtures import save_small_deberta
from tests.unit.training.test_finetune import CONFIG, N, Told, job_of, same, train

pytestmark = pytest.mark.slow
QUICK = CONFIG.with_(epochs=3, checkpoint_steps=0, patience_epochs=0)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_deberta(tmp_path_factory.mktemp("base"))


def hidden_job(base: Path, **options: Any) -> TuningJob:
    config = QUICK.with_(head="hidden", hidden_layers="12", hidden_dropout=0.1, **options)
    plain, chance = job_of(base, config), np.random.default_rng(1)
    layer = (chance.normal(size=(2, 38, 12)).astype(np.float32), np.zeros((2, 12), dtype=np.float32))
    head = HiddenHead((layer,), 0.1 * plain.weight[:, :12], plain.bias)
    arrays = head.to_arrays()
    return TuningJob(
        **{name: getattr(plain, name) for name in plain.__slots__ if name not in ("weight", "bias", "hidden")},
        weight=arrays.pop("weight"),
        bias=arrays.pop("bias"),
        hidden=arrays,
    )


def rates(base: Path, folder: Path, **options: Any) -> list[float]:
    """The encoder's learning rate at each of the nine steps, over its own."""
    trainer, _ = make_trainer(job_of(base, QUICK.with_(warmup=0.0, **options), held=8), folder, callback=Told())
    trainer.create_optimizer()
    schedule: Any = trainer.create_scheduler(9)
    return [share(step) for share in schedule.lr_lambdas[:1] for step in range(9)]


def test_phases_and_schedules_set_the_rate_of_each_step(base: Path, tmp_path: Path) -> None:
    """24 rows in batches of 8: three steps an epoch."""
    assert rates(base, tmp_path, phases="heads:1, all:2@0.1", schedule="constant") == pytest.approx([1] * 3 + [0.1] * 6)
    cosine = rates(base, tmp_path, schedule="cosine")
    assert cosine == pytest.approx([0.5 * (1 + np.cos(np.pi * step / 9)) for step in range(9)])
    for wrong in ("all:2@", "all:2@-1", "all:2@fast", "all:2@0"):
        with pytest.raises(ConfigError, match="phase"):
            TrainingConfig.of(method="full", phases=wrong)


def test_the_arguments_carry_clipping_and_accumulation(base: Path, tmp_path: Path) -> None:
    job = job_of(base, QUICK.with_(max_grad_norm=0.25, accumulation_steps=2))
    trainer, _ = make_trainer(job, tmp_path, callback=Told())
    assert (trainer.args.max_grad_norm, trainer.args.gradient_accumulation_steps) == (0.25, 2)


def test_accumulated_batches_are_one_step(base: Path, tmp_path: Path) -> None:
    told = train(job_of(base, CONFIG.with_(accumulation_steps=3)), tmp_path / "run")
    assert [p["step"] for p in told.points if "held_loss" in p] == [1, 2, 3]


def test_every_option_acts(base: Path, tmp_path: Path) -> None:
    plain = job_of(base, QUICK)
    train(plain, tmp_path / "plain")
    before = trained_heads(tmp_path / "plain")["weight"]
    for options in (
        {"schedule": "cosine"},
        {"max_grad_norm": 1e-3},
        {"task_grad_norm": 1e-4},
        {"task_dropout": 0.5},
        {"classes_learning_rate": 1e-5},
        {"weighting": "dwa", "dwa_temperature": 0.05},
        {"accumulation_steps": 3},
        {"ontological_weight": 0.05},
        {"axis_loss": "jsd"},
        {"phases": "all:3@0.2"},
    ):
        folder = tmp_path / "-".join(options)
        train(job_of(base, QUICK.with_(**options)), folder)
        assert np.abs(trained_heads(folder)["weight"] - before).max() > 1e-5, options


def test_dwa_and_task_dropout_are_taken_up_where_they_were(base: Path, tmp_path: Path) -> None:
    job = job_of(base, CONFIG.with_(weighting="dwa", task_dropout=0.3, patience_epochs=0, schedule="cosine"))
    train(job, tmp_path / "whole")
    with pytest.raises(Cancelled):
        train(job, tmp_path / "parts", cancel_at=7)
    train(job, tmp_path / "parts")
    same(tmp_path / "whole", tmp_path / "parts")


def test_a_backbone_with_hidden_layers_says_what_its_heads_say(base: Path) -> None:
    import torch

    from rebracket_core.encoders.transformers import load_trainable

    job = hidden_job(base)
    backbone = make_backbone(job, load_trainable(base)[1]).eval()
    head = HiddenHead.from_arrays({**job.hidden, "weight": job.weight, "bias": job.bias}, exclusive_types=False)
    x = np.random.default_rng(0).normal(size=(N, head.dim)).astype(np.float32)
    found = backbone.logits(torch.from_numpy(x)).detach().numpy()
    assert np.abs(found - head.logits(x)).max() < 1e-4
    assert set(backbone.head_arrays()) == set(head.to_arrays()) - {"activation"}


def test_hidden_layers_learn_along_and_are_taken_up(base: Path, tmp_path: Path) -> None:
    job = hidden_job(base, checkpoint_steps=2)
    job.save(tmp_path)
    again = TuningJob.load(tmp_path)
    assert set(again.hidden) == {"activation", "hidden.0.weight", "hidden.0.bias"}
    train(job, tmp_path / "whole")
    with pytest.raises(Cancelled):
        train(again, tmp_path / "parts", cancel_at=4)
    train(again, tmp_path / "parts")
    same(tmp_path / "whole", tmp_path / "parts")
    made = HiddenHead.from_arrays(trained_heads(tmp_path / "whole"), exclusive_types=False)
    assert np.abs(made.layers[0][0] - job.hidden["hidden.0.weight"]).max() > 1e-4
