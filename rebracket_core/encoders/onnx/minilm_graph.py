"""MiniLM as one fused ONNX graph (token ids in, unit vectors out), built from the checked weights and cached."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebracket_core.encoders.digests import file_digest, note_digest
from rebracket_core.encoders.onnx.minilm_files import DIM, WEIGHTS_SHA256, MiniLMFiles, digest_cache_file, encoders_dir
from rebracket_core.files import write_bytes
from rebracket_core.settings import Settings

logger = logging.getLogger(__name__)

GRAPH_VERSION = 3
LAYERS = 6
HEADS = 12
EPSILON = 1e-12
CONTRIB = "com.microsoft"


def graph_path(settings: Settings) -> Path:
    """Where the graph of the official weights lies in the cache."""
    return encoders_dir(settings) / f"minilm-{WEIGHTS_SHA256[:12]}-v{GRAPH_VERSION}.onnx"


def graph_ready(settings: Settings) -> bool:
    """True where the cache holds the graph with the digest that it was written with; a damaged one is reported."""
    path = graph_path(settings)
    try:
        noted = _digest_note(path).read_text("ascii").strip()
        found = file_digest(path, cache=digest_cache_file(settings))
    except (OSError, ValueError):
        return False
    if found != noted:
        logger.warning("The graph %s is damaged and is built again from the weights.", path)
    return found == noted


def open_graph(files: MiniLMFiles, *, settings: Settings) -> Path | bytes:
    """The graph's path in the cache, built where it is missing or damaged; its bytes where nothing can be kept."""
    path = graph_path(settings)
    if graph_ready(settings):
        return path
    content = build_graph(files.weights)
    try:
        write_bytes(path, content)
        digest = hashlib.sha256(content).hexdigest()
        write_bytes(_digest_note(path), digest.encode("ascii"))
        note_digest(path, digest, cache=digest_cache_file(settings))
    except OSError as error:
        logger.warning("The graph of MiniLM cannot be kept in %s and is built at every start: %s", path, error)
        return content
    return path


def build_graph(weights: Path) -> bytes:
    """The serialised ONNX model of MiniLM, float32: `input_ids`, `attention_mask` (b, l) int64 to `embedding` (b, 384).

    Fused attention and GELU are the contributed operators of ONNX Runtime (its fused skip-layer-norm took four times
    as long as the plain operators do here); mean pooling over the mask and the L2 norm are part of the graph. The mask
    must be ones followed by zeros.
    """
    from onnx import TensorProto, helper
    from safetensors.numpy import load_file

    builder = _Builder(load_file(weights))
    hidden = _embeddings(builder)
    for layer in range(LAYERS):
        hidden = _layer(builder, layer, hidden=hidden)
    _pooling(builder, hidden)
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, ["b", "l"]) for n in ("input_ids", "attention_mask")]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["b", DIM])
    graph = helper.make_graph(builder.nodes, "minilm", inputs, [output], builder.constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(CONTRIB, 1)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return model


@dataclass(slots=True)
class _Builder:
    """Nodes and constants of a graph in the making, over the weights by name."""

    weights: dict[str, NDArray[Any]]
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, op: str, inputs: list[str], *, out: str, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, [out], domain=domain, **attributes))
        return out


def _embeddings(g: _Builder) -> str:
    from onnx import TensorProto

    w = {name.removeprefix("embeddings."): value for name, value in g.weights.items() if name.startswith("embeddings.")}
    words = g.constant("words", w["word_embeddings.weight"])
    places = g.constant("places", w["position_embeddings.weight"] + w["token_type_embeddings.weight"][0])
    scale, bias = g.constant("norm_scale", w["LayerNorm.weight"]), g.constant("norm_bias", w["LayerNorm.bias"])
    zero, one = g.constant("zero", np.array([0], np.int64)), g.constant("one", np.array([1], np.int64))
    mask = g.node("Cast", ["attention_mask"], out="mask_i32", to=TensorProto.INT32)
    g.node("ReduceSum", [mask, one], out="n_tokens", keepdims=0)
    shape = g.node("Shape", ["input_ids"], out="shape")
    width = g.node("Gather", [shape, one], out="width", axis=0)
    word = g.node("Gather", [words, "input_ids"], out="word", axis=0)
    place = g.node("Slice", [places, zero, width, zero], out="place")
    both = g.node("Add", [word, place], out="word_place")
    g.constant("flat_shape", np.array([-1, DIM], np.int64))
    wide = g.constant("dim", np.array([DIM], np.int64))
    g.node("Concat", [shape, wide], out="batch_shape", axis=0)
    flat = g.node("Reshape", [both, "flat_shape"], out="word_place_flat")
    return g.node("LayerNormalization", [flat, scale, bias], out="hidden_0", epsilon=EPSILON, axis=-1)


def _layer(g: _Builder, layer: int, *, hidden: str) -> str:
    prefix = f"encoder.layer.{layer}."

    def pair(name: str) -> list[str]:
        return [g.constant(f"{name}.{part}_{layer}", g.weights[f"{prefix}{name}.{part}"]) for part in ("weight", "bias")]

    def dense(name: str, rows: str, out: str) -> str:
        return g.node("Gemm", [rows, *pair(name)], out=out, transB=1)

    def normed(name: str, change: str, skip: str, out: str) -> str:
        both = g.node("Add", [change, skip], out=f"{out}_sum")
        return g.node("LayerNormalization", [both, *pair(name)], out=out, epsilon=EPSILON, axis=-1)

    parts = [f"{prefix}attention.self.{n}." for n in ("query", "key", "value")]
    qkv = g.constant(f"qkv_{layer}", np.concatenate([g.weights[p + "weight"].T for p in parts], axis=1))
    qkv_bias = g.constant(f"qkv_bias_{layer}", np.concatenate([g.weights[p + "bias"] for p in parts]))
    rows = g.node("Reshape", [hidden, "batch_shape"], out=f"batch_{layer}")
    heads = g.node("Attention", [rows, qkv, qkv_bias, "n_tokens"], out=f"heads_{layer}", domain=CONTRIB, num_heads=HEADS)
    flat = g.node("Reshape", [heads, "flat_shape"], out=f"flat_{layer}")
    mixed = dense("attention.output.dense", flat, f"mixed_{layer}")
    seen = normed("attention.output.LayerNorm", mixed, hidden, f"seen_{layer}")
    wide = dense("intermediate.dense", seen, f"wide_{layer}")
    gelu = g.node("Gelu", [wide], out=f"gelu_{layer}", domain=CONTRIB)
    narrow = dense("output.dense", gelu, f"narrow_{layer}")
    return normed("output.LayerNorm", narrow, seen, f"hidden_{layer + 1}")


def _pooling(g: _Builder, hidden: str) -> None:
    from onnx import TensorProto

    mask = g.node("Cast", ["attention_mask"], out="mask_f32", to=TensorProto.FLOAT)
    row = g.node("Unsqueeze", [mask, "one"], out="mask_row")
    rows = g.node("Reshape", [hidden, "batch_shape"], out="last")
    summed = g.node("MatMul", [row, rows], out="sum_row")
    flat = g.node("Squeeze", [summed, "one"], out="sum")
    g.node("LpNormalization", [flat], out="embedding", axis=1, p=2)


def _digest_note(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")
