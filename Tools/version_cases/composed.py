"""Operators with bodies, sequences and optionals: models of more than one node."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from version_cases import Case, Version, makes, short

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def tensor(name: str, kind: int = FLOAT, shape: list | None = None):
    return helper.make_tensor_value_info(name, kind, shape)


@makes("Constant")
def constant(v: Version):
    given = {"value": numpy_helper.from_array(v.values(np.float32, 2, 3))}
    given |= {f"value_{kind}": told for kind, told in (("float", 1.5), ("floats", [1.5, -2.0]), ("int", 3), ("ints", [1, 2, 3])) if v.has(f"value_{kind}")}
    for name, value in given.items():
        yield Case(name, [helper.make_node("Constant", [], ["y0"], **{name: value})], {}, ["y0"])
    if v.has("value_strings"):
        yield Case("value_strings", [helper.make_node("Constant", [], ["y0"], value_strings=["a", "ε"])], {}, ["y0"])


@makes("If")
def if_(v: Version):
    for flag in (True, False):
        then = helper.make_graph([helper.make_node("Add", ["x0", "x0"], ["a"])], "then", [], [tensor("a")])
        other = helper.make_graph([helper.make_node("Neg", ["t"], ["b"])], "else", [], [tensor("b")])
        nodes = [helper.make_node("Relu", ["x0"], ["t"]), helper.make_node("If", ["x1"], ["y0"], then_branch=then, else_branch=other)]
        yield Case(f"captures_{flag}", nodes, {"x0": v.values(np.float32, 2, 3), "x1": np.array(flag)}, ["y0"])


@makes("Loop")
def loop(v: Version):
    def body(stops: bool):
        nodes = [helper.make_node("Add", ["s", "x0"], ["t"]), helper.make_node("Identity", ["t"], ["scan"])]
        if stops:
            nodes += [helper.make_node("ReduceMax", ["t"], ["m"], keepdims=0), helper.make_node("Less", ["m", "limit"], ["more"])]
        else:
            nodes.append(helper.make_node("Identity", ["go"], ["more"]))
        inputs = [tensor("i", INT64, []), tensor("go", BOOL, []), tensor("s", FLOAT, [3])]
        return helper.make_graph(nodes, "body", inputs, [tensor("more", BOOL, []), tensor("t", FLOAT, [3]), tensor("scan", FLOAT, [3])])

    x, s = np.array([1, 2, 3], np.float32), np.zeros(3, np.float32)
    for label, count, stops in (
        ("counted", np.array(4, np.int64), False),
        ("stopped", None, True),
        ("both", np.array(9, np.int64), True),
        ("none", np.array(0, np.int64), False),
    ):
        inputs = {"x0": x, "x1": s, "go0": np.array(True)} | ({"count": count} if count is not None else {})
        node = helper.make_node("Loop", ["count" if count is not None else "", "go0", "x1"], ["y0", "y1"], body=body(stops))
        yield Case(label, [node], inputs, ["y0", "y1"], {"limit": np.array(10, np.float32)})


@makes("Scan")
def scan(v: Version):
    nodes = [helper.make_node("Add", ["s", "e"], ["t"]), helper.make_node("Identity", ["t"], ["o"])]
    body = helper.make_graph(nodes, "body", [tensor("s", FLOAT, [2]), tensor("e", FLOAT, [2])], [tensor("t", FLOAT, [2]), tensor("o", FLOAT, [2])])
    if v.since < 9:
        inputs = {"x0": v.values(np.float32, 3, 2), "x1": v.values(np.float32, 3, 5, 2)}
        yield Case("batched", [helper.make_node("Scan", ["", "x0", "x1"], ["y0", "y1"], body=body, num_scan_inputs=1)], inputs, ["y0", "y1"])
        lengths = inputs | {"n": np.array([5, 2, 3], np.int64)}
        yield Case("lengths", [helper.make_node("Scan", ["n", "x0", "x1"], ["y0", "y1"], body=body, num_scan_inputs=1)], lengths, ["y0", "y1"])
        return
    for label, shape, attributes in (
        ("plain", (5, 2), {}),
        ("reversed", (5, 2), {"scan_input_directions": [1]}),
        ("out_reversed", (5, 2), {"scan_output_directions": [1]}),
        ("axis1", (2, 5), {"scan_input_axes": [1], "scan_output_axes": [1]}),
    ):
        node = helper.make_node("Scan", ["x0", "x1"], ["y0", "y1"], body=body, num_scan_inputs=1, **attributes)
        yield Case(label, [node], {"x0": v.values(np.float32, 2), "x1": v.values(np.float32, *shape)}, ["y0", "y1"])


@makes("SequenceConstruct", "SequenceAt", "SequenceInsert", "SequenceErase", "SequenceLength", "SequenceEmpty", "ConcatFromSequence")
def sequence(v: Version):
    for dtype in (np.float32, np.int64, np.object_):
        inputs = {f"x{each}": v.values(dtype, 2, 3) for each in range(3)}
        made = helper.make_node("SequenceConstruct", list(inputs), ["s"])
        at = {"k": np.array(-1, np.int64)}
        tails = {
            "SequenceConstruct": ([], {}, "s"),
            "SequenceAt": ([helper.make_node("SequenceAt", ["s", "k"], ["y0"])], at, "y0"),
            "SequenceInsert": ([helper.make_node("SequenceInsert", ["s", "x0", "k"], ["y0"])], at, "y0"),
            "SequenceErase": ([helper.make_node("SequenceErase", ["s", "k"], ["y0"])], at, "y0"),
            "SequenceLength": ([helper.make_node("SequenceLength", ["s"], ["y0"])], {}, "y0"),
            "ConcatFromSequence": ([helper.make_node("ConcatFromSequence", ["s"], ["y0"], axis=-1)], {}, "y0"),
        }
        if v.name == "SequenceEmpty":
            kind = TensorProto.STRING if dtype is np.object_ else helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
            nodes = [helper.make_node("SequenceEmpty", [], ["s"], dtype=kind), helper.make_node("SequenceInsert", ["s", "x0"], ["y0"])]
            yield Case(short(dtype), nodes, {"x0": inputs["x0"]}, ["y0"])
        else:
            tail, more, result = tails[v.name]
            yield Case(short(dtype), [made, *tail], inputs | more, [result])
    if v.name == "ConcatFromSequence":
        inputs = {f"x{each}": v.values(np.float32, 2, 3) for each in range(3)}
        nodes = [helper.make_node("SequenceConstruct", list(inputs), ["s"]), helper.make_node("ConcatFromSequence", ["s"], ["y0"], axis=1, new_axis=1)]
        yield Case("new_axis", nodes, inputs, ["y0"])


@makes("SplitToSequence")
def split_to_sequence(v: Version):
    for dtype in (np.float32, np.int64):
        x = v.values(dtype, 5, 3)
        yield v.one(f"{short(dtype)}_ones", [x])
        yield v.one(f"{short(dtype)}_keep0", [x], keepdims=0)
        yield v.one(f"{short(dtype)}_twos", [x, np.array(2, np.int64)])
        yield v.one(f"{short(dtype)}_sizes", [x, np.array([1, 4], np.int64)])
        yield v.one(f"{short(dtype)}_axis1", [x], axis=-1)


@makes("Optional", "OptionalHasElement", "OptionalGetElement")
def optional(v: Version):
    inputs = {"x0": v.values(np.float32, 2, 3)}
    made = helper.make_node("Optional", ["x0"], ["o"])
    yield Case("has", [made, helper.make_node("OptionalHasElement", ["o"], ["y0"])], inputs, ["y0"])
    yield Case("get", [made, helper.make_node("OptionalGetElement", ["o"], ["y0"])], inputs, ["y0"])


@makes("SequenceMap")
def sequence_map(v: Version):
    body = helper.make_graph([helper.make_node("Add", ["e", "x2"], ["o"])], "body", [tensor("e", FLOAT, [2, 3])], [tensor("o", FLOAT, [2, 3])])
    nodes = [helper.make_node("SequenceConstruct", ["x0", "x1"], ["s"]), helper.make_node("SequenceMap", ["s"], ["y0"], body=body)]
    yield Case("captures", nodes, {f"x{each}": v.values(np.float32, 2, 3) for each in range(3)}, ["y0"])
