from rebracket_core.encoders.onnx.export import encoder_parts as encoder_parts
from rebracket_core.encoders.onnx.graph_encoder import EncoderFacts as EncoderFacts, OnnxEncoder as OnnxEncoder
from rebracket_core.encoders.onnx.minilm_files import installed_folder as installed_folder
from rebracket_core.encoders.onnx.precision import as_bf16 as as_bf16, as_int8 as as_int8, lowered_facts as lowered_facts
