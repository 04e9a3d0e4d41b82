"""Cases 16-24 and 36-41: models and tensors that contradict themselves."""

from hostile_cases import case
from hostile_cases.encode import (
    BOOL,
    DOUBLE,
    FLOAT,
    FLOAT16,
    INT4,
    INT8,
    INT32,
    INT64,
    STRING,
    attribute,
    block,
    fixed32,
    float_tensor,
    floats,
    function,
    graph,
    int64_tensor,
    int64s,
    model,
    node,
    number,
    opset,
    small,
    sparse,
    tensor,
    value,
    varint,
)

GRAPH = graph([node("Relu", ["X"], ["Y"])], [value("X", FLOAT, [2])], [value("Y", FLOAT, [2])])


def versions(ir: bytes, opsets: bytes) -> bytes:
    return ir + opsets + block(7, GRAPH)


# 16: what a model must say about itself
case(16, "no-graph", number(1, 8) + opset(17), "MAL", "graph")
case(16, "no-opset", versions(number(1, 8), b""), "MAL", "opset|operator set")
case(16, "no-ir-version", versions(b"", opset(17)), "MAL", "ir_version|IR version")
case(16, "ir-version-0", versions(number(1, 0), opset(17)), "MAL", "ir_version|IR version")
case(16, "ir-version-9999", versions(number(1, 9999), opset(17)), "UNS", "9999")
case(16, "ir-version-negative", versions(number(1, -8), opset(17)), "MAL", "-8|IR version|ir_version")
case(16, "opset-million", versions(number(1, 8), opset(10**6)), "UNS", "1000000|1,000,000")
case(16, "opset-negative", versions(number(1, 8), opset(-3)), "UNS|MAL", "-3")
case(16, "opset-6", versions(number(1, 8), opset(6)), "UNS", "6", outcome="either")
case(16, "domain-twice", versions(number(1, 8), opset(17) + opset(13)), "MAL", "twice|17|13|more than once|duplicate")


def weighted(*weights: bytes, kind: int = FLOAT, version: int = 17, extra: bytes = b"") -> bytes:
    """A model that returns its tensor w, whatever that is."""
    return model(graph([node("Identity", ["w"], ["Y"])], [], [value("Y", kind)], weights, extra), version, ir=10)


def with_w(kind: int, dims: list[int], raw: bytes | None = None, extra: bytes = b"", version: int = 17) -> bytes:
    return weighted(tensor("w", kind, dims, raw, extra), kind=kind, version=version)


# 17-22: tensors whose dims, type and bytes disagree
case(17, "negative-dim", with_w(FLOAT, [-1], b""), "MAL", "w.*-1|-1.*w")
case(17, "least-dim", with_w(FLOAT, [-(2**63)], b""), "MAL", "w")
case(18, "product-overflows", with_w(FLOAT, [2**62, 4], floats(1)), "MAL|LIM", "w")
case(18, "product-wraps-to-zero", with_w(FLOAT, [2**32, 2**32], b""), "MAL|LIM", "w")
case(18, "bytes-overflow", with_w(FLOAT, [2**61, 2], floats(1)), "MAL|LIM", "w")
case(18, "overflow-beside-zero", with_w(FLOAT, [0, 2**62, 2**62], b""), "MAL", "w", outcome="either")
case(19, "raw-data-short", with_w(FLOAT, [3], floats(1, 2)), "MAL", "w.*(8.*12|12.*8)")
case(19, "raw-data-long", with_w(FLOAT, [1], floats(1, 2)), "MAL", "w.*(8.*4|4.*8)")
case(19, "no-data", with_w(FLOAT, [2]), "MAL", "w")
case(19, "float-data-short", with_w(FLOAT, [3], extra=block(4, floats(1, 2))), "MAL", "w.*(2.*3|3.*2)")
case(20, "raw-and-float-data", with_w(FLOAT, [1], floats(1), block(4, floats(1))), "MAL", "w")
case(20, "strings-in-raw-data", with_w(STRING, [1], b"abc"), "MAL", "w")
case(20, "data-of-another-type", with_w(DOUBLE, [1], extra=block(4, floats(1))), "MAL", "w")
case(21, "type-0", with_w(0, [1], floats(1)), "MAL", "w")
case(21, "type-9999", with_w(9999, [1], floats(1)), "UNS|MAL", "9999")
case(21, "int4-odd-count-short", with_w(INT4, [3], b"\x12", version=21), "MAL", "w")
case(21, "int4-odd-count", with_w(INT4, [3], b"\x21\x03", version=21), "MAL", "", outcome="success")
case(21, "float16-above-65535", with_w(FLOAT16, [1], extra=block(5, varint(65536))), "MAL", "w.*65536|65536.*w")
case(21, "int8-out-of-range", with_w(INT8, [1], extra=block(5, varint(300))), "MAL", "w.*300|300.*w")
case(21, "bool-2", with_w(BOOL, [1], b"\x02"), "MAL", "w", outcome="either")
case(22, "rank-10000", with_w(FLOAT, [1] * 10_000, floats(1)), "LIM", "rank.*10,?000|10,?000.*rank|dim")
case(22, "no-elements", with_w(FLOAT, [0, 3], b""), "MAL", "", outcome="success")


