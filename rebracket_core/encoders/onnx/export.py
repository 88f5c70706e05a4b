"""An encoder as one ONNX graph and one tokenizer file, from the bundled MiniLM or any folder with a transformers model."""

from __future__ import annotations

import json
import logging
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebracket_core.encoders.onnx.graph_encoder import EncoderFacts
from rebracket_core.encoders.onnx.minilm_files import DIM, OVERLAP, WINDOW, digest_book, find_minilm
from rebracket_core.encoders.onnx.minilm_graph import EPSILON, HEADS, LAYERS, build_graph
from rebracket_core.encoders.transformers.model_folder import read_model_folder
from rebracket_core.encoders.transformers.model_hub import local_folder
from rebracket_core.encoders.transformers.pretrained import load_pretrained
from rebracket_core.errors import EncoderError, lines_of
from rebracket_core.settings import Settings

OPSET = 17
_MINILM = ("minilm", "minilm-torch")
# A model of this shape goes into the fused graph, whatever its weights.
_SHAPE = {
    "model_type": "bert",
    "hidden_size": DIM,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "hidden_act": "gelu",
    "layer_norm_eps": EPSILON,
}


@dataclass(frozen=True, slots=True)
class EncoderParts:
    """The bytes of an encoder's graph (`input_ids`, `attention_mask` to `embedding`) and tokenizer, and the facts beside."""

    graph: bytes
    tokenizer: bytes
    facts: EncoderFacts


def encoder_parts(name: str, *, trained_as: str, settings: Settings) -> EncoderParts:
    """The parts of the encoder that `open_encoder` would open by this name.

    `trained_as` is its id in the run. Raises: EncoderError where it is not to be had or has no graph.
    """
    if name in _MINILM:
        files = find_minilm(settings)
        facts = EncoderFacts(dim=DIM, window=WINDOW, overlap=OVERLAP, pad=0, optimise="none", trained_as=trained_as)
        return EncoderParts(graph=build_graph(files.weights), tokenizer=files.tokenizer, facts=facts)
    folder = read_model_folder(local_folder(name, settings=settings), book=digest_book(settings))
    tokenizer, model = load_pretrained(str(folder.path), offline=True)
    model = model.get_encoder() if model.config.is_encoder_decoder else model
    fused = _is_minilm(folder.path)
    facts = EncoderFacts(
        dim=folder.dim,
        window=folder.window,
        overlap=folder.overlap,
        pad=tokenizer.pad_token_id or 0,
        optimise="none" if fused else "all",
        trained_as=trained_as,
    )
    graph = build_graph(folder.path / "model.safetensors") if fused else _traced(model.eval(), kind=folder.kind)
    return EncoderParts(graph=graph, tokenizer=tokenizer.backend_tokenizer.to_str().encode("utf-8"), facts=facts)


def _is_minilm(folder: Path) -> bool:
    """Whether a folder's model has the shape of MiniLM, with its weights in one file."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    return all(config.get(name) == value for name, value in _SHAPE.items()) and (folder / "model.safetensors").is_file()


def _traced(model: Any, *, kind: str) -> bytes:
    """The graph of a transformers model with mean pooling over the mask and rows of length 1.

    Traced, not exported through torch.export, which needs packages that nothing else here does. What tracing could freeze
    (a branch on the length of a text) shows in the comparison that follows every export.
    """
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            shown = attention_mask.unsqueeze(-1).to(hidden.dtype)
            return torch.nn.functional.normalize((hidden * shown).sum(dim=1), dim=1)

    names = ("input_ids", "attention_mask")
    ids = torch.ones((2, 9), dtype=torch.int64)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as room, warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            target = Path(room) / "encoder.onnx"
            torch.onnx.export(
                Pooled().eval(),
                (ids, mask),
                target,
                input_names=list(names),
                output_names=["embedding"],
                dynamic_axes={name: {0: "b", 1: "l"} for name in names} | {"embedding": {0: "b"}},
                dynamo=False,
                opset_version=OPSET,
            )
            return target.read_bytes()
    except (RuntimeError, TypeError, ValueError, AttributeError) as cause:  # what tracing raises, torch's own errors among it
        raise EncoderError(
            "The encoder cannot be written as an ONNX graph.",
            expected="a model that torch.onnx can trace",
            found=f"{kind}: {lines_of(cause)[0]}",
            hint="use the run through PyTorch, or train one on 'minilm'",
        ) from cause
