"""Cases 42-61: one node each, with values that no correct exporter writes.

Each case comes in two forms: the values as weights, which are looked at when the model is loaded, and fed at run time.
"""

import struct

from hostile_cases import case
from hostile_cases.encode import BOOL, DOUBLE, FLOAT, INT8, INT32, INT64, STRING, UINT8, block, graph, model, node, opset, tensor, value

LEAST = -(2**63)
MOST = 2**63 - 1
FORMATS = {FLOAT: "f", DOUBLE: "d", INT8: "b", UINT8: "B", INT32: "i", INT64: "q", BOOL: "?"}


def given(name: str, kind: int, dims: list[int], values: list) -> bytes:
    if kind == STRING:
        return tensor(name, kind, dims, extra=b"".join(block(6, each) for each in values))
    return tensor(name, kind, dims, struct.pack(f"<{len(values)}{FORMATS[kind]}", *values))


def f(dims: list[int], *values: float) -> tuple:
    return FLOAT, dims, values


def i(dims: list[int], *values: int) -> tuple:
    return INT64, dims, values


def vector(*values: int) -> tuple:
    return INT64, [len(values)], values


def scalar(number: int) -> tuple:
    return INT64, [], [number]


def op(number, name, operator, inputs, kind, error, out=FLOAT, version=17, domain="", outcome="error", options=(), **attributes) -> None:
    """A model of one node. `inputs` are (kind, dims, values), or None for an optional one left empty."""
    # A size beyond 64 bits is wrong, too large and of no shape: which of these is said is no matter.
    kind += {"SHP": "|MAL|LIM", "LIM": "|SHP"}.get(kind, "")
    labels = [f"in{each}" if told else "" for each, told in enumerate(inputs)]
    outputs = [value(f"out{each}", one) for each, one in enumerate(out if isinstance(out, tuple) else (out,))]
    one = node(operator, labels, [f"out{each}" for each in range(len(outputs))], domain=domain, name="the_node", **attributes)
    told = [(label, *each) for label, each in zip(labels, inputs, strict=True) if each]
    extra = opset(1, domain) if domain else b""
    constant = model(graph([one], [], outputs, [given(*each) for each in told]), version, extra=extra)
    open_ended = [value(label, type_, [f"{label}_{axis}" for axis in range(len(dims))]) for label, type_, dims, _ in told]
    files = {"constant.onnx": constant, "fed.onnx": model(graph([one], open_ended, outputs), version, extra=extra)}
    feeds = []
    for each in told:
        files[f"{each[0]}.pb"] = given(*each)
        feeds += ["--input", f"{each[0]}={each[0]}.pb"]
    commands = [["run", "constant.onnx", *options], ["run", "fed.onnx", *feeds, *options]]
    case(number, f"{operator.lower()}-{name}", files, kind, error or "", command=commands[0], also=commands[1:], outcome=outcome)


X4 = f([4], 1, 2, 3, 4)
X23 = f([2, 3], 1, 2, 3, 4, 5, 6)
X33 = f([3, 3], *range(9))
IMAGE = f([1, 1, 3, 3], *range(9))

# 42, 43: indices
for label, index in (("size", 4), ("below", -5), ("least", LEAST)):
    op(42, label, "Gather", [X4, vector(index)], "SHP", f"Gather.*{index}|{index}.*Gather")
    op(42, label, "GatherElements", [X4, vector(index)], "SHP", f"GatherElements.*{index}|{index}.*GatherElements")
    op(42, label, "GatherND", [X4, i([1, 1], index)], "SHP", f"GatherND.*{index}|{index}.*GatherND")
    op(43, label, "ScatterElements", [X4, vector(index), f([1], 9)], "SHP", f"ScatterElements.*{index}|{index}.*ScatterElements")
    op(43, label, "ScatterND", [X4, i([1, 1], index), f([1], 9)], "SHP", f"ScatterND.*{index}|{index}.*ScatterND")
