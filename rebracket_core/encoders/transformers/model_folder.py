"""A folder with a transformers model, read without loading torch: its digests, width and window."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebracket_core.encoders.digests import file_digest
from rebracket_core.errors import EncoderError

MAX_WINDOW = 512
MIN_WINDOW = 8
OVERLAP = 64
WIDTH_NAMES = ("hidden_size", "d_model", "dim", "n_embd", "embed_dim")
TOKENIZER_NAMES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spm.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
# These count positions from the padding id on, so that two or more of their position rows are never used.
OFFSET_TYPES = frozenset({"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer"})
INSTEAD = (
    "use the encoder 'minilm', which is installed with Rebracket and needs no network, or the path of a folder with "
    "config.json, model.safetensors and the tokenizer's files"
)


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model on disk: its kind, vector width, window and overlap in tokens, and digests (64 hex) of what it is."""

    path: Path
    kind: str
    dim: int
    window: int
    overlap: int
    weights_digest: str
    config_digest: str
    tokenizer_digest: str

    @property
    def encoder_id(self) -> str:
        """Everything that changes a vector of this model."""
        return (
            f"{self.kind}|torch|float32|mean|weights {self.weights_digest[:16]}|config {self.config_digest[:16]}"
            f"|tokenizer {self.tokenizer_digest[:16]}|window {self.window}|overlap {self.overlap}"
        )


def read_model_folder(path: Path, *, cache: Path) -> ModelFolder:
    """The model in a folder; weights other than safetensors are refused, because a pickle can run code.

    Raises: EncoderError where a file is missing or config.json can't be read.
    """
    config = _json(path / "config.json", required=True)
    weights = sorted(path.glob("*.safetensors"))
    tokenizer = [path / name for name in TOKENIZER_NAMES if (path / name).is_file()]
    if not weights:
        pickled = sorted(p.name for p in (*path.glob("*.bin"), *path.glob("*.pt")))
        raise EncoderError(
            "The folder has no safetensors weights.",
            expected="model.safetensors",
            where=str(path),
            found=f"only {', '.join(pickled)}, which Python unpickles and which could run code" if pickled else "none",
            hint=f"save the model again with save_pretrained, which writes safetensors; or {INSTEAD}",
        )
    if not tokenizer:
        raise EncoderError(
            "The folder has no tokenizer.",
            expected="tokenizer.json",
            found="none",
            where=str(path),
            hint=f"save the tokenizer into the folder with save_pretrained; or {INSTEAD}",
        )
    window = _window(path, config)
    return ModelFolder(
        path=path,
        kind=str(config.get("model_type", "model")),
        dim=_width(config, path),
        window=window,
        overlap=min(OVERLAP, window // 4),
        weights_digest=_digest(weights, cache=cache),
        config_digest=_digest([path / "config.json"], cache=cache),
        tokenizer_digest=_digest(tokenizer, cache=cache),
    )


def _width(config: dict[str, Any], path: Path) -> int:
    for name in WIDTH_NAMES:
        value = config.get(name)
        if isinstance(value, int) and value > 0:
            return value
    raise EncoderError(
        "The width of the model's vectors is not known.",
        expected=f"one of {', '.join(WIDTH_NAMES)}",
        found="none of them",
        where=str(path / "config.json"),
        hint=INSTEAD,
    )


def _window(path: Path, config: dict[str, Any]) -> int:
    places = config.get("max_position_embeddings")
    if isinstance(places, int) and config.get("model_type") in OFFSET_TYPES:
        places -= int(config.get("pad_token_id") or 0) + 1
    limits = [
        _json(path / "sentence_bert_config.json").get("max_seq_length"),
        _json(path / "tokenizer_config.json").get("model_max_length"),
        config.get("n_positions"),
        places,
    ]
    return int(min([MAX_WINDOW, *(n for n in limits if isinstance(n, int | float) and n >= MIN_WINDOW)]))


def _json(path: Path, *, required: bool = False) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        if not required:
            return {}
        raise EncoderError(
            f"{path.name} cannot be read.",
            expected="a folder with a transformers model",
            found=str(error),
            where=str(path),
            hint=INSTEAD,
        ) from error
    return content if isinstance(content, dict) else {}


def _digest(paths: Iterable[Path], *, cache: Path) -> str:
    digests = [(path.name, file_digest(path, cache=cache)) for path in paths]
    if len(digests) == 1:
        return digests[0][1]
    lines = [f"{name} {digest}\n" for name, digest in digests]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
