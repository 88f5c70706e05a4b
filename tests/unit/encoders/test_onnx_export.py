"""An encoder as a graph: the vectors of PyTorch for models of any kind, trained ones too, and for long texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rebracket_core.encoders.onnx.export import encoder_parts
from rebracket_core.encoders.onnx.graph_encoder import OnnxEncoder
from rebracket_core.encoders.onnx.minilm_files import installed_folder
from rebracket_core.encoders.transformers.encoder import TorchTransformer
from rebracket_core.encoders.transformers.pretrained import load_pretrained
from rebracket_core.encoders.transformers.trainable import save_trained
from rebracket_core.settings import Settings

TEXTS = ["a thing", "the rose remembers itself", "é 日本 nul\0here", "the song was here " * 120]


def as_files(name: Path, *, settings: Settings, to: Path) -> OnnxEncoder:
    parts = encoder_parts(str(name), trained_as="itself", settings=settings)
    to.mkdir()
    (to / "graph").write_bytes(parts.graph)
    (to / "tokenizer").write_bytes(parts.tokenizer)
    return OnnxEncoder(to / "graph", to / "tokenizer", facts=parts.facts, encoder_id="files", threads=2)


@pytest.mark.slow
def test_a_traced_model_gives_the_vectors_of_pytorch(small_deberta: Path, settings: Settings, tmp_path: Path) -> None:
    found = as_files(small_deberta, settings=settings, to=tmp_path / "files")
    wanted = TorchTransformer(str(small_deberta), settings=settings).encode(TEXTS)
    assert np.abs(found.encode(TEXTS) - wanted).max() <= 1e-5 and found.too_long(TEXTS) == 1
    assert found.encode([]).shape == (0, 32)


@pytest.mark.slow
def test_a_trained_minilm_goes_into_the_fused_graph(settings: Settings, tmp_path: Path) -> None:
    import torch

    _, model = load_pretrained(str(installed_folder()), offline=True)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.002 * torch.randn_like(weights))
    trained = save_trained(model, tmp_path / "trained", base=installed_folder())
    found = as_files(trained, settings=settings, to=tmp_path / "files")
    wanted = TorchTransformer(str(trained), settings=settings).encode(TEXTS)
    assert b"com.microsoft" in (tmp_path / "files" / "graph").read_bytes()
    assert np.abs(found.encode(TEXTS) - wanted).max() <= 1e-5