op(42, "axis", "Gather", [X4, vector(0)], "SHP", "Gather.*axis|axis.*Gather", axis=1)
op(42, "axis-least", "Gather", [X4, vector(0)], "SHP", "Gather.*axis|axis.*Gather", axis=LEAST)
op(42, "deep-tuple", "GatherND", [X4, i([1, 2], 0, 0)], "SHP", "GatherND")
op(42, "batch-dims", "GatherND", [X23, i([2, 1], 0, 0)], "SHP", "GatherND", batch_dims=7)
op(42, "rank", "GatherElements", [X23, vector(0)], "SHP", "GatherElements")
op(43, "updates-shape", "ScatterND", [X4, i([2, 1], 0, 1), f([3], 9, 9, 9)], "SHP", "ScatterND")
op(43, "updates-shape", "ScatterElements", [X4, vector(0, 1), f([3], 9, 9, 9)], "SHP", "ScatterElements")
op(43, "reduction", "ScatterND", [X4, i([1, 1], 0), f([1], 9)], "MAL", "ScatterND.*median|median.*ScatterND", reduction="median")

# 44: Slice
op(44, "step-0", "Slice", [X4, vector(0), vector(4), vector(0), vector(0)], "SHP", "Slice")
op(44, "step-least", "Slice", [X4, vector(3), vector(LEAST), vector(0), vector(LEAST)], "SHP", "Slice", outcome="success")
op(44, "start-most", "Slice", [X4, vector(MOST), vector(MOST)], "SHP", "", outcome="success")
op(44, "all-of-it", "Slice", [X4, vector(LEAST), vector(MOST)], "SHP", "", outcome="success")
op(44, "axes-twice", "Slice", [X23, vector(0, 0), vector(1, 2), vector(1, -1)], "SHP", "Slice")
op(44, "axis-out-of-range", "Slice", [X4, vector(0), vector(1), vector(1)], "SHP", "Slice")
op(44, "lengths-differ", "Slice", [X4, vector(0, 0), vector(1)], "SHP", "Slice")

# 45: Reshape and its kin
for label, shape in (
    ("two-unknown", (-1, -1)),
    ("mismatch", (3,)),
    ("minus-two", (-2, 2)),
    ("overflow", (2**32, 2**32)),
    ("zero-beyond-rank", (4, 0)),
    ("not-divisible", (3, -1)),
):
    op(45, label, "Reshape", [X4, vector(*shape)], "SHP", "Reshape")
op(45, "unknown-of-nothing", "Reshape", [f([0]), vector(0, -1)], "SHP", "Reshape", allowzero=1)
op(45, "axis", "Flatten", [X23], "SHP", "Flatten", axis=3)
op(45, "dim-not-one", "Squeeze", [X23, vector(0)], "SHP", "Squeeze")
op(45, "axes-twice", "Unsqueeze", [X4, vector(0, 0)], "SHP", "Unsqueeze")
op(45, "axis-out-of-range", "Unsqueeze", [X4, vector(5)], "SHP", "Unsqueeze")

# 46-49: results larger than any memory
BIG = 1 << 40
op(46, "huge", "Expand", [f([1], 1), vector(BIG)], "LIM", "Expand")
op(46, "overflow", "Expand", [f([1], 1), vector(BIG, BIG)], "LIM", "Expand")
op(46, "negative", "Expand", [f([1], 1), vector(-3)], "SHP", "Expand")
op(46, "huge", "Tile", [f([1], 1), vector(BIG)], "LIM", "Tile")
op(46, "overflow", "Tile", [X4, vector(2**62)], "LIM", "Tile")
op(46, "negative", "Tile", [X4, vector(-1)], "SHP", "Tile")
op(46, "huge", "ConstantOfShape", [vector(BIG)], "LIM", "ConstantOfShape")
op(46, "overflow", "ConstantOfShape", [vector(BIG, BIG)], "LIM", "ConstantOfShape")
op(46, "negative", "ConstantOfShape", [vector(-1)], "SHP", "ConstantOfShape")
op(46, "huge", "OneHot", [vector(0), scalar(BIG), f([2], 0, 1)], "LIM", "OneHot")
op(46, "depth-0", "OneHot", [vector(0), scalar(0), f([2], 0, 1)], "SHP", "OneHot", outcome="either")
op(46, "depth-negative", "OneHot", [vector(0), scalar(-2), f([2], 0, 1)], "SHP", "OneHot")
op(46, "huge", "Range", [scalar(0), scalar(BIG), scalar(1)], "LIM", "Range", out=INT64)
op(46, "overflow", "Range", [scalar(LEAST), scalar(MOST), scalar(1)], "LIM", "Range", out=INT64)
op(46, "huge", "EyeLike", [f([1, 1], 1)], "SHP", "", k=MOST, outcome="success")
op(46, "bad-k", "Trilu", [X33, scalar(LEAST)], "SHP", "Trilu", outcome="success")


