"""What training an encoder takes: seconds from a few steps on this machine, bytes from its weights and layers."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd

from rebracket_core.encoders import thread_count, torch_device
from rebracket_core.encoders.transformers import load_trainable, trainable_folder
from rebracket_core.settings import Settings
from rebracket_core.training.config.finetuning import LORA
from rebracket_core.training.config.training_config import TrainingConfig

_FLOAT = 4
# Copies of a layer's input that the way back needs: 34 half-precision numbers a hidden unit, and 5 an attention score
# (Korthikanti et al. 2022, equation 1, without dropping any); in single precision twice the bytes.
_PER_UNIT, _PER_SCORE = 34 * 2, 5 * 2
_STEPS = 2


def tuning_bytes(base: Path, *, config: TrainingConfig) -> int:
    """The bytes that training the encoder of a folder takes beside the heads: weights, what moves them, and activations.

    With "full" each weight has a gradient and two moments; with "lora" the weights lie there once.
    """
    weights = sum(path.stat().st_size for path in base.glob("*.safetensors"))
    shape = json.loads((base / "config.json").read_text(encoding="utf-8"))
    layers, width = int(shape.get("num_hidden_layers", 12)), int(shape.get("hidden_size", 768))
    heads = int(shape.get("num_attention_heads", 12))
    tuning = config.finetuning
    rows = tuning.batch_size * len(config.data.text)
    a_token = layers * (_PER_UNIT * width + _PER_SCORE * heads * tuning.max_tokens)
    return weights * (1 if tuning.method == LORA else 4) * tuning.processes + rows * tuning.max_tokens * a_token


def smaller_tuning(base: Path, *, config: TrainingConfig, free: int) -> str:
    """The largest training of a smaller batch, fewer tokens or LoRA that fits into `free` bytes, in words."""
    own = config.finetuning
    for method in dict.fromkeys((own.method, LORA)):
        for tokens in (t for t in (own.max_tokens, 128, 64, 32) if t <= own.max_tokens):
            size = own.batch_size
            while size >= own.processes:
                trial = config.with_(method=method, max_tokens=tokens, batch_size=size)
                if tuning_bytes(base, config=trial) <= free:
                    changes = [f"method={method}"] if method != own.method else []
                    changes += [f"max_tokens={tokens}"] if tokens != own.max_tokens else []
                    return "set " + " and ".join([*changes, f"batch_size={size}"])
                size = size // 2 // own.processes * own.processes
    return "leave method at frozen, or free some memory"


def tuning_seconds(part: pd.DataFrame, *, n: int, config: TrainingConfig, settings: Settings) -> float:
    """The seconds of one encoder's training on n rows at most: steps of the encoder on texts of `part`, and back."""
    import torch

    device = torch_device(settings)
    tokens, encoder = load_trainable(trainable_folder(config.features.encoder, settings=settings))
    encoder = encoder.to(device).train()
    body = config.finetuning.max_tokens - len(tokens.frame.prefix) - len(tokens.frame.suffix)
    lengths = [len(ids[:body]) for field in config.data.text for ids in tokens.ids(part[field].tolist())]
    long = int(np.quantile(lengths, 0.75)) + config.finetuning.max_tokens - body
    size = config.finetuning.batch_size * len(config.data.text)
    ids = torch.randint(5, 100, (size, max(2, long)), device=device)
    threads = torch.get_num_threads()
    torch.set_num_threads(thread_count(settings))
    try:
        spent = []
        for _ in range(1 + _STEPS):
            start = time.perf_counter()
            encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.square().mean().backward()
            spent.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    read = 1.5  # the held rows each epoch, and all rows once at the end, without the way back
    epochs = config.finetuning.total_epochs(config.tasks.tasks)
    return min(spent[1:]) * -(-n // config.finetuning.batch_size) * epochs * read
