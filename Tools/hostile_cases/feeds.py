"""Cases 62, 63: a correct model that is fed wrongly, and correct operators fed every kind of float."""

from hostile_cases import case
from hostile_cases.encode import BOOL, DOUBLE, FLOAT, INT64, STRING, block, float_tensor, floats, graph, int64_tensor, model, node, tensor, value

# ids [batch, 3] look up rows of a table of 5; the mask is added to what they say.
LOOKUP = model(
    graph(
        [node("Gather", ["table", "ids"], ["rows"]), node("Add", ["rows", "mask"], ["Y"])],
        [value("ids", INT64, ["batch", 3]), value("mask", FLOAT, ["batch", 3])],
        [value("Y", FLOAT, ["batch", 3])],
        [float_tensor("table", [5], 1, 2, 3, 4, 5)],
    )
)
IDS = int64_tensor("ids", [1, 3], 0, 1, 2)
MASK = float_tensor("mask", [1, 3], 0, 0, 0)


def fed(name: str, error: str, ids: bytes | None = IDS, mask: bytes | None = MASK, more: list[str] = (), **options) -> None:
    files, feeds = {"model.onnx": LOOKUP}, []
    for label, content in (("ids", ids), ("mask", mask)):
        if content is not None:
            files[f"{label}.pb"] = content
            feeds += ["--input", f"{label}={label}.pb"]
    files.update(options.pop("files", {}))
    case(62, name, files, options.pop("kind", "SHP"), error, command=["run", "model.onnx", *feeds, *more], **options)


def by_json(name: str, text: str | bytes, error: str, **options) -> None:
    files = {"model.onnx": LOOKUP, "inputs.json": text.encode() if isinstance(text, str) else text}
    case(62, f"json-{name}", files, options.pop("kind", "SHP"), error, command=["run", "model.onnx", "--input", "inputs.json"], **options)


fed("correct", "", outcome="success")
fed("wrong-type", "ids.*(int64|whole)", ids=float_tensor("ids", [1, 3], 0.5, 1, 2))
fed("text-for-numbers", "ids.*int64", ids=tensor("ids", STRING, [1, 3], extra=block(6, "a") * 3))
fed("wrong-rank", "ids", ids=int64_tensor("ids", [1, 1, 3], 0, 1, 2))
fed("wrong-dim", "ids.*(4.*3|3.*4)", ids=int64_tensor("ids", [1, 4], 0, 1, 2, 3))
fed("one-symbol-two-sizes", "batch|mask", mask=float_tensor("mask", [2, 3], *[0] * 6), outcome="either")
fed("id-out-of-table", "Gather.*7|7.*Gather|ids.*7", ids=int64_tensor("ids", [1, 3], 0, 7, 2))
fed("missing", "mask", mask=None, kind="SHP|USE")
fed("unknown-name", "colour.*(ids|mask)|colour", kind="SHP|USE", more=["--input", "colour=mask.pb"])
fed("twice", "ids", kind="SHP|USE", more=["--input", "ids=ids.pb"])
fed("no-such-file", "none\\.pb", more=["--input", "mask=none.pb"], mask=None, kind="IO")
fed("no-rows", "", ids=int64_tensor("ids", [0, 3]), mask=float_tensor("mask", [0, 3]), outcome="success")
fed("double-that-fits", "mask", mask=tensor("mask", DOUBLE, [1, 3], bytes(24)), outcome="either")
fed("cut-short", "mask\\.pb|offset", mask=MASK[:-2], kind="MAL")
fed("bytes-against-dims", "mask", mask=tensor("mask", FLOAT, [1, 3], floats(1, 2)), kind="MAL")
fed("fifo", "mask\\.pb", mask=None, more=["--input", "mask=mask.pb"], setup=[["fifo", "mask.pb"]], kind="IO")
by_json("correct", '{"ids": [[0, 1, 2]], "mask": [[0, 0, 0]]}', "", outcome="success")
by_json("empty", "", "inputs\\.json", kind="MAL")
by_json("half", '{"ids": [[0, 1', "inputs\\.json|offset|line", kind="MAL")
by_json("deep", '{"ids": ' + "[" * 3000 + "]" * 3000 + "}", "deep|depth|nest", kind="LIM")
by_json("fraction-for-id", '{"ids": [[0, 1.5, 2]], "mask": [[0, 0, 0]]}', "ids.*1\\.5|1\\.5.*ids")
by_json("huge-id", '{"ids": [[0, 1e30, 2]], "mask": [[0, 0, 0]]}', "ids")
by_json("word", '{"ids": [[0, "one", 2]], "mask": [[0, 0, 0]]}', "ids|inputs\\.json")
by_json("mixed-depth", '{"ids": [[0, [1], 2]], "mask": [[0, 0, 0]]}', "ids|inputs\\.json")
by_json("key-twice", '{"ids": [[0, 1, 2]], "ids": [[0, 1, 2]], "mask": [[0, 0, 0]]}', "ids|twice", kind="MAL")
by_json("null", '{"ids": null, "mask": [[0, 0, 0]]}', "ids")
by_json("not-utf-8", b'{"ids": [[0, 1, 2]], "mask": [[0, 0, 0]], "\xff": 1}', "inputs\\.json|UTF-8", kind="MAL")

# 63: every kind of float through many operators
KINDS = [float("nan"), float("inf"), float("-inf"), 1e-45, -1e-45, -0.0, 3.4e38, -3.4e38]
ELEMENTWISE = (
    "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Elu Erf Exp Floor HardSigmoid HardSwish Identity LeakyRelu Log "
    "Mish Neg Reciprocal Relu Round Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Tan Tanh ThresholdedRelu"
)
ROWS = (
    "LogSoftmax Softmax Hardmax ReduceMax ReduceMin ReduceMean ReduceSum ReduceProd ReduceL1 ReduceL2 ReduceLogSum "
    "ReduceLogSumExp ReduceSumSquare LpNormalization"
)
BINARY = "Add Sub Mul Div Pow PRelu Max Min Mean Sum"
TO_BOOL = "Equal Less LessOrEqual Greater GreaterOrEqual"
X = float_tensor("X", [2, 8], *KINDS, *KINDS[3:], *KINDS[:3])


def through(name: str, operators: str, inputs: list[str], kind: int = FLOAT) -> None:
    one_each = operators.split()
    outputs = [value(each, kind) for each in one_each]
    nodes = [node(each, inputs, [each]) for each in one_each]
    files = {"model.onnx": model(graph(nodes, [value("X", FLOAT, [2, 8])], outputs), version=18), "X.pb": X}
    case(63, f"floats-{name}", files, "SHP", "", command=["run", "model.onnx", "--input", "X=X.pb"], outcome="success")


through("elementwise", ELEMENTWISE, ["X"])
through("rows", ROWS, ["X"])
through("binary", BINARY, ["X", "X"])
through("compared", TO_BOOL, ["X", "X"], BOOL)
through("tested", "IsNaN IsInf", ["X"], BOOL)
through("sought", "ArgMax ArgMin NonZero", ["X"], INT64)