def chain(version: int = 17) -> bytes:
    nodes = [node("Concat", [f"t{each}"] * 2, [f"t{each + 1}"], axis=0) for each in range(30)]
    return model(graph(nodes, [value("t0", FLOAT, [1024])], [value("t30")]), version)


zeros = b'{"t0": [' + b", ".join([b"0.5"] * 1024) + b"]}\n"
case(
    47,
    "concat-doubled-30-times",
    {"model.onnx": chain(), "inputs.json": zeros},
    "LIM",
    "Concat|memory|node_t",
    command=["run", "model.onnx", "--input", "inputs.json", "--max-memory", "100MB"],
)


def folded(*nodes: bytes, weights: tuple = ()) -> bytes:
    return model(graph(list(nodes), [], [value("Y")], list(weights)))


filled = node("ConstantOfShape", ["n"], ["t"])
summed = node("ReduceSum", ["t"], ["Y"])
case(48, "fold-a-bomb", folded(filled, summed, weights=(given("n", INT64, [1], [BIG]),)), "LIM", "ConstantOfShape|node_t", command=["run", "model.onnx"])
spread = [node("Expand", ["a", "n"], ["b"]), node("Expand", ["c", "n"], ["d"]), node("MatMul", ["b", "d"], ["t"]), summed]
weights = (given("a", FLOAT, [1, 1], [1]), given("c", FLOAT, [1, 1], [1]), given("n", INT64, [2], [1 << 20, 1 << 20]))
case(48, "fold-a-product", folded(*spread, weights=weights), "LIM", "Expand|MatMul|node_[bt]", command=["run", "model.onnx"])

op(49, "huge", "Pad", [X4, vector(0, BIG)], "LIM", "Pad")
op(49, "overflow", "Pad", [X4, vector(MOST, MOST)], "LIM", "Pad")
op(49, "negative-beyond-size", "Pad", [X4, vector(-3, -3)], "SHP", "Pad")
op(49, "pads-short", "Pad", [X23, vector(1, 1)], "SHP", "Pad")
op(49, "reflect-of-one", "Pad", [f([1], 1), vector(0, 3)], "SHP", "Pad", mode="reflect", outcome="either")
op(49, "reflect-of-none", "Pad", [f([0]), vector(0, 3)], "SHP", "Pad", mode="reflect")
op(49, "unknown-mode", "Pad", [X4, vector(0, 1)], "MAL", "Pad.*mirror|mirror.*Pad", mode="mirror")

# 50-52: images
for label, scale in (("zero", 0.0), ("negative", -2.0), ("nan", float("nan")), ("infinite", float("inf"))):
    op(50, f"scale-{label}", "Resize", [IMAGE, None, f([4], 1, 1, scale, 1)], "SHP", "Resize")
op(50, "sizes-2-31", "Resize", [IMAGE, None, None, vector(1, 1, 2**31, 2**31)], "LIM", "Resize")
KERNEL = f([1, 1, 2, 2], 1, 1, 1, 1)
op(51, "group-0", "Conv", [IMAGE, KERNEL], "SHP", "Conv", group=0)
op(51, "group-3", "Conv", [IMAGE, KERNEL], "SHP", "Conv", group=3)
op(51, "stride-0", "Conv", [IMAGE, KERNEL], "SHP", "Conv", strides=[0, 1])
op(51, "dilation-2-31", "Conv", [IMAGE, KERNEL], "SHP", "Conv", dilations=[2**31, 2**31])
op(51, "dilation-most", "Conv", [IMAGE, KERNEL], "SHP", "Conv", dilations=[MOST, MOST])
op(51, "kernel-rank", "Conv", [IMAGE, f([1, 1, 2], 1, 1)], "SHP", "Conv")
op(51, "bias-short", "Conv", [IMAGE, f([2, 1, 1, 1], 1, 1), f([1], 1)], "SHP", "Conv")
op(51, "kernel-shape-other", "Conv", [IMAGE, KERNEL], "SHP", "Conv", kernel_shape=[3, 3])
op(51, "pads-most", "Conv", [IMAGE, KERNEL], "LIM", "Conv", pads=[MOST, MOST, MOST, MOST])
op(52, "kernel-0", "MaxPool", [IMAGE], "SHP", "MaxPool", kernel_shape=[0, 2])
op(52, "pads-at-kernel", "MaxPool", [IMAGE], "SHP", "MaxPool", kernel_shape=[2, 2], pads=[2, 2, 2, 2])
op(52, "ceil-overflow", "MaxPool", [IMAGE], "SHP", "MaxPool", kernel_shape=[2, 2], strides=[MOST, MOST], pads=[1, 1, 1, 1], ceil_mode=1, outcome="either")
op(52, "kernel-beyond-image", "AveragePool", [IMAGE], "SHP", "AveragePool", kernel_shape=[9, 9])

