"""A run's whole model opened for gradients: token embeddings and words of the vocabulary in, any margin of its answers out."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rebracket_core.errors import EncoderError
from rebracket_core.insight.explain.margins import Margin
from rebracket_core.insight.explain.torch_scores import torch_output_logits

if TYPE_CHECKING:
    import torch

    from rebracket_core.validation import ConceptModel

FIELD = "concept"
PAD, MASK = "pad", "mask"
# Along the way from the blank text the slope is flat at both ends and changes most in the middle, where Gauss-Legendre has
# fewest nodes: of 14 real and starter concepts 12 middles of even steps missed less than 1 % in 13, 12 such nodes in 5.
STEPS = (12, 24, 64, 160)
RULE = "riemann_middle"
ROWS_TOKENS = 1024
LIMIT = 0.01
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class WordAttribution:
    """What each word adds (n,) to a margin, from a baseline in which all words are blanked, and the margin at that baseline.

    `through_words` (n,) is the part of it that goes through the vocabulary; `steps` are those of the quadrature.
    """

    shares: np.ndarray
    through_words: np.ndarray
    baseline: float
    whole: float
    steps: int

    @property
    def missed(self) -> float:
        """What the shares miss of the way from the baseline to the whole, in logits."""
        return float(self.shares.sum() - (self.whole - self.baseline))

    @property
    def delta(self) -> float:
        """The same as a share of that way."""
        return abs(self.missed) / max(abs(self.whole - self.baseline), 1e-9)


class OpenEncoder:
    """A transformer's tokens, embeddings and layers, with gradients; one lock guards it.

    Texts longer than its window are read in the same overlapping windows as `TorchTransformer` reads them.
    Raises: EncoderError where torch, transformers or captum are missing, or the model cannot be loaded.
    """

    def __init__(self, folder: Path, *, window: int, threads: int = 0) -> None:
        try:
            import captum.attr  # noqa: F401
            import torch
            from transformers.utils import logging as transformers_logging
        except ImportError as cause:
            raise EncoderError(
                "Gradients cannot be computed.",
                expected="torch, transformers and captum",
                found=str(cause),
                hint="install Rebracket with its requirements: pip install rebracket",
            ) from cause
        from rebracket_core.encoders.text import Tokens
        from rebracket_core.encoders.transformers import load_pretrained

        transformers_logging.disable_progress_bar()
        if threads:
            torch.set_num_threads(threads)
        self.tokenizer, model = load_pretrained(str(folder), offline=True)
        model = model.get_encoder() if model.config.is_encoder_decoder else model
        self.model = model.eval().requires_grad_(False)
        self.frame = Tokens(self.tokenizer.backend_tokenizer, pad=self.tokenizer.pad_token_id or 0).frame
        self.window = window
        self.lock = threading.Lock()

    @property
    def table(self) -> torch.Tensor:
        """(vocabulary, d) the embedding of each token."""
        weight: torch.Tensor = self.model.get_input_embeddings().weight
        return weight

    def read(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The ids of a text's tokens (t,), and the word (a position among its words) that each belongs to (t,)."""
        from rebracket_core.encoders.text import readable

        found = self.tokenizer.backend_tokenizer.encode(readable(text), add_special_tokens=False)
        spans = [match.span() for match in _WORD.finditer(text)]
        ends = np.array([end for _, end in spans], dtype=np.int64)
        last = np.array([max(start, end - 1) for start, end in found.offsets], dtype=np.int64)
        words = np.minimum(np.searchsorted(ends, last, side="right"), max(len(spans) - 1, 0))
        return np.asarray(found.ids, dtype=np.int64), words

    def blank(self, kind: str) -> int:
        """The token that stands where words are taken away: the padding or the mask, where the model has one."""
        mask = self.tokenizer.mask_token_id
        return int(mask if kind == MASK and mask is not None else self.frame.pad)

    def vectors(self, embeds: torch.Tensor) -> torch.Tensor:
        """(b, d) unit vectors of (b, t, d) embeddings of a text's own tokens: windows, mean over tokens, mean over windows."""
        import torch
        from torch.nn.functional import normalize

        from rebracket_core.encoders.text import window_starts

        before, after = (self.table[list(ids)] for ids in (self.frame.prefix, self.frame.suffix))
        body = self.window - len(before) - len(after)
        n, length = embeds.shape[0], min(embeds.shape[1], body)
        starts = window_starts(embeds.shape[1], body=body, overlap=min(64, self.window // 4))
        windows = torch.stack([embeds[:, at : at + length] for at in starts], dim=1).flatten(0, 1)
        rows = len(windows)
        framed = torch.cat([before.expand(rows, -1, -1), windows, after.expand(rows, -1, -1)], dim=1)
        shown = torch.ones(framed.shape[:2], dtype=torch.long)
        hidden = self.model(inputs_embeds=framed, attention_mask=shown).last_hidden_state.float()
        parts = normalize(hidden.sum(dim=1), dim=1).reshape(n, len(starts), -1)
        return normalize(parts.sum(dim=1), dim=1)


class OpenModel:
    """A run's model with gradients: the heads of all its members and their calibration behind an open encoder."""

    def __init__(self, model: ConceptModel, encoder: OpenEncoder) -> None:

        self.model, self.encoder = model, encoder
        self._dim = model.head.dim - len(model.recipe.vocabulary.terms if model.recipe.vocabulary else ())
        each = self._dim // len(model.recipe.fields)
        start = model.recipe.fields.index(FIELD) * each
        self._vector = np.arange(start, start + each)

    def terms(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The places of a text's terms in the vocabulary (k,), and their values (k,)."""
        vocabulary = self.model.recipe.vocabulary
        row = vocabulary.transform([text])[0] if vocabulary else np.zeros(0, dtype=np.float32)
        at = np.flatnonzero(row)
        return at, row[at]

    def margins(self, places: np.ndarray, target: Margin) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
        """The margin (b,) as a function of token embeddings (b, t, d) and of the values (b, k) of the terms at `places`."""
        import torch

        recipe, head = self.model.recipe, self.model.head.part(np.concatenate([self._vector, self._dim + places]))

        def margin(embeds: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
            vectors = recipe.vector_weight * self.encoder.vectors(embeds)
            z = head.torch_logits(torch.cat([vectors, terms], dim=1))
            found = torch_output_logits(z, target.output, calibration=self.model.calibration)
            return found[:, target.first] - found[:, target.second]

        return margin

    def shares(
        self,
        text: str,
        target: Margin,
        *,
        whole: float,
        baseline: str = PAD,
        steps: Sequence[int] = STEPS,
        limit: float = LIMIT,
    ) -> WordAttribution:
        """Each word's share of a margin by Integrated Gradients (middle rule); more steps until the sum misses < `limit`.

        `whole` is the margin as the engine gives it: what the sum is checked against.
        """
        import torch
        from captum.attr import IntegratedGradients

        ids, words = self.encoder.read(text)
        places, values = self.terms(text)
        with self.encoder.lock:
            table = self.encoder.table
            forward = self.margins(places, target)
            inputs = (table[torch.from_numpy(ids)][None], torch.from_numpy(values)[None])
            start = (table[torch.full((len(ids),), self.encoder.blank(baseline))][None], torch.zeros_like(inputs[1]))
            with torch.no_grad():
                at_start = float(forward(*start)[0])
            rows = max(1, ROWS_TOKENS // max(1, len(ids)))
            for n_steps in steps:
                by_token, by_term = IntegratedGradients(forward, multiply_by_inputs=True).attribute(
                    inputs, baselines=start, n_steps=n_steps, method=RULE, internal_batch_size=rows
                )
                found = WordAttribution(
                    **self._by_word(text, words, by_token[0].sum(dim=1), by_term[0], places),
                    baseline=at_start,
                    whole=whole,
                    steps=n_steps,
                )
                if abs(found.missed) <= limit * max(abs(whole - at_start), 1.0):
                    break
        return found

    def slopes(self, text: str, target: Margin) -> tuple[np.ndarray, np.ndarray]:
        """The margin's slope at a text: in each token's embedding (t, d), and in each term of the vocabulary (V,)."""
        import torch

        ids, _ = self.encoder.read(text)
        vocabulary = self.model.recipe.vocabulary
        n_terms = len(vocabulary.terms) if vocabulary else 0
        row = vocabulary.transform([text]) if vocabulary else np.zeros((1, 0), dtype=np.float32)
        with self.encoder.lock:
            embeds = self.encoder.table[torch.from_numpy(ids)][None].clone().requires_grad_(True)
            terms = torch.from_numpy(row).requires_grad_(True)
            margin = self.margins(np.arange(n_terms), target)(embeds, terms)
            by_token, by_term = torch.autograd.grad(margin.sum(), (embeds, terms), allow_unused=True)
        nothing = np.zeros(n_terms)
        return by_token[0].numpy(), nothing if by_term is None else by_term[0].numpy()

    def _by_word(
        self, text: str, words: np.ndarray, by_token: torch.Tensor, by_term: torch.Tensor, places: np.ndarray
    ) -> dict[str, Any]:
        from rebracket_core.insight.explain.attribution import spread_terms

        listed = _WORD.findall(text)
        shares = np.zeros(len(listed))
        np.add.at(shares, words, by_token.detach().numpy().astype(np.float64))
        vocabulary = self.model.recipe.vocabulary
        by_place = dict(zip(places.tolist(), by_term.detach().numpy().astype(np.float64).tolist(), strict=True))
        through = spread_terms(listed, vocabulary=vocabulary, values=by_place) if vocabulary else np.zeros(len(listed))
        return {"shares": shares + through, "through_words": through}
