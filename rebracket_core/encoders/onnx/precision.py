"""A float32 graph with smaller weights: bf16 as they are stored, or int8 as linear layers compute."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rebracket_core.encoders.onnx.graph_encoder import EncoderFacts
from rebracket_core.encoders.text.windows import Ints

MIN_WEIGHTS = 1024  # a smaller constant (a shape, a norm's scale) stays as it is
_LINEAR = ("Gemm", "MatMul")


def as_bf16(graph: bytes) -> bytes:
    """The graph with its matrices stored as bfloat16, half as large.

    ONNX Runtime has no bfloat16 kernels for these operators on a CPU: it widens the weights once, when the graph is
    opened, and computes in float32. So the file is smaller, and the speed that of float32.
    """
    import ml_dtypes
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_model_from_string(graph)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) < 2 or np.prod(tensor.dims) < MIN_WEIGHTS:
            continue
        name, stored = tensor.name, f"{tensor.name}_bf16"
        values = numpy_helper.to_array(tensor).astype(ml_dtypes.bfloat16)
        tensor.CopyFrom(helper.make_tensor(stored, TensorProto.BFLOAT16, tensor.dims, values.tobytes(), raw=True))
        casts.append(helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT, name=f"widen_{name}"))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    result: bytes = model.SerializeToString()
    return result


def as_int8(graph: bytes, batches: Sequence[tuple[Ints, Ints]]) -> bytes:
    """The graph with linear layers in int8 whose ranges are fixed by `batches` of ids and mask (static quantisation).

    Fixed ranges keep a text's vector independent of its batch mates, which those found at each call don't. What has no
    constant matrix (scores of the attention, pooling), MiniLM's fused attention and the word embeddings stay float32.
    """
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left: Iterator[tuple[Ints, Ints]] = iter(batches)

        def get_next(self) -> dict[str, Ints] | None:
            batch = next(self._left, None)
            return None if batch is None else {"input_ids": batch[0], "attention_mask": batch[1]}

    model = _named(onnx.load_model_from_string(graph))
    constants = {tensor.name for tensor in model.graph.initializer}
    linear = [n.name for n in model.graph.node if n.op_type in _LINEAR and n.input[1] in constants]
    with tempfile.TemporaryDirectory() as room:
        target = Path(room) / "int8.onnx"
        quantize_static(
            model,
            target,
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_LINEAR),
            nodes_to_quantize=linear,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return target.read_bytes()


def _named(model: Any) -> Any:
    """The model as the quantiser needs it: nodes with names, and the type of what goes in and out of linear layers.

    ONNX finds no types behind contributed operators, and what has no type would be left as it is.
    """
    from onnx import TensorProto, helper

    typed = {info.name for info in (*model.graph.value_info, *model.graph.input, *model.graph.output)}
    for at, node in enumerate(model.graph.node):
        node.name = node.name or f"node_{at}"
        if node.op_type in _LINEAR:
            for name in sorted({node.input[0], node.output[0]} - typed):
                typed.add(name)
                model.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    return model


def lowered_facts(facts: EncoderFacts) -> EncoderFacts:
    """The facts of a graph after either change: ONNX Runtime has to fold or fuse what was put into it."""
    return replace(facts, optimise="basic" if facts.optimise == "none" else facts.optimise)
