"""What every layer of a transformer makes of texts, not only the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rebracket_core.encoders.base import checked_texts
from rebracket_core.encoders.device import torch_device
from rebracket_core.encoders.kinds import kind_of
from rebracket_core.encoders.transformers.pretrained import load_pretrained
from rebracket_core.settings import Settings

LONGEST = 256
_BATCH = 16


def layer_vectors(
    texts: Sequence[str], *, name: str, settings: Settings, progress: Callable[[int, int], None] | None = None
) -> np.ndarray:
    """Return the mean over the tokens of each text after the embeddings and after every layer, in one pass.

    `open_encoder(layer=)` gives one layer as an encoder with a cache.

    Args:
        texts: n texts, each read up to 256 tokens, in PyTorch on the device of the settings.
        name: as in `open_encoder`.
        settings: say where models lie and on which device they run.
        progress: gets (texts done, texts).

    Returns:
        (n_layers + 1, n, dim) float32.

    Raises:
        EncoderError: the encoder has no transformers model.
    """
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    listed = checked_texts(texts)
    tokenizer, model = load_pretrained(str(kind_of(name).model_folder(name, settings)), offline=True)
    device = torch_device(settings)
    model = model.eval().to(device)
    order = sorted(range(len(listed)), key=lambda i: len(listed[i]))
    out: np.ndarray | None = None
    for start in range(0, len(order), _BATCH):
        at = order[start : start + _BATCH]
        batch = tokenizer([listed[i] for i in at], padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
        means = _token_means(model, batch.to(device))
        if out is None:
            out = np.zeros((len(means), len(listed), means.shape[2]), dtype=np.float32)
        out[:, at] = means
        if progress:
            progress(min(start + _BATCH, len(order)), len(order))
    return out if out is not None else np.zeros((0, 0, 0), dtype=np.float32)


def _token_means(model: Any, batch: Any) -> np.ndarray:
    """The means (n_layers + 1, b, dim) over the tokens of b texts, after the embeddings and after every layer."""
    import torch

    with torch.inference_mode():
        states = torch.stack(model(**batch, output_hidden_states=True).hidden_states).float()
        mask = batch["attention_mask"].unsqueeze(-1).float()
        means: np.ndarray = ((states * mask).sum(dim=2) / mask.sum(dim=1)).cpu().numpy()
    return means
