"""Encoders that learn with their heads: through the same road as frozen ones, stopped and taken up again, alone and shared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebracket_core.errors import ConfigError
from rebracket_core.models.layout import N_OUTPUTS
from rebracket_core.models.targets import HeadTargets
from rebracket_core.settings import Settings
from rebracket_core.training import Cancelled, TrainingConfig
from rebracket_core.training.callbacks import CurveCallback
from rebracket_core.training.finetuning.cost import tuning_bytes
from rebracket_core.training.finetuning.job import TuningJob
from rebracket_core.training.finetuning.loop import ENCODER, run_tuning, trained_heads
from tests.conftest import open_home
from tests.support.encoder_fixtures import WORDS, save_small_deberta

N = 32
CONFIG = TrainingConfig.of(
    method="full",
    epochs=3,
    batch_size=8,
    max_tokens=16,
    learning_rate=1e-3,
    ensemble_size=2,
    patience_epochs=2,
    checkpoint_steps=2,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_deberta(tmp_path_factory.mktemp("base"))


def job_of(base: Path, config: TrainingConfig = CONFIG, *, held: int = 8) -> TuningJob:
    chance = np.random.default_rng(0)
    album = np.arange(N) % 4
    axis = np.eye(3)[chance.integers(0, 3, (N, 3))] * 0.9 + 1 / 30
    ones = np.ones(N, dtype=np.float32)
    targets = HeadTargets(axis, np.ones((N, 3)), ones, ones, album, chance.integers(0, 2, (N, 8)).astype(float), ones, ones)
    texts = [" ".join([WORDS[a], *chance.choice(WORDS, 3 + i % 5)]) for i, a in enumerate(album)]
    member = np.ones((2, N), dtype=np.float32)
    member[0, ::4] = member[1, 1::4] = 0
    member[:, :held] = 0
    return TuningJob(
        base=str(base),
        device="cpu",
        threads=1,
        seed=3,
        config=config,
        texts={"concept": texts},
        words=chance.random((N, 6)).astype(np.float32),
        targets=targets,
        weight=0.1 * chance.normal(size=(2, 32 + 6, N_OUTPUTS)).astype(np.float32),
        bias=np.zeros((2, N_OUTPUTS), dtype=np.float32),
        member_weights=member,
        held=np.arange(N) < held,
    )


class Told(CurveCallback):
    """What a training said; it cancels at a step where it is asked to."""

    def __init__(self, cancel_at: int = -1) -> None:
        self.points: list[dict[str, Any]] = []
        self._cancel_at = cancel_at

    def update(self, stage: str, done: int, total: int, *, message: str = "") -> None:
        if done == self._cancel_at:
            raise Cancelled("asked")

    def point(self, values: Mapping[str, Any]) -> None:
        self.points.append(dict(values))


def train(job: TuningJob, folder: Path, *, cancel_at: int = -1) -> Told:
    folder.mkdir(exist_ok=True)
    told = Told(cancel_at)
    run_tuning(job, folder, callback=told)
    return told


def same(a: Path, b: Path) -> None:
    """Both trainings came to the same encoder and heads, to the last bit."""
    assert (a / ENCODER / "model.safetensors").read_bytes() == (b / ENCODER / "model.safetensors").read_bytes()
    for name, value in trained_heads(a).items():
        assert np.array_equal(value, trained_heads(b)[name]), name


def test_it_learns_and_says_how(base: Path, tmp_path: Path) -> None:
    told = train(job_of(base), tmp_path / "run")
    losses = [p["tuning_loss"] for p in told.points if "tuning_loss" in p]
    assert losses[-1] < losses[0]
    point = told.points[0]
    assert set(point["gradient_norms"]) == {"temporal", "spatial", "ontological", "confidence", "album", "types"}
    assert point["loss_album"] > 0 and min(point["gradient_norms"].values()) > 0
    assert [p["step"] for p in told.points if "held_loss" in p] == [3, 6, 9]
    assert not [p for p in (tmp_path / "run").rglob("*") if p.suffix in (".pt", ".pth", ".bin", ".pkl")]


@pytest.mark.slow
@pytest.mark.parametrize("cancel_at", [pytest.param(2, marks=pytest.mark.slow), 3, pytest.param(4, marks=pytest.mark.slow)])
def test_a_cancelled_training_comes_to_the_same_numbers(base: Path, tmp_path: Path, cancel_at: int) -> None:
    """Cancelled within an epoch, at its end and after it; the checkpoint holds the step at which it was."""
    train(job_of(base), tmp_path / "whole")
    with pytest.raises(Cancelled):
        train(job_of(base), tmp_path / "parts", cancel_at=cancel_at)
    assert (tmp_path / "parts" / f"checkpoint-{cancel_at}" / "keeper.json").is_file()
    (tmp_path / "parts" / "checkpoint-99").mkdir()  # what a kill leaves: no mark, so it does not count
    train(job_of(base), tmp_path / "parts")
    same(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.slow
def test_gradnorm_is_taken_up_where_it_was(base: Path, tmp_path: Path) -> None:
    job = job_of(base, CONFIG.with_(weighting="gradnorm"))
    train(job, tmp_path / "whole")
    with pytest.raises(Cancelled):
        train(job, tmp_path / "parts", cancel_at=4)
    train(job, tmp_path / "parts")
    same(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.slow
def test_lora_learns_and_is_merged(base: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    train(job_of(base, CONFIG.with_(method="lora")), tmp_path / "run")
    before, after = load_file(base / "model.safetensors"), load_file(tmp_path / "run" / ENCODER / "model.safetensors")
    assert before.keys() == after.keys()
    changed = [name for name in before if not np.array_equal(before[name], after[name])]
    assert changed and all("LayerNorm" not in name and "word_embeddings" not in name for name in changed)


def apart(encoder: Path, job: TuningJob) -> float:
    """How much nearer the texts of one album lie to each other than to those of another, in cosines."""
    from rebracket_core.encoders.transformers.trainable import open_trained

    vectors = open_trained(encoder, settings=Settings.from_env({})).encode(job.texts["concept"])
    album = job.targets.album_idx
    alike, others = album[:, None] == album[None, :], ~np.eye(N, dtype=bool)
    cosine = vectors @ vectors.T
    return float(cosine[alike & others].mean() - cosine[~alike].mean())


@pytest.mark.slow
def test_contrast_draws_the_texts_of_an_album_together(base: Path, tmp_path: Path) -> None:
    longer = CONFIG.with_(epochs=8, patience_epochs=0)
    plain, drawn = job_of(base, longer, held=0), job_of(base, longer.with_(contrastive_loss_weight=4.0), held=0)
    train(plain, tmp_path / "plain")
    told = train(drawn, tmp_path / "drawn")
    shown = [p["loss_contrastive"] for p in told.points if "loss_contrastive" in p]
    assert np.mean(shown[-4:]) < np.mean(shown[:4]) - 0.02
    assert shown == [p["loss_contrast"] for p in told.points if "loss_contrast" in p], "the older name of the curve stays"
    assert apart(tmp_path / "drawn" / ENCODER, drawn) > apart(tmp_path / "plain" / ENCODER, plain) + 0.05


@pytest.mark.slow
def test_phases_freeze_what_they_say(base: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    config = CONFIG.with_(phases="backbone/album:1", patience_epochs=0)
    job = job_of(base, config, held=0)
    told = train(job, tmp_path / "trunk")
    assert np.array_equal(trained_heads(tmp_path / "trunk")["weight"], job.weight)
    assert all(set(p["gradient_norms"]) == {"album"} for p in told.points)
    heads = job_of(base, CONFIG.with_(phases="heads:1,all:1", patience_epochs=0), held=0)
    with pytest.raises(Cancelled):
        train(heads, tmp_path / "heads", cancel_at=3)
    kept = (
        load_file(tmp_path / "heads" / "checkpoint-2" / "trunk.safetensors")
        if (tmp_path / "heads" / "checkpoint-2").exists()
        else load_file(tmp_path / "heads" / "checkpoint-3" / "trunk.safetensors")
    )
    first = load_file(base / "model.safetensors")
    own = {name.removeprefix("encoder."): value for name, value in kept.items() if name.startswith("encoder.")}
    assert own and all(np.array_equal(value, first[name]) for name, value in own.items())
    assert not np.array_equal(kept["weight"], heads.weight)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [*({"weighting": name} for name in ("fixed", "uncertainty", "gradnorm", "upgrad")), {"contrast": 1.0}],
    ids=lambda changes: str(next(iter(changes.values()))),
)
def test_two_processes_come_to_the_losses_of_one(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Two CPU processes (gloo) share each batch; without dropout the losses are those of one process."""
    from rebracket_core.training.finetuning.distributed import share_tuning

    base = save_small_deberta(tmp_path / "base")
    config = (base / "config.json").read_text().replace('"hidden_dropout_prob": 0.1', '"hidden_dropout_prob": 0.0')
    (base / "config.json").write_text(
        config.replace('"attention_probs_dropout_prob": 0.1', '"attention_probs_dropout_prob": 0.0')
    )
    one = train(job_of(base, CONFIG.with_(**changes)), tmp_path / "one")
    two, job = Told(), job_of(base, CONFIG.with_(**changes, processes=2))
    (tmp_path / "two").mkdir()
    share_tuning(job, tmp_path / "two", callback=two)
    for name in ("tuning_loss", "held_loss", "loss_album"):
        alone, shared = ([p[name] for p in told.points if name in p] for told in (one, two))
        assert shared == pytest.approx(alone, rel=2e-3), name
    weight = trained_heads(tmp_path / "one")["weight"]
    assert np.abs(trained_heads(tmp_path / "two")["weight"] - weight).max() < 5e-3


