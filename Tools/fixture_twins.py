"""Quantised twins and twins that ONNX Runtime optimised, for Tools/fixtures."""

import contextlib
import io
import logging
from pathlib import Path

import onnx
import onnxruntime
from distilbert import strip
from onnxruntime import quantization
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType

logging.disable(logging.WARNING)


class Feeds(CalibrationDataReader):
    def __init__(self, feeds: list[dict]) -> None:
        self.feeds = iter(feeds)

    def get_next(self):
        return next(self.feeds, None)


UNTYPED = {"DefaultTensorType": onnx.TensorProto.FLOAT}  # shape inference stops at com.microsoft operators, and value_info is dropped


def quantised_twins(path, source: str, exporter: str, feeds: list[dict], extended: bool) -> dict[str, dict]:
    """Of the export `source`. `extended` adds the rarer kinds: 16 bits, blockwise weights, dynamic with a scale a channel."""
    common = {"exporter": exporter, "attention": "sdpa", "precision": "quantized"}
    made = {}
    model = onnx.load(path(source))
    model.graph.ClearField("value_info")  # quantize_dynamic refuses the shapes that dynamo wrote for the pooled heads
    onnx.save(model, path("plain"))
    masks = mask_nodes(path("plain"))

    def static(name: str, **options) -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            quantization.quantize_static(str(path("plain")), str(path(name)), Feeds(feeds), nodes_to_exclude=masks, **options)
        made[name] = common | {"twins": [source, "static"]}

    quantization.quantize_dynamic(str(path("plain")), str(path("quantized-dynamic")), extra_options=UNTYPED)
    made["quantized-dynamic"] = common | {"twins": [source, "dynamic"]}
    static("quantized-qdq", quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    static("quantized-qoperator", quant_format=QuantFormat.QOperator, activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8)
    if extended:
        quantization.quantize_dynamic(str(path("dynamo18")), str(path("quantized-dynamic-dynamo")), per_channel=True)
        made["quantized-dynamic-dynamo"] = common | {"exporter": "dynamo", "twins": ["dynamo18", "dynamic"]}
        static("quantized-qdq-16bit", quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt16, weight_type=QuantType.QInt8, per_channel=True)
        made |= {name: common | {"twins": ["ts17", "blockwise"]} for name in blockwise(path)}
    path("plain").unlink()
    for name in made:
        strip(path(name))
    return made


def mask_nodes(path: Path) -> list[str]:
    """What makes the mask and adds it, which holds -inf: 8 bits that span that range leave nothing of the scores."""
    nodes = onnx.load(path).graph.node
    scores = {node.input[0] for node in nodes if node.op_type == "Softmax"}
    return [node.name for node in nodes if scores & set(node.output) or node.op_type == "Where"]


def blockwise(path) -> list[str]:
    from onnxruntime.quantization.matmul_bnb4_quantizer import MatMulBnb4Quantizer
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    blocks = MatMulNBitsQuantizer(onnx.load(path("ts17")), block_size=16, is_symmetric=False, op_types_to_quantize=("MatMul", "Gather"))
    blocks.process()
    onnx.save(blocks.model.model, path("quantized-4bit"))
    bnb = MatMulBnb4Quantizer(onnx.load(path("ts17")), quant_type=1, block_size=16)
    bnb.process()
    onnx.save(bnb.model.model, path("quantized-bnb4"))
    return ["quantized-4bit", "quantized-bnb4"]


def optimised_twins(path, heads: int, width: int, extended: bool) -> dict[str, dict]:
    """What ONNX Runtime's two optimisers save. `extended` adds the quantised files that its fusions make new operators of."""
    common = {"exporter": "torchscript", "attention": "eager"}
    made = {}

    def by_session(source: str, name: str, entry: dict) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(path(name))
        onnxruntime.InferenceSession(str(path(source)), options, providers=["CPUExecutionProvider"])
        made[name] = entry | {"twins": [source, "optimized"]}

    by_tool(path("ts11-eager"), path("optimized-transformers"), heads, width)
    made["optimized-transformers"] = common | {"twins": ["ts11-eager", "optimized"]}
    by_session("ts11-eager", "optimized-session", common)
    if extended:
        by_session("ts17", "optimized-session-sdpa", common | {"attention": "sdpa"})
        by_session("quantized-dynamic", "quantized-dynamic-optimized", common | {"attention": "sdpa", "precision": "quantized"})
        by_session("quantized-qdq", "quantized-qdq-optimized", common | {"attention": "sdpa", "precision": "quantized"})
        quantization.quantize_dynamic(str(path("optimized-transformers")), str(path("optimized-quantized")), extra_options=UNTYPED)
        made["optimized-quantized"] = common | {"precision": "quantized", "twins": ["optimized-transformers", "optimized", "dynamic"]}
    for name in made:
        strip(path(name))
    return made


def by_tool(source: Path, target: Path, heads: int, width: int) -> None:
    from onnxruntime.transformers import optimizer

    with contextlib.redirect_stdout(io.StringIO()):
        optimizer.optimize_model(str(source), model_type="bert", num_heads=heads, hidden_size=width, opt_level=0).save_model_to_file(str(target))
