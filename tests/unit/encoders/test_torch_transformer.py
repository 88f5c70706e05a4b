"""Any transformers model from a folder or the hub's cache; errors say what can be used instead."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rebracket_core.encoders import LARGE_CHOICE, open_encoder
from rebracket_core.encoders.transformers.encoder import TorchTransformer
from rebracket_core.errors import EncoderError
from rebracket_core.settings import Settings

TEXTS = ["the rose remembers itself", "a thing", "", "that was here 日本"]


@pytest.fixture
def copied(tmp_path: Path, small_deberta: Path) -> Path:
    """A copy of the small model."""
    return Path(shutil.copytree(small_deberta, tmp_path / "model"))


def test_vectors_are_the_masked_mean_of_the_model(small_deberta: Path, settings: Settings) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(small_deberta)
    model = AutoModel.from_pretrained(small_deberta).eval()
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(**batch).last_hidden_state
    shown = batch["attention_mask"].unsqueeze(-1)
    mean = (hidden * shown).sum(1) / shown.sum(1)
    expected = torch.nn.functional.normalize(mean, dim=1).numpy()
    encoder = TorchTransformer(str(small_deberta), settings=settings)
    assert (encoder.dim, encoder.window) == (32, 64)
    assert np.abs(encoder.encode(TEXTS) - expected).max() <= 1e-5


def test_the_id_follows_weights_and_tokenizer(copied: Path, settings: Settings, tmp_path: Path) -> None:
    from tests.support.encoder_fixtures import save_small_deberta

    ids = {TorchTransformer(str(copied), settings=settings).encoder_id}
    ids.add(TorchTransformer(str(save_small_deberta(tmp_path / "other", seed=1)), settings=settings).encoder_id)
    tokenizer = copied / "tokenizer_config.json"
    tokenizer.write_text(json.dumps(json.loads(tokenizer.read_text()) | {"model_max_length": 32}))
    shorter = TorchTransformer(str(copied), settings=settings)
    ids.add(shorter.encoder_id)
    assert shorter.window == 32
    assert len(ids) == 3


def _damage(folder: Path, how: str) -> None:
    weights = folder / "model.safetensors"
    if how == "pickle":
        weights.rename(folder / "pytorch_model.bin")
    elif how == "no config":
        (folder / "config.json").unlink()
    elif how == "no tokenizer":
        for path in folder.glob("tokenizer*"):
            path.unlink()
    elif how == "truncated":
        weights.write_bytes(weights.read_bytes()[:2000])
    elif how == "no width":
        (folder / "config.json").write_text('{"model_type": "deberta-v2"}')
    elif how == "unknown kind":
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"model_type": "no-such-kind"}))
    else:
        from safetensors.numpy import load_file, save_file

        kept = {name: value for name, value in load_file(weights).items() if "layer.1" not in name}
        save_file(kept, weights, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("pickle", r"only pytorch_model\.bin, which Python unpickles"),
        ("no config", r"config\.json cannot be read"),
        ("no tokenizer", "has no tokenizer"),
        ("truncated", "cannot be loaded"),
        ("no width", "width of the model"),
        ("unknown kind", "cannot be loaded"),
        ("half of the weights", "weights are not complete"),
    ],
)
def test_a_folder_that_cannot_be_used_says_why(copied: Path, settings: Settings, how: str, message: str) -> None:
    _damage(copied, how)
    with pytest.raises(EncoderError, match=message) as caught:
        TorchTransformer(str(copied), settings=settings).encode(["a"])
    assert "minilm" in caught.value.hint


@pytest.mark.parametrize("name", ["/no/such/folder", "./missing", "a/b/c", "", "bad name"])
def test_a_name_that_is_neither_folder_nor_hub_name(name: str, settings: Settings) -> None:
    with pytest.raises(EncoderError, match="There is no encoder") as caught:
        open_encoder(name, settings=settings)
    assert "minilm" in caught.value.hint


def test_without_a_hub_the_large_choice_names_the_alternatives(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EncoderError, match=f"{LARGE_CHOICE}.*cannot be reached") as caught:
        open_encoder(LARGE_CHOICE, settings=settings)
    assert "'minilm'" in caught.value.hint and "folder" in caught.value.hint
    assert not (settings.cache / "encoders" / "hub").exists()


def test_a_model_that_the_hub_gave_before_is_taken_without_a_network(
    monkeypatch: pytest.MonkeyPatch, small_deberta: Path, tmp_path: Path, settings: Settings
) -> None:
    import huggingface_hub.constants

    repository = tmp_path / "hub" / "models--someone--small"
    shutil.copytree(small_deberta, repository / "snapshots" / ("0" * 40))
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    fetched = open_encoder("someone/small", settings=settings, cached=False)
    assert (settings.cache / "encoders" / "hub" / "someone--small" / "model.safetensors").is_file()
    shutil.rmtree(repository)
    again = open_encoder("someone/small", settings=settings, cached=False)
    assert again.encoder_id == fetched.encoder_id
    direct = open_encoder(str(small_deberta), settings=settings, cached=False)
    assert np.array_equal(again.encode(TEXTS), direct.encode(TEXTS))
