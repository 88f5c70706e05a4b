"""Any transformers model as an encoder, through PyTorch: mean pooling over the mask, length 1."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebracket_core.encoders.base import Vectors, checked_texts, checked_vectors
from rebracket_core.encoders.device import torch_device
from rebracket_core.encoders.modality import TEXT
from rebracket_core.encoders.onnx.minilm_files import digest_cache_file
from rebracket_core.encoders.text.tokens import Tokens
from rebracket_core.encoders.text.windows import MAX_ROWS, MAX_TOKENS, Ints, Padded, Windowing, embed
from rebracket_core.encoders.transformers.deberta import keep_positions
from rebracket_core.encoders.transformers.model_folder import ModelFolder, read_model_folder
from rebracket_core.encoders.transformers.model_hub import local_folder
from rebracket_core.encoders.transformers.pretrained import load_pretrained
from rebracket_core.errors import EncoderError
from rebracket_core.progress import StepCounter
from rebracket_core.settings import Settings

ACCELERATOR_FACTOR = 4


class TorchTransformer:
    """Texts to vectors (n, dim) float32 with a model given by folder or hub name, such as microsoft/deberta-v3-base.

    Safetensors only, no code from the hub, float32, evaluation mode. The model is loaded when it is first needed, on
    the device that the settings name; one lock guards it. `layer` gives the hidden states of one layer (0 the word
    embeddings) in the place of the last. Raises: EncoderError where the model or the layer is not to be had.
    """

    modality = TEXT.name

    def __init__(self, name: str, *, settings: Settings, layer: int | None = None) -> None:
        self._settings = settings
        self._layer = layer
        self._folder = read_model_folder(local_folder(name, settings=settings), cache=digest_cache_file(settings))
        self._lock = threading.Lock()
        self._open: tuple[Tokens, Any, str] | None = None

    @property
    def encoder_id(self) -> str:
        """Everything that changes a vector: digests of weights, config and tokenizer, backend, window, overlap."""
        own = self._folder.encoder_id
        return own if self._layer is None else f"{own}|layer {self._layer}"

    @property
    def dim(self) -> int:
        """The width of a vector."""
        return self._folder.dim

    @property
    def window(self) -> int:
        """The tokens of one pass, special tokens included."""
        return self._folder.window

    def encode(self, texts: Sequence[str], *, progress: StepCounter | None = None) -> Vectors:
        """Vectors (n, dim) float32 in the order of `texts`, rows of length 1; long texts are split, never cut."""
        listed = checked_texts(texts)
        if not listed:
            return np.zeros((0, self.dim), dtype=np.float32)
        with self._lock:
            if self._open is None:
                self._open = _load(self._folder, settings=self._settings)
            tokens, model, device = self._open

            def forward(batches: Sequence[Padded]) -> Iterator[NDArray[np.float32]]:
                for padded in batches:
                    ids, mask = padded()
                    yield _forward(model, ids, mask=mask, device=device, layer=self._layer)

            factor = 1 if device == "cpu" else ACCELERATOR_FACTOR
            vectors = embed(
                tokens.ids(listed),
                forward,
                dim=self.dim,
                progress=progress,
                windowing=Windowing(
                    window=self.window,
                    overlap=self._folder.overlap,
                    frame=tokens.frame,
                    max_rows=MAX_ROWS * factor,
                    max_tokens=MAX_TOKENS * factor,
                ),
            )
        return checked_vectors(vectors, encoder_id=self.encoder_id)


def _load(folder: ModelFolder, *, settings: Settings) -> tuple[Tokens, Any, str]:
    import torch
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    device = torch_device(settings)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    tokenizer, model = load_pretrained(str(folder.path), offline=True)
    encoder = model.get_encoder() if model.config.is_encoder_decoder else model
    tokens = Tokens(tokenizer.backend_tokenizer, pad=tokenizer.pad_token_id or 0)
    return tokens, keep_positions(encoder.eval().to(device)), device


def _forward(model: Any, ids: Ints, *, mask: Ints, device: str, layer: int | None = None) -> NDArray[np.float32]:
    import torch

    with torch.inference_mode():
        shown = torch.from_numpy(mask).to(device)
        out = model(input_ids=torch.from_numpy(ids).to(device), attention_mask=shown, output_hidden_states=layer is not None)
        hidden = (out.last_hidden_state if layer is None else _of_layer(out.hidden_states, layer)).float()
        summed = (hidden * shown.unsqueeze(-1)).sum(dim=1)
        vectors: NDArray[np.float32] = torch.nn.functional.normalize(summed, dim=1).cpu().numpy()
    return vectors


def _of_layer(states: Sequence[Any], layer: int) -> Any:
    if layer >= len(states):
        raise EncoderError(
            "The model has no such layer.",
            expected=f"a layer from 0 to {len(states) - 1}",
            found=str(layer),
            hint="choose one of these",
        )
    return states[layer]
