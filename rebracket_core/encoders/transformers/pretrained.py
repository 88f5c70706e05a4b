"""A transformers model and its fast tokenizer, loaded whole or not at all: safetensors only, no code of others."""

from __future__ import annotations

from typing import Any

from rebracket_core.encoders.transformers.model_folder import INSTEAD
from rebracket_core.errors import EncoderError, lines_of


def load_pretrained(source: str, *, offline: bool) -> tuple[Any, Any]:
    """The fast tokenizer and the float32 model of a folder or hub name, on the CPU.

    Raises: EncoderError where either cannot be loaded, or the weights leave a part of the model to chance (a pooler,
    which mean pooling doesn't use, may be missing).
    """
    from safetensors import SafetensorError
    from transformers import AutoModel, AutoTokenizer

    common = {"trust_remote_code": False, "local_files_only": offline}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, **common)
        model, report = AutoModel.from_pretrained(
            source, use_safetensors=True, dtype="float32", output_loading_info=True, **common
        )
    except (OSError, ValueError, ImportError, RuntimeError, KeyError, SafetensorError) as error:
        raise _refused(
            "The model cannot be loaded.",
            expected="a transformers model with safetensors weights",
            found=lines_of(error)[0],
            source=source,
        ) from error
    missing = sorted(key for key in report["missing_keys"] if "pooler" not in key)
    if missing:
        raise _refused(
            "The model's weights are not complete.",
            expected="a value for every weight",
            found=f"{len(missing)} without one, first {missing[0]}",
            source=source,
        )
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise _refused(
            "The model has no fast tokenizer.", expected="tokenizer.json", found=type(tokenizer).__name__, source=source
        )
    return tokenizer, model


def _refused(message: str, *, expected: str, found: str, source: str) -> EncoderError:
    return EncoderError(message, expected=expected, found=found, where=source, hint=INSTEAD)