_KILLED = """
import sys, time
from pathlib import Path
from tests.unit.training.test_finetune import job_of, train, Told
from rebracket_core.training.finetuning.loop import run_tuning
class Slow(Told):
    def update(self, stage, done, total, *, message=""):
        print(done, flush=True)
        time.sleep(0.1)
run_tuning(job_of(Path(sys.argv[1])), Path(sys.argv[2]), callback=Slow())
"""


@pytest.mark.slow
@pytest.mark.parametrize("at", ["3", "5", "8"])
def test_a_killed_training_comes_to_the_same_numbers(base: Path, tmp_path: Path, at: str) -> None:
    train(job_of(base), tmp_path / "whole")
    (tmp_path / "parts").mkdir()
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", _KILLED, str(base), str(tmp_path / "parts")]
    env = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=env)
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == at:
            time.sleep(0.03)
            process.send_signal(signal.SIGKILL)
            break
    assert process.wait() == -signal.SIGKILL
    train(job_of(base), tmp_path / "parts")
    same(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.slow
def test_a_run_with_its_own_encoder_gives_verdicts_and_travels(base: Path, home: Path, tmp_path: Path) -> None:
    bench = open_home(home)
    config = CONFIG.with_(encoder=str(base), folds=2, epochs=1, max_steps=8)
    info = bench.training.train("starter", config=config)
    place = home / "runs" / info.run_id
    assert (place / "model" / "encoder" / "model.safetensors").is_file()
    assert info.encoder_id != bench.resources.encoder(str(base)).encoder_id
    assert not list((place / "checkpoints").glob("tuning-fold-*"))
    bench.runs.promote(info.run_id)
    read = bench.verdicts.read_upload("one.txt", b"The rose remembers itself.")
    assert bench.verdicts.validate(read.concepts)[0].run_id == info.run_id
    assert "fine-tuned from" in bench.runs.card(info.run_id)
    bench.runs.export(info.run_id, to=tmp_path / "run.zip")
    other = open_home(tmp_path / "other")
    assert other.runs.take_in(tmp_path / "run.zip").encoder_id == info.encoder_id
    verdict = other.verdicts.validate(read.concepts, run_id=info.run_id, keep=False)[0]
    assert verdict.to_dict()["album_probability"] == bench.verdicts.validate(read.concepts)[0].to_dict()["album_probability"]


def test_what_does_not_fit_is_refused_with_what_would(base: Path) -> None:
    from rebracket_core.training.estimate import refuse_too_large

    config = TrainingConfig.of(encoder=str(base), method="full", batch_size=4096, max_tokens=512)
    free = 2_000_000_000
    with pytest.raises(ConfigError, match="Training the encoder would not fit") as refused:
        refuse_too_large(500, config=config, dim=32, free=free, base=base)
    smaller = dict(part.split("=") for part in refused.value.hint.removeprefix("set ").split(" and "))
    refuse_too_large(500, config=config.with_(**smaller), dim=32, free=free, base=base)
    assert tuning_bytes(base, config=config.with_(method="lora")) < tuning_bytes(base, config=config)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weighting": "pcgrad", "method": "frozen"}, "share none"),
        ({"weighting": "pcgrad", "tasks": ("album",)}, "balances several tasks"),
        ({"phases": "heads:2"}, "backbone learns"),
        ({"phases": "tail:2"}, "phase cannot be read"),
        ({"phases": "all/has_any_type:2"}, "phase cannot be read"),
        ({"batch_size": 5, "processes": 2}, "multiple of the 2 processes"),
        ({"contrastive_loss_weight": 1.0, "tasks": ("axes",)}, "album is not among"),
        ({"method": "half"}, "frozen or full or lora"),
    ],
)
def test_what_can_do_nothing_is_refused_with_the_reason(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        CONFIG.with_(**changes)