# 53-55: arithmetic that the machine traps on
for operator in ("Div", "Mod"):
    op(53, "by-zero", operator, [vector(7, 0, -7), vector(0, 0, 0)], "SHP", operator, out=INT64, outcome="either")
    op(53, "least-by-minus-one", operator, [vector(LEAST), vector(-1)], "SHP", operator, out=INT64, outcome="either")
    op(53, "int8-least", operator, [(INT8, [1], [-128]), (INT8, [1], [-1])], "SHP", operator, out=INT8, outcome="either")
op(53, "beyond-width", "BitShift", [(UINT8, [2], [255, 255]), (UINT8, [2], [8, 200])], "SHP", "BitShift", out=UINT8, outcome="success", direction="LEFT")
op(53, "least", "Neg", [vector(LEAST)], "SHP", "Neg", out=INT64, outcome="success")
op(53, "least", "Abs", [vector(LEAST)], "SHP", "Abs", out=INT64, outcome="success")
op(53, "overflow", "Mul", [vector(MOST, LEAST), vector(MOST, -1)], "SHP", "Mul", out=INT64, outcome="success")
op(53, "overflow", "ReduceSum", [vector(MOST, MOST)], "SHP", "ReduceSum", out=INT64, outcome="success")
op(53, "overflow", "CumSum", [vector(MOST, MOST), scalar(0)], "SHP", "CumSum", out=INT64, outcome="success")
op(53, "negative-exponent", "Pow", [vector(0, 2), vector(-1, -3)], "SHP", "Pow", out=INT64, outcome="either")
op(53, "divisor-0", "ReduceMean", [i([0])], "SHP", "ReduceMean", out=INT64, outcome="either")
WILD = f([5], float("nan"), float("inf"), float("-inf"), 1e30, -1e30)
for kind in (INT8, UINT8, INT32, INT64, BOOL):
    op(54, f"wild-to-type-{kind}", "Cast", [WILD], "SHP", "Cast", out=kind, outcome="success", to=kind)
op(54, "word-to-integer", "Cast", [(STRING, [1], ["x"])], "SHP", "Cast.*x|x.*Cast", out=INT64, to=INT64)
op(54, "huge-number-to-integer", "Cast", [(STRING, [1], ["9" * 40])], "SHP", "Cast", out=INT64, outcome="either", to=INT64)
op(54, "type-0", "Cast", [X4], "MAL|UNS", "Cast", to=0)
op(54, "type-9999", "Cast", [X4], "UNS", "Cast.*9999|9999.*Cast", to=9999)
op(55, "delta-0", "Range", [scalar(0), scalar(5), scalar(0)], "SHP", "Range", out=INT64)
op(55, "delta-nan", "Range", [f([], 0), f([], 5), f([], float("nan"))], "SHP", "Range")
op(55, "limit-infinite", "Range", [f([], 0), f([], float("inf")), f([], 1)], "SHP|LIM", "Range")
op(55, "not-scalars", "Range", [vector(0, 1), scalar(5), scalar(1)], "SHP", "Range", out=INT64)

# 56, 57: loops that don't end
COUNT, GOES_ON = value("i", INT64, []), value("go", BOOL, [])


def loop(body_nodes: list[bytes], carried: list[bytes], results: list[bytes], outputs: list[bytes], starts: list[str], weights: list[bytes]) -> bytes:
    body = graph([node("Identity", ["go"], ["more"]), *body_nodes], [COUNT, GOES_ON, *carried], [value("more", BOOL, []), *results], name="body")
    weights = [given("m", INT64, [], [MOST]), given("yes", BOOL, [], [True]), *weights]
    one = node("Loop", ["m", "yes", *starts], ["Y"], name="the_node", body=("graph", body))
    return model(graph([one], [], outputs, weights))


