"""One suite for every kind of head, and a kind made up here that reaches everything without a line elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from rebracket_core.errors import ConfigError, InputError
from rebracket_core.models import HeadTargets
from rebracket_core.models.artefact import load_artefact, save_artefact
from rebracket_core.models.heads import HEADS, Head, heads_from
from rebracket_core.models.layout import ALBUM, N_OUTPUTS
from rebracket_core.models.scores import Calibration
from rebracket_core.options import Range
from rebracket_core.training import TrainingConfig
from rebracket_core.training.config import all_options, options_markdown
from rebracket_core.training.hpo.space import SearchSpace, suggested
from tests.conftest import copy_home, open_home
from tests.support.fits import fit_config, fit_heads
from tests.support.prototype_head import PrototypeHead

N, DIM, MEMBERS = 240, 12, 2
CALIBRATION = Calibration(album_temperature=0.8, affinity_power=0.5, axis_blend=(0.2, 0.0, 0.5))


@pytest.fixture(scope="module")
def prototypes() -> Iterator[type[Head]]:
    """The made-up kind, registered for this module."""
    with HEADS.registered(PrototypeHead) as kind:
        yield kind


def _planted() -> tuple[np.ndarray, HeadTargets, np.ndarray]:
    """Rows whose album, axes and types can be read off their features."""
    rng = np.random.default_rng(7)
    album = rng.integers(0, 9, N)
    x = (np.eye(DIM)[album] * 2.0 + rng.normal(scale=0.4, size=(N, DIM))).astype(np.float32)
    axis = np.eye(3)[np.stack([album % 3, album // 3, (album + 1) % 3], axis=1)]
    types = (rng.random((N, 8)) < 0.3).astype(float)
    ones = np.ones(N)
    y = HeadTargets(axis, np.ones((N, 3)), (album > 0).astype(float), ones, album, types, ones, ones)
    weights = np.ones((MEMBERS, N), dtype=np.float32)
    weights[0, :40] = weights[1, 40:80] = 0
    return x, y, weights


@pytest.fixture(scope="module", params=["linear", "mc_dropout", "evidential", "hidden", "prototype"])
def fitted(request: pytest.FixtureRequest, prototypes: type[Head]) -> tuple[Head, np.ndarray, HeadTargets, list[int]]:
    """A head of each registered kind, fitted on planted rows, and the steps that it told of."""
    assert HEADS.names == ("linear", "mc_dropout", "evidential", "hidden", "prototype"), "a new kind needs its row here"
    x, y, weights = _planted()
    options: dict[str, dict[str, Any]] = {
        "mc_dropout": {"mc_samples": 4},
        "hidden": {"hidden_layers": ("48", "24"), "activation": "gelu", "hidden_batch_size": 16, "hidden_learning_rate": 0.01},
    }
    own = options.get(request.param, {})
    steps: list[int] = []
    config = fit_config(head=request.param, ensemble_size=MEMBERS, inverse_l2=50.0, max_steps=12, **own)
    head = fit_heads(x, y, member_weights=weights, config=config, on_step=lambda step, losses: steps.append(step))
    assert head.n_members == type(head).n_predictions(config)
    return head, x, y, steps


Fitted = tuple[Head, np.ndarray, HeadTargets, list[int]]


def test_it_learns_what_can_be_learnt_and_tells_its_steps(fitted: Fitted) -> None:
    head, x, y, steps = fitted
    logits = head.logits(x)
    assert logits.shape == (N, head.n_members, N_OUTPUTS) and logits.dtype == np.float32 and head.dim == DIM
    assert (logits[..., ALBUM].mean(axis=1).argmax(axis=1) == y.album_idx).mean() > 0.9
    assert steps == list(range(1, len(steps) + 1)) and steps


def test_pytorch_says_what_numpy_says_and_gradients_reach_the_features(fitted: Fitted) -> None:
    import torch

    head, x, _, _ = fitted
    features = torch.from_numpy(x[:20]).requires_grad_()
    told = head.torch_logits(features)
    assert np.abs(told.detach().numpy() - head.logits(x[:20])).max() < 1e-5 * max(1.0, float(np.abs(head.logits(x[:20])).max()))
    told[..., ALBUM].sum().backward()
    assert features.grad is not None and float(features.grad.abs().max()) > 0


def test_a_part_of_the_features_is_the_whole_with_the_others_at_zero(fitted: Fitted) -> None:
    import torch

    head, x, _, _ = fitted
    columns = np.array([1, 4, 7])
    whole = np.zeros_like(x[:5])
    whole[:, columns] = x[:5, columns]
    told = head.part(columns).torch_logits(torch.from_numpy(x[:5, columns])).numpy()
    assert np.allclose(told, head.torch_logits(torch.from_numpy(whole)).numpy(), atol=1e-5)


def test_arrays_make_the_same_head_again_through_a_model_folder(fitted: Fitted, tmp_path: Path) -> None:
    head, x, _, _ = fitted
    save_artefact(tmp_path, arrays=head.to_arrays(), manifest={"config": {"head": head.name}})
    read = load_artefact(tmp_path)
    again = heads_from(read.arrays, read.manifest["config"])
    assert type(again) is type(head) and again.logits(x).tobytes() == head.logits(x).tobytes()


def test_uncertainty_lies_between_0_and_1_and_is_the_sum_of_its_parts(fitted: Fitted) -> None:
    head, x, _, _ = fitted
    found = head.uncertainty(x, calibration=CALIBRATION)
    assert found.shape == (N, 3) and found.min() >= 0 and found.max() <= 1 + 1e-9
    assert np.allclose(found[:, 0], found[:, 1] + found[:, 2], atol=1e-12)


def test_it_describes_itself(fitted: Fitted) -> None:
    head = fitted[0]
    assert head.describe() == {"head": head.name, "label": head.label, "n_members": head.n_members, "dim": DIM}
    for text in (head.help, head.sees, head.blind, head.limits):
        assert text.endswith(".") and len(text) > 30
    assert head.name in HEADS.names and json.dumps(head.describe())


# ---- the kind that is made up here ------------------------------------------------------------------------------------


def test_a_new_kind_is_a_choice_everywhere_at_once(prototypes: type[Head]) -> None:
    assert "prototype" in [choice.name for choice in all_options()["head"].choices]
    assert all_options()["sharpness"].needs == {"head": ("prototype",)}
    config = TrainingConfig.of(head="prototype", sharpness=3)
    assert TrainingConfig.from_dict(config.to_dict()) == config and config.fit_config().options.sharpness == 3.0
    for wrong, word in (
        ({"sharpness": 99}, "0.1 to 50"),
        ({"head": "prototypes"}, "linear or mc_dropout"),
        ({"method": "full"}, "head"),
    ):
        with pytest.raises(ConfigError, match=word):
            config.with_(**wrong)
    assert suggested()["sharpness"] == Range(0.5, 8.0, log=True)
    space = SearchSpace.from_dict({"sharpness": {"low": 1, "high": 9}, "head": ["linear", "prototype"]}, base=config)
    assert space.values_of(config) == {"sharpness": 3.0, "head": "prototype"}
    assert "`sharpness`" in options_markdown() and "`prototype`, Prototypes" in options_markdown()


def test_a_new_kind_is_on_the_command_line(prototypes: type[Head]) -> None:
    from rebracket_core.cli.program import program

    told = CliRunner().invoke(program, ["options", "--json"])
    options = {o["name"]: o for o in json.loads(told.stdout)["options"]}
    assert "prototype" in options["head"]["choices"] and options["sharpness"]["section"] == "head:prototype"
    assert "sharpness=2.0  [0.1 to 50.0]" in CliRunner().invoke(program, ["options"]).stdout


@pytest.fixture(scope="module")
def home_of_prototypes(trained_home: Path, prototypes: type[Head], tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    bench = open_home(copy_home(trained_home, tmp_path_factory.mktemp("prototypes") / "home"))
    config = TrainingConfig.of(head="prototype", sharpness=8.0, ensemble_size=2, folds=2)
    return bench, bench.training.train("starter", config=config).run_id


def test_a_new_kind_trains_and_gives_verdicts(home_of_prototypes: tuple[Any, str]) -> None:
    bench, run_id = home_of_prototypes
    read = bench.verdicts.read_upload("one.txt", b"The rose remembers itself.")
    verdict = bench.verdicts.validate(read.concepts, run_id=run_id, keep=False)[0]
    assert verdict.run_id == run_id and sum(verdict.to_dict()["album_probabilities"].values()) == pytest.approx(1.0, abs=1e-3)
    assert bench.resources.runs.info(run_id).metrics["album"]["n"] > 0


def test_a_new_kind_is_on_the_model_card(home_of_prototypes: tuple[Any, str]) -> None:
    bench, run_id = home_of_prototypes
    card = bench.runs.card(run_id)
    assert "Its uncertainty is the disagreement of prototypes." in card
    assert "`head=prototype`" in card and "`sharpness=8.0`" in card and "How quickly a prototype loses its say" in card


def test_what_is_not_chosen_leaves_nothing_in_a_config(prototypes: type[Head]) -> None:
    assert "sharpness" not in TrainingConfig.of(sharpness=5.0).to_dict()
    assert TrainingConfig.of(sharpness=5.0).with_(head="prototype").to_dict()["sharpness"] == 5.0


def test_a_run_whose_kind_is_not_installed_says_so(home_of_prototypes: tuple[Any, str]) -> None:
    bench, run_id = home_of_prototypes
    HEADS.unregister("prototype")
    try:
        with pytest.raises(InputError, match="no such kind of head"):
            bench.resources.runs.load(run_id)
    finally:
        HEADS.register(PrototypeHead)
