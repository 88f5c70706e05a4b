"""Where an encoder looked: its attention from word to word. It is no reason for an answer (Jain and Wallace 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.errors import EncoderError

if TYPE_CHECKING:
    from rebracket_core.insight.explain.gradients import OpenEncoder

MOST_WORDS = 60


@dataclass(frozen=True, slots=True)
class Attention:
    """Attention from word to word: `weights` (layers, heads, n from, n to), and (layers, heads) what special tokens get.

    A word looks with the mean of its tokens and is looked at with their sum, so a row and its share of `special` make one.
    `words` are those that one window holds; `cut` where the text has more.
    """

    words: tuple[str, ...]
    weights: np.ndarray
    special: np.ndarray
    cut: bool

    @property
    def n_layers(self) -> int:
        """How many layers the encoder has."""
        return int(self.weights.shape[0])

    @property
    def n_heads(self) -> int:
        """How many heads each layer has."""
        return int(self.weights.shape[1])

    def grid(self, layer: int, head: int | None = None) -> np.ndarray:
        """(n, n) the weights of a head, or the mean over the heads of a layer; both are counted from 0."""
        chosen = self.weights[layer]
        grid: np.ndarray = chosen.mean(axis=0) if head is None else chosen[head]
        return grid


def attention(encoder: OpenEncoder, text: str) -> Attention:
    """The attention in the first window of a text.

    The default attention of transformers gives no weights, without a word: the eager one is put in its place for this call.
    Raises EncoderError where the encoder gives none either way.
    """
    import torch

    ids, of_word = encoder.read(text)
    prefix, suffix = encoder.frame.prefix, encoder.frame.suffix
    length = min(len(ids), encoder.window - len(prefix) - len(suffix))
    tokens = torch.tensor([[*prefix, *ids[:length].tolist(), *suffix]])
    with encoder.lock, torch.no_grad():
        before = encoder.model.config._attn_implementation
        encoder.model.set_attn_implementation("eager")
        try:
            found = encoder.model(input_ids=tokens, attention_mask=torch.ones_like(tokens), output_attentions=True).attentions
        finally:
            encoder.model.set_attn_implementation(before)
    if not found or any(layer is None for layer in found):
        raise EncoderError(
            "The encoder gives no attention.",
            expected="a weight for every pair of tokens",
            found="none",
            hint="look at the shares of the words instead",
        )
    weights = torch.stack([layer[0] for layer in found]).double().numpy()
    return _by_word(text, weights, of_word[:length], before=len(prefix))


def _by_word(text: str, tokens: np.ndarray, of_word: np.ndarray, *, before: int) -> Attention:
    n = int(of_word.max()) + 1 if len(of_word) else 0
    belongs = np.eye(n)[of_word]  # (t, n) one where a token is of a word
    own = tokens[:, :, before : before + len(of_word), before : before + len(of_word)]
    rows = (belongs / np.maximum(belongs.sum(axis=0), 1.0)).T @ own @ belongs
    words = text.split()
    return Attention(words=tuple(words[:n]), weights=rows, special=1.0 - rows.sum(axis=-1).mean(axis=-1), cut=n < len(words))