counting = loop([node("Add", ["s", "s"], ["t"])], [value("s", FLOAT, [1])], [value("t", FLOAT, [1])], [value("Y")], ["x"], [given("x", FLOAT, [1], [1])])
case(56, "endless-loop", counting, "CAN", "time|deadline|longer", command=["run", "model.onnx", "--timeout", "0.5"])
spread = [node("Cast", ["i"], ["f"], to=FLOAT), node("Expand", ["f", "n"], ["t"])]
scanning = loop(spread, [], [value("t", FLOAT, [1024, 64])], [value("Y")], [], [given("n", INT64, [2], [1024, 64])])
case(57, "scan-outputs-without-end", scanning, "LIM", "Loop|memory|the_node", command=["run", "model.onnx", "--max-memory", "100MB"])
grown = [node("Concat", ["s", "s"], ["t"], axis=0)]
growing = loop(grown, [value("s", FLOAT, ["n"])], [value("t", FLOAT, ["m"])], [value("Y")], ["x"], [given("x", FLOAT, [1], [1])])
case(57, "state-doubles-without-end", growing, "LIM", "Concat|Loop|memory", command=["run", "model.onnx", "--max-memory", "100MB"])

# 58: axes and counts
op(58, "negative", "Split", [X4, vector(-1, 5)], "SHP", "Split", out=(FLOAT, FLOAT))
op(58, "wrong-sum", "Split", [X4, vector(1, 2)], "SHP", "Split", out=(FLOAT, FLOAT))
op(58, "overflowing-sum", "Split", [X4, vector(MOST, MOST, 6)], "SHP", "Split", out=(FLOAT, FLOAT, FLOAT))
op(58, "num-outputs-0", "Split", [X4], "SHP", "Split", version=18, num_outputs=0)
op(58, "negative-k", "TopK", [X4, vector(-1)], "SHP", "TopK", out=(FLOAT, INT64))
op(58, "k-beyond-dim", "TopK", [X4, vector(5)], "SHP", "TopK", out=(FLOAT, INT64))
op(58, "axis", "Concat", [X4, X4], "SHP", "Concat", axis=1)
op(58, "dims-differ", "Concat", [X23, X33], "SHP", "Concat", axis=1)
op(58, "axis-twice", "Transpose", [X23], "SHP", "Transpose", perm=[0, 0])
op(58, "perm-out-of-range", "Transpose", [X23], "SHP", "Transpose", perm=[0, 2])
op(58, "perm-short", "Transpose", [X23], "SHP", "Transpose", perm=[0])
op(58, "axis", "CumSum", [X4, scalar(3)], "SHP", "CumSum")
op(58, "axis-least", "CumSum", [X4, scalar(LEAST)], "SHP", "CumSum")
op(58, "axis", "Softmax", [X4], "SHP", "Softmax", axis=-2)
op(58, "axis", "ReduceSum", [X4, vector(1)], "SHP", "ReduceSum")
op(58, "axis", "LayerNormalization", [X23, f([3], 1, 1, 1)], "SHP", "LayerNormalization", axis=5)
op(58, "scale-length", "LayerNormalization", [X23, f([2], 1, 1)], "SHP", "LayerNormalization")
op(58, "axis", "ArgMax", [X4], "SHP", "ArgMax", out=INT64, axis=1)
op(58, "of-nothing", "ArgMax", [f([0])], "SHP", "ArgMax", out=INT64)
op(58, "broadcast", "Add", [X4, X23], "SHP", "Add")
op(58, "inner", "Gemm", [X23, X23], "SHP", "Gemm")
op(58, "block-0", "DepthToSpace", [IMAGE], "SHP", "DepthToSpace", blocksize=0)
op(58, "block-most", "DepthToSpace", [IMAGE], "SHP", "DepthToSpace", blocksize=MOST)
op(58, "lengths-beyond", "ReverseSequence", [X23, vector(9, 9, 9)], "SHP", "ReverseSequence")

