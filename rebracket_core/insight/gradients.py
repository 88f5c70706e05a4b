"""Integrated Gradients through MiniLM in PyTorch, for a margin that is linear in the text's vector."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from rebracket_core.encoders.minilm_files import WINDOW, find_minilm
from rebracket_core.errors import EncoderError, InputError
from rebracket_core.settings import Settings

STEPS = 50
_ROWS = 25
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class VectorShares:
    """What each word adds (n,) to slope·vector, from a baseline text, and slope·vector of that baseline."""

    shares: np.ndarray
    baseline: float


class GradientMiniLM:
    """MiniLM opened for gradients, once; one lock guards it. Raises: EncoderError without torch, transformers, captum."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._open: tuple[Any, Any] | None = None

    def shares(self, text: str, slope: np.ndarray, *, baseline: str) -> VectorShares:
        """Each word's share of slope·vector; `baseline` is "pad" or "mask", what stands where the words are taken away."""
        with self._lock:
            tokenizer, model = self._opened()
            return _integrated(text, slope, tokenizer=tokenizer, model=model, baseline=baseline)

    def _opened(self) -> tuple[Any, Any]:
        if self._open is None:
            try:
                import captum.attr  # noqa: F401
                from transformers import AutoModel, AutoTokenizer
                from transformers.utils import logging as transformers_logging
            except ImportError as cause:
                raise EncoderError(
                    "Integrated Gradients cannot run.", expected="torch, transformers and captum", found=str(cause),
                    hint="see pyproject.toml for the extra that brings captum",
                ) from cause
            transformers_logging.disable_progress_bar()
            folder = str(find_minilm(self._settings).folder)
            model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()
            self._open = AutoTokenizer.from_pretrained(folder, local_files_only=True), model.requires_grad_(False)
        return self._open


def _integrated(text: str, slope: np.ndarray, *, tokenizer: Any, model: Any, baseline: str) -> VectorShares:
    import torch
    from captum.attr import IntegratedGradients

    read = tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True, truncation=False)
    if len(read["input_ids"]) > WINDOW:
        raise InputError("The text is too long to be explained.", expected=f"at most {WINDOW} tokens",
                         found=str(len(read["input_ids"])), hint="explain a part of it")
    ids = torch.tensor([read["input_ids"]])
    special = torch.tensor([read["special_tokens_mask"]], dtype=torch.bool)
    blank = tokenizer.pad_token_id if baseline == "pad" else tokenizer.mask_token_id
    table = model.get_input_embeddings()
    start = table(torch.where(special, ids, torch.full_like(ids, blank)))
    direction = torch.tensor(slope, dtype=torch.float32)

    def forward(embeds: Any) -> Any:
        shown = torch.ones(embeds.shape[:2], dtype=torch.long)
        hidden = model(inputs_embeds=embeds, attention_mask=shown).last_hidden_state
        return torch.nn.functional.normalize(hidden.sum(dim=1), dim=1) @ direction

    found = IntegratedGradients(forward).attribute(table(ids), baselines=start, n_steps=STEPS, internal_batch_size=_ROWS)
    tokens = found.sum(dim=2)[0].detach().numpy().astype(np.float64)
    with torch.no_grad():
        at_start = float(forward(start)[0])
    return VectorShares(shares=_by_word(text, tokens, read["offset_mapping"]), baseline=at_start)


def _by_word(text: str, tokens: np.ndarray, offsets: list[tuple[int, int]]) -> np.ndarray:
    spans = [match.span() for match in _WORD.finditer(text)]
    found = np.zeros(len(spans))
    for value, (start, end) in zip(tokens, offsets, strict=True):
        if end > start:
            at = next(i for i, (first, last) in enumerate(spans) if first <= start < last)
            found[at] += value
    return found
