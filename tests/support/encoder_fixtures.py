"""What encoder tests share: homes, the built MiniLM, a small random DeBERTa-v2 with a tokenizer, a cheap encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rebracket_core.encoders import Vectors
from rebracket_core.encoders.onnx.minilm import OnnxMiniLM
from rebracket_core.progress import StepCounter
from rebracket_core.settings import Settings

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("the", "rose", "remembers", "itself", "a", "thing", "that", "was", "here", "song")


def save_small_deberta(folder: Path, *, seed: int = 0) -> Path:
    """The folder, now with a DeBERTa-v2 of 32 dimensions and a window of 64 tokens."""
    import torch
    from transformers import DebertaV2Config, DebertaV2Model, DebertaV2Tokenizer

    pieces = [*(f"▁{word}" for word in WORDS), "▁", *map(chr, range(33, 127)), *"éñ日本"]
    vocab = [*((token, 0.0) for token in SPECIAL), *((piece, -float(at + 1)) for at, piece in enumerate(pieces))]
    DebertaV2Tokenizer(vocab=vocab, model_max_length=64).save_pretrained(folder)
    options = {
        "vocab_size": len(vocab),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_biased_input": False,
        "position_buckets": 16,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pad_token_id": 0,
        "type_vocab_size": 0,
    }
    config = DebertaV2Config.from_dict(options)
    torch.manual_seed(seed)
    DebertaV2Model(config).save_pretrained(folder)
    return folder


class WordEncoder:
    """A cheap encoder: each vector is drawn from the digest of its text. It counts what it is asked for."""

    modality = "text"
    window = 0

    def __init__(self, *, dim: int = 384, encoder_id: str = "words") -> None:
        self.dim = dim
        self.encoder_id = encoder_id
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str], *, progress: StepCounter | None = None) -> Vectors:
        """Unit vectors (n, dim) float32."""
        self.encoded.extend(texts)
        result = np.zeros((len(texts), self.dim), dtype=np.float32)
        for at, text in enumerate(texts):
            digest = hashlib.sha256((self.encoder_id + text).encode("utf-8", "surrogatepass")).digest()
            result[at, :32] = np.frombuffer(digest, dtype=np.uint8)
            if progress is not None:
                progress(at + 1, len(texts))
        return result / np.linalg.norm(result, axis=1, keepdims=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with an empty home."""
    return Settings(home=tmp_path / "home", database_url="sqlite://")


@pytest.fixture(scope="session")
def shared_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a home that the session's tests share."""
    return Settings(home=tmp_path_factory.mktemp("home"), database_url="sqlite://", device="cpu")


@pytest.fixture(scope="session")
def minilm(shared_settings: Settings) -> OnnxMiniLM:
    """MiniLM through ONNX Runtime, its graph in the shared home."""
    encoder = OnnxMiniLM(shared_settings)
    encoder.encode(["warm"])
    return encoder


@pytest.fixture(scope="session")
def small_deberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small random DeBERTa-v2."""
    return save_small_deberta(tmp_path_factory.mktemp("deberta"))