# 59: equations, and nothing at all
op(59, "no-arrow-but-dots", "Einsum", [X23, X33], "SHP", "Einsum", equation="ij,jk->i..k")
op(59, "unknown-letter", "Einsum", [X23, X33], "SHP", "Einsum", equation="ij,jk->iz")
op(59, "too-many-terms", "Einsum", [X23], "SHP", "Einsum", equation="ij,jk->ik")
op(59, "repeated-output", "Einsum", [X23], "SHP", "Einsum", equation="ij->ii")
op(59, "dims-differ", "Einsum", [X23, X23], "SHP", "Einsum", equation="ij,jk->ik")
letters = "".join(chr(65 + each) for each in range(26)) + "".join(chr(97 + each) for each in range(26)) + "ABCDEFGH"
op(59, "sixty-letters", "Einsum", [f([1] * 60, 1)], "SHP|LIM", "Einsum|rank", equation=f"{letters}->A", outcome="either")
op(59, "of-nothing", "NonZero", [f([0])], "SHP", "NonZero", out=INT64, outcome="success")
op(59, "of-nothing", "Unique", [f([0])], "SHP", "Unique", outcome="success")
op(59, "of-nothing", "Compress", [f([0]), (BOOL, [0], [])], "SHP", "Compress", outcome="success")
op(59, "of-nothing", "MatMul", [f([2, 0]), f([0, 3])], "SHP", "MatMul", outcome="success")
op(59, "of-nothing", "Softmax", [f([2, 0])], "SHP", "Softmax", outcome="success")
op(59, "condition-beyond", "Compress", [X4, (BOOL, [6], [False] * 5 + [True])], "SHP", "Compress")

# 60: quantisation
Q = (UINT8, [2], [1, 2])
op(60, "scale-0", "QuantizeLinear", [X4, f([], 0), (UINT8, [], [0])], "SHP", "QuantizeLinear", out=UINT8, outcome="either")
op(60, "scale-nan", "QuantizeLinear", [X4, f([], float("nan")), (UINT8, [], [0])], "SHP", "QuantizeLinear", out=UINT8, outcome="either")
op(60, "scale-length", "QuantizeLinear", [X23, f([2], 1, 1)], "SHP", "QuantizeLinear", out=UINT8)
op(60, "zero-point-length", "DequantizeLinear", [Q, f([2], 1, 1), (UINT8, [3], [0, 0, 0])], "SHP", "DequantizeLinear", axis=0)
op(60, "zero-point-type", "DequantizeLinear", [Q, f([], 1), (INT8, [], [0])], "SHP", "DequantizeLinear")
op(60, "block-size", "DequantizeLinear", [(UINT8, [4], [1] * 4), f([2], 1, 1)], "SHP", "DequantizeLinear", version=21, axis=0, block_size=5)
A8, S8, Z8 = (UINT8, [2, 2], [1, 2, 3, 4]), f([], 1), (UINT8, [], [0])
op(60, "zero-point-type", "QLinearMatMul", [A8, S8, (INT8, [], [0]), A8, S8, Z8, S8, Z8], "SHP", "QLinearMatMul", out=UINT8)
op(60, "inner", "MatMulInteger", [A8, (UINT8, [3, 2], [0] * 6)], "SHP", "MatMulInteger", out=INT32)
op(60, "zero-point-length", "MatMulInteger", [A8, A8, Z8, (UINT8, [3], [0, 0, 0])], "SHP", "MatMulInteger", out=INT32)
packed = (UINT8, [4, 1, 8], [0] * 32)
op(
    60,
    "packed-short",
    "MatMulNBits",
    [f([1, 32], *range(32)), packed, f([4], *[1] * 4)],
    "SHP",
    "MatMulNBits",
    domain="com.microsoft",
    K=32,
    N=4,
    bits=4,
    block_size=32,
)
op(
    60,
    "sizes-most",
    "MatMulNBits",
    [f([1, 32], *range(32)), packed, f([4], *[1] * 4)],
    "SHP",
    "MatMulNBits",
    domain="com.microsoft",
    K=MOST,
    N=MOST,
    bits=4,
    block_size=32,
)

# 61: patterns that backtrack for ever
words = (STRING, [1], ["a" * 50 + "b"])
op(61, "backtracking", "RegexFullMatch", [words], "UNS", "RegexFullMatch", out=BOOL, version=20, outcome="either", pattern="(a+)+$")
op(61, "malformed", "RegexFullMatch", [words], "SHP", "RegexFullMatch", out=BOOL, version=20, pattern="(a")
