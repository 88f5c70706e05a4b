"""Encoders as something to train: where their weights lie, how they are loaded, and how trained ones are kept."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from rebracket_core.encoders.kinds import kind_of
from rebracket_core.encoders.text.tokens import Tokens
from rebracket_core.encoders.transformers.encoder import TorchTransformer
from rebracket_core.encoders.transformers.model_folder import TOKENIZER_NAMES
from rebracket_core.encoders.transformers.pretrained import load_pretrained
from rebracket_core.errors import EncoderError
from rebracket_core.settings import Settings

_BESIDE = (*TOKENIZER_NAMES, "sentence_bert_config.json")


def trainable_folder(name: str, *, settings: Settings) -> Path:
    """Return the folder with the torch weights of an encoder by its name. Raises: EncoderError where there are none."""
    return kind_of(name).model_folder(name, settings)


def load_trainable(folder: Path) -> tuple[Tokens, Any]:
    """Return the tokenizer and the float32 encoder of a folder, on the CPU. Raises: EncoderError for what cannot be saved."""
    tokenizer, model = load_pretrained(str(folder), offline=True)
    if model.config.is_encoder_decoder:
        raise EncoderError(
            "The encoder cannot be trained along.",
            expected="a model that is an encoder alone",
            found=f"{model.config.model_type}, an encoder with a decoder",
            where=str(folder),
            hint="leave method at frozen, or choose another encoder",
        )
    return Tokens(tokenizer.backend_tokenizer, pad=tokenizer.pad_token_id or 0), model


def save_trained(encoder: Any, folder: Path, *, base: Path) -> Path:
    """Write an encoder as safetensors and config, with the tokenizer of the folder that it began from; return the folder."""
    encoder.save_pretrained(folder)
    for name in _BESIDE:
        if (base / name).is_file():
            shutil.copyfile(base / name, folder / name)
    return folder


def open_trained(folder: Path, *, settings: Settings) -> TorchTransformer:
    """Return the encoder of a folder, without a cache: its id names the digests of its files."""
    return TorchTransformer(str(folder), settings=settings)