def sparse_w(indices: bytes, dims: tuple[int, ...] = (4,), count: int = 2) -> bytes:
    told = sparse(float_tensor("w", [count], *range(1, count + 1)), indices, dims)
    return weighted(extra=block(15, told))


# 23: sparse tensors
case(23, "in-order", sparse_w(int64_tensor("i", [2], 1, 3)), "MAL", "", outcome="success")
case(23, "negative-index", sparse_w(int64_tensor("i", [2], -1, 2)), "MAL", "w|-1")
case(23, "index-is-size", sparse_w(int64_tensor("i", [2], 1, 4)), "MAL", "w|4")
case(23, "unsorted", sparse_w(int64_tensor("i", [2], 3, 1)), "MAL", "w|order|sort")
case(23, "twice", sparse_w(int64_tensor("i", [2], 3, 3)), "MAL", "w|3")
case(23, "too-few-indices", sparse_w(int64_tensor("i", [1], 3)), "MAL", "w|indices")
case(23, "index-rank-3", sparse_w(int64_tensor("i", [2, 1, 1], 1, 3)), "MAL", "w|indices|rank")
case(23, "tuple-out-of-range", sparse_w(int64_tensor("i", [2, 2], 0, 1, 2, 0), (2, 2)), "MAL", "w|2")
case(23, "float-indices", sparse_w(float_tensor("i", [2], 1, 3)), "MAL", "w|INT64|int64")
case(23, "exabyte", sparse_w(int64_tensor("i", [2], 1, 3), (2**60,)), "LIM", "w")

# 24, 36: names and order
TWO = [float_tensor("w", [1], 1), float_tensor("w", [1], 2)]
case(24, "initializer-twice", weighted(*TWO), "MAL", "w")
shadow = graph([node("Relu", ["X"], ["w"]), node("Neg", ["w"], ["Y"])], [value("X", FLOAT, [1])], [value("Y")], [float_tensor("w", [1], 1)])
case(24, "initializer-shadows-output", model(shadow), "MAL", "w")
case(24, "input-twice", model(graph([node("Relu", ["X"], ["Y"])], [value("X"), value("X")], [value("Y")])), "MAL", "X")
case(24, "node-makes-input", model(graph([node("Relu", ["X"], ["X"])], [value("X")], [value("X")])), "MAL", "X")

XIN, YOUT = [value("X", FLOAT, [2])], [value("Y", FLOAT, [2])]


def nodes(*all_of_it: bytes, outputs: list[bytes] = YOUT) -> bytes:
    return model(graph(list(all_of_it), XIN, outputs))


