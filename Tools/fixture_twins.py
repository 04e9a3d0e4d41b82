"""Quantised twins and twins that ONNX Runtime optimised, for Tools/fixtures and Tools/parity."""

import contextlib
import io
import logging
import tempfile
from pathlib import Path

import onnx
import onnxruntime
from distilbert import strip
from onnxruntime import quantization
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType

logging.disable(logging.WARNING)
UNTYPED = {"DefaultTensorType": onnx.TensorProto.FLOAT}  # shape inference stops at com.microsoft operators, and value_info is dropped


class Feeds(CalibrationDataReader):
    def __init__(self, feeds: list[dict]) -> None:
        self.feeds = iter(feeds)

    def get_next(self):
        return next(self.feeds, None)


@contextlib.contextmanager
def without_types(source: Path):
    """The model without its value_info: the quantiser refuses the shapes that dynamo wrote for the pooled heads."""
    with tempfile.TemporaryDirectory() as scratch:
        model = onnx.load(source)
        model.graph.ClearField("value_info")
        plain = Path(scratch) / "plain.onnx"
        onnx.save(model, plain)
        yield plain


def mask_nodes(path: Path) -> list[str]:
    """What makes the mask, adds it and reads the sum, which holds -inf: 8 bits that span that range leave nothing of the scores."""
    nodes = onnx.load(path).graph.node
    scores = {node.input[0] for node in nodes if node.op_type == "Softmax"}
    return [node.name for node in nodes if scores & set(node.output) or node.op_type in ("Where", "Softmax")]


def dynamic_twin(source: Path, target: Path, **options) -> None:
    with without_types(source) as plain:
        quantization.quantize_dynamic(str(plain), str(target), extra_options=UNTYPED, **options)
    strip(target)


def static_twin(source: Path, target: Path, feeds: list[dict], form: QuantFormat, activation=QuantType.QUInt8, per_channel: bool = False) -> None:
    """QOperator sees only feeds without padding: with no -inf to span, its softmax can be quantised too."""
    unmasked = [each for each in feeds if each["attention_mask"].all()]
    weights = QuantType.QInt8 if form == QuantFormat.QDQ else QuantType.QUInt8
    with without_types(source) as plain, contextlib.redirect_stdout(io.StringIO()):
        seen, excluded = (feeds, mask_nodes(plain)) if form == QuantFormat.QDQ else (unmasked, [])
        quantization.quantize_static(str(plain), str(target), Feeds(seen), quant_format=form, activation_type=activation, weight_type=weights,
                                     nodes_to_exclude=excluded, per_channel=per_channel)  # fmt: skip
    strip(target)


def quantised_twins(path, source: str, exporter: str, feeds: list[dict], extended: bool) -> dict[str, dict]:
    """Of the export `source`. `extended` adds the rarer kinds: 16 bits, blockwise weights, dynamic with a scale a channel."""
    common = {"exporter": exporter, "attention": "sdpa", "precision": "quantized"}
    dynamic_twin(path(source), path("quantized-dynamic"))
    static_twin(path(source), path("quantized-qdq"), feeds, QuantFormat.QDQ)
    static_twin(path(source), path("quantized-qoperator"), feeds, QuantFormat.QOperator)
    made = {f"quantized-{kind}": common | {"twins": [source, kind]} for kind in ("dynamic", "qdq", "qoperator")}
    if extended:
        dynamic_twin(path("dynamo18"), path("quantized-dynamic-dynamo"), per_channel=True)
        made["quantized-dynamic-dynamo"] = common | {"exporter": "dynamo", "twins": ["dynamo18", "dynamic"]}
        static_twin(path(source), path("quantized-qdq-16bit"), feeds, QuantFormat.QDQ, QuantType.QUInt16, per_channel=True)
        made["quantized-qdq-16bit"] = common | {"twins": [source, "qdq"]}
        made |= {name: common | {"twins": [source, "blockwise"]} for name in blockwise(path, source)}
    return made


def blockwise(path, source: str) -> list[str]:
    from onnxruntime.quantization.matmul_bnb4_quantizer import MatMulBnb4Quantizer
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    blocks = MatMulNBitsQuantizer(onnx.load(path(source)), block_size=16, is_symmetric=False, op_types_to_quantize=("MatMul", "Gather"))
    bnb = MatMulBnb4Quantizer(onnx.load(path(source)), quant_type=1, block_size=16)
    for name, quantiser in (("quantized-4bit", blocks), ("quantized-bnb4", bnb)):
        quantiser.process()
        onnx.save(quantiser.model.model, path(name))
        strip(path(name))
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
        strip(path(name))
        made[name] = entry | {"twins": [source, "optimized"]}

    by_tool(path("ts11-eager"), path("optimized-transformers"), heads, width)
    made["optimized-transformers"] = common | {"twins": ["ts11-eager", "optimized"]}
    by_session("ts11-eager", "optimized-session", common)
    if extended:
        by_session("ts17", "optimized-session-sdpa", common | {"attention": "sdpa"})
        by_session("quantized-dynamic", "quantized-dynamic-optimized", common | {"attention": "sdpa", "precision": "quantized"})
        by_session("quantized-qdq", "quantized-qdq-optimized", common | {"attention": "sdpa", "precision": "quantized"})
        dynamic_twin(path("optimized-transformers"), path("optimized-quantized"))
        made["optimized-quantized"] = common | {"precision": "quantized", "twins": ["optimized-transformers", "optimized", "dynamic"]}
    return made


def by_tool(source: Path, target: Path, heads: int, width: int) -> None:
    from onnxruntime.transformers import optimizer

    with contextlib.redirect_stdout(io.StringIO()):
        optimizer.optimize_model(str(source), model_type="bert", num_heads=heads, hidden_size=width, opt_level=0).save_model_to_file(str(target))
    strip(target)