case(36, "cycle", nodes(node("Add", ["X", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Neg", ["b"], ["Y"])), "MAL", "node_a|node_b|cycle|'b'")
case(36, "cycle-of-one", nodes(node("Add", ["X", "Y"], ["Y"])), "MAL", "Y")
case(36, "undefined-input", nodes(node("Add", ["X", "ghost"], ["Y"])), "MAL", "ghost")
case(36, "output-never-produced", nodes(node("Relu", ["X"], ["Z"])), "MAL", "Y")
case(36, "two-producers", nodes(node("Relu", ["X"], ["Y"], name="first"), node("Neg", ["X"], ["Y"], name="second")), "MAL", "Y")
case(36, "out-of-order", nodes(node("Neg", ["a"], ["Y"]), node("Relu", ["X"], ["a"])), "MAL", "a", outcome="either")
case(36, "output-twice", nodes(node("Relu", ["X"], ["Y"]), outputs=YOUT * 2), "MAL", "", outcome="success")

# 37: nodes that no schema fits
case(37, "unknown-operator", nodes(node("Relux", ["X"], ["Y"])), "UNS", "Relux")
case(37, "unknown-domain", nodes(node("Relu", ["X"], ["Y"], domain="com.example")), "UNS|MAL", "com\\.example")
case(37, "newer-than-opset", nodes(node("Gelu", ["X"], ["Y"])), "UNS", "Gelu.*20")
attention = graph([node("Attention", ["X", "X", "X"], ["Y"])], [value("X", FLOAT, [1, 2, 3, 4])], [value("Y")])
case(37, "attention-at-18", model(attention, version=18), "UNS", "Attention.*(23|18)")
case(37, "no-operator", nodes(block(1, "X") + block(2, "Y")), "MAL", "operator|op_type")
case(37, "attribute-of-wrong-type", nodes(node("Softmax", ["X"], ["Y"], axis=0.5)), "MAL", "axis")
case(37, "attribute-missing", nodes(node("Cast", ["X"], ["Y"])), "MAL", "\\bto\\b")
case(37, "attribute-twice", nodes(node("Softmax", ["X"], ["Y"], axis=0, raw=block(5, attribute("axis", 1)))), "MAL", "axis")
case(37, "attribute-unknown", nodes(node("Relu", ["X"], ["Y"], slope=1.0)), "MAL|UNS", "slope")
case(37, "attribute-without-type", nodes(node("Softmax", ["X"], ["Y"], raw=block(5, attribute("axis", 0, kind=0)))), "MAL", "axis", outcome="either")
both = block(1, "axis") + number(3, 0) + fixed32(2, 0.5) + number(20, 2)
case(37, "attribute-of-two-types", nodes(node("Softmax", ["X"], ["Y"], raw=block(5, both))), "MAL", "axis", outcome="either")
case(37, "too-many-inputs", nodes(node("Relu", ["X", "X"], ["Y"])), "MAL", "Relu.*input|input.*Relu")
case(37, "too-few-inputs", nodes(node("Add", ["X"], ["Y"])), "MAL", "Add")
case(37, "required-input-empty", nodes(node("Add", ["X", ""], ["Y"])), "MAL", "Add")
case(37, "too-many-outputs", nodes(node("Relu", ["X"], ["Y", "Z"])), "MAL", "Relu")
case(37, "type-not-allowed", model(graph([node("Relu", ["X"], ["Y"])], [value("X", STRING, [1])], [value("Y")])), "SHP", "Relu")
case(37, "types-differ", model(graph([node("Add", ["X", "Z"], ["Y"])], [value("X", FLOAT, [1]), value("Z", INT64, [1])], [value("Y")])), "SHP", "Add")
case(37, "reference-outside-a-function", nodes(node("Softmax", ["X"], ["Y"], raw=block(5, block(1, "axis") + block(21, "a") + number(20, 2)))), "MAL", "axis")


# 38, 39: functions; the small ones are in Models/functions/refused
def deep_functions():
    count = 50_000
    yield number(1, 8) + opset(17) + block(8, block(1, "local") + number(2, 1))
    yield block(25, function("f0", ["x"], ["y"], [node("Neg", ["x"], ["y"])]))
    for each in range(1, count):
        yield block(25, function(f"f{each}", ["x"], ["y"], [node(f"f{each - 1}", ["x"], ["y"], domain="local")]))
    yield block(7, graph([node(f"f{count - 1}", ["X"], ["Y"], domain="local")], XIN, YOUT))


def branch(nodes_of: list[bytes], out: str) -> tuple[str, bytes]:
    return ("graph", graph(nodes_of, [], [value(out, FLOAT, [2])], name=out))


def function_tree() -> bytes:
    """f30, whose If calls f29 in both branches, and so on: 2^30 nodes where every branch is expanded."""
    made = [function("f0", ["x", "c"], ["y"], [node("Neg", ["x"], ["y"])])]
    for each in range(1, 31):
        called = [node(f"f{each - 1}", ["x", "c"], ["r"], domain="local")]
        made.append(function(f"f{each}", ["x", "c"], ["y"], [node("If", ["c"], ["y"], then_branch=branch(called, "r"), else_branch=branch(called, "r"))]))
    extra = block(8, block(1, "local") + number(2, 1)) + b"".join(block(25, each) for each in made)
    called = node("f30", ["X", "C"], ["Y"], domain="local")
    return model(graph([called], [*XIN, value("C", BOOL, [])], YOUT), extra=extra)


case(39, "functions-50000-deep", {"model.onnx": deep_functions}, "LIM", "deep|depth|function|nodes", outcome="either")
case(39, "two-branches-of-calls", function_tree(), "LIM", "nodes|expan|inlin")

# 40: declared against inferred
wrong = graph([node("MatMul", ["A", "B"], ["Y"])], [value("A", FLOAT, [2, 3]), value("B", FLOAT, [3, 4])], [value("Y", FLOAT, [2, 5])])
case(40, "output-shape", model(wrong), "SHP", "Y.*5|5.*Y")
case(40, "output-type", model(graph([node("Relu", ["X"], ["Y"])], XIN, [value("Y", INT64, [2])])), "SHP", "Y")
case(
    40, "inner-shape", model(graph([node("MatMul", ["A", "B"], ["Y"])], [value("A", FLOAT, [2, 3]), value("B", FLOAT, [4, 5])], [value("Y")])), "SHP", "MatMul"
)
noted = block(13, value("t", FLOAT, [9]))
middle = graph([node("Relu", ["X"], ["t"]), node("Neg", ["t"], ["Y"])], XIN, YOUT, extra=noted)
case(40, "intermediate-shape", model(middle), "SHP", "\\bt\\b", outcome="either")
case(
    40,
    "initializer-against-input",
    model(graph([node("Relu", ["w"], ["Y"])], [value("w", FLOAT, [3])], [value("Y")], [float_tensor("w", [2], 1, 2)])),
    "SHP",
    "w",
)


# 41: nesting where each level is looked at once, or 2^depth times
def two_branches(depth: int) -> bytes:
    inside = branch([node("Relu", ["X"], ["r0"])], "r0")
    for each in range(1, depth):
        other = branch([node("Neg", ["X"], [f"e{each}"])], f"e{each}")
        inside = branch([node("If", ["C"], [f"r{each}"], then_branch=inside, else_branch=other)], f"r{each}")
    other = branch([node("Neg", ["X"], ["e"])], "e")
    top = node("If", ["C"], ["Y"], then_branch=inside, else_branch=other)
    return model(graph([top], [*XIN, value("C", BOOL, [])], YOUT))


FEED = b'{"X": [-1.0, 2.0], "C": true}\n'
case(
    41,
    "branches-20-deep",
    {"model.onnx": two_branches(20), "inputs.json": FEED},
    "LIM",
    "",
    command=["run", "model.onnx", "--input", "inputs.json"],
    outcome="success",
)
case(41, "branches-40-deep", two_branches(40), "LIM", "deep|depth|nest")

# 16-24 start from here: if this one fails, the others prove nothing
case(16, "correct", small(), "MAL", "", outcome="success")
case(18, "correct", with_w(INT32, [2], bytes(8)), "MAL", "", outcome="success")
case(19, "correct-data-in-fields", with_w(INT64, [2], extra=block(7, varint(5) + varint(-1))), "MAL", "", outcome="success")
case(21, "correct-int64-raw", with_w(INT64, [2], int64s(5, -1)), "MAL", "", outcome="success")
