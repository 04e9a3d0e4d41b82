"""Operators that work element by element, and casts."""

import numpy as np
from onnx import TensorProto, helper

from version_cases import FLOATS, Version, makes, short

# Where a function is defined, or smooth enough for two libraries to agree.
DOMAINS = {
    "Acos": (-0.95, 0.95),
    "Asin": (-0.95, 0.95),
    "Atanh": (-0.9, 0.9),
    "Acosh": (1.1, 9),
    "Log": (0.1, 9),
    "Sqrt": (0, 9),
    "Reciprocal": (0.5, 9),
    "Exp": (-4, 4),
    "Sinh": (-4, 4),
    "Cosh": (-4, 4),
    "Tan": (-1.2, 1.2),
}
OPTIONS = {
    "LeakyRelu": [{}, {"alpha": 0.3}],
    "Elu": [{}, {"alpha": 0.7}],
    "Selu": [{}, {"alpha": 1.5, "gamma": 1.1}],
    "Celu": [{}, {"alpha": 2.0}],
    "HardSigmoid": [{}, {"alpha": 0.1, "beta": 0.4}],
    "ThresholdedRelu": [{}, {"alpha": 2.5}],
    "Shrink": [{"lambd": 2.0, "bias": 1.0}],
    "Gelu": [{}, {"approximate": "tanh"}],
    "Swish": [{}, {"alpha": 0.5}],
    "IsInf": [{}, {"detect_negative": 0}, {"detect_positive": 0}],
}


@makes(
    *"Abs Neg Sign Ceil Floor Round Exp Log Sqrt Reciprocal Erf Sin Cos Tan Asin Acos Atan Sinh Cosh Tanh Asinh Acosh Atanh Sigmoid Relu".split(),
    *"Softplus Softsign LeakyRelu Elu Selu Celu HardSigmoid HardSwish Mish ThresholdedRelu Shrink Gelu Swish Identity IsNaN IsInf".split(),
    *"Not BitwiseNot".split(),
)
def unary(v: Version):
    low, high = DOMAINS.get(v.name, (-9, 9))
    for dtype in v.types(v.schema.inputs[0].type_str):
        x = v.values(dtype, 2, 3, 5, low=low, high=high)
        if v.name in ("IsNaN", "IsInf"):
            x[0, 0, :3] = [np.nan, np.inf, -np.inf]
        for number, attributes in enumerate(OPTIONS.get(v.name, [{}])):
            yield v.one(f"{short(dtype)}_{number}", [x], **attributes)


SHAPES = {"same": ([2, 3, 4], [2, 3, 4]), "row": ([2, 3, 4], [4]), "column": ([3, 1], [2, 3, 4]), "scalar": ([], [2, 3]), "empty": ([0, 3], [3])}


@makes(*"Add Sub Mul Div Pow Mod PRelu Equal Less Greater LessOrEqual GreaterOrEqual And Or Xor BitwiseAnd BitwiseOr BitwiseXor BitShift".split())
def binary(v: Version):
    for dtype in v.types(v.schema.inputs[0].type_str):
        shapes = SHAPES if dtype in (np.float32, np.int64, np.bool_) else {"row": SHAPES["row"]}
        for label, (left, right) in shapes.items():
            # The slope broadcasts to the input, never the other way round.
            if v.name == "PRelu" and label in ("column", "scalar"):
                continue
            a, b = v.values(dtype, *left), v.values(dtype, *right)
            if v.name in ("Div", "Mod"):
                b = np.where(b == 0, np.array(3, dtype), b).astype(dtype)
            if v.name == "Pow":
                a, b = v.values(dtype, *left, low=1, high=4), v.values(dtype, *right, low=0, high=3)
            options = [{}]
            if v.name == "BitShift":
                b = v.values(dtype, *right, low=0, high=7)
                options = [{"direction": "LEFT"}, {"direction": "RIGHT"}]
            if v.name == "Mod":
                options = [{"fmod": 1}] if dtype in FLOATS else [{}, {"fmod": 1}]
            for number, attributes in enumerate(options):
                yield v.one(f"{short(dtype)}_{label}_{number}", [a, b], **attributes)
    if v.name == "Pow" and v.since >= 12:
        for base, power in ((np.float32, np.int64), (np.int64, np.float32), (np.int32, np.int64), (np.float64, np.float32)):
            yield v.one(f"{short(base)}_to_{short(power)}", [v.values(base, 3, 4, low=1, high=4), v.values(power, 4, low=0, high=3)])


@makes("Max", "Min", "Sum", "Mean")
def variadic(v: Version):
    for dtype in v.types("T"):
        yield v.one(f"{short(dtype)}_one", [v.values(dtype, 2, 3)])
        yield v.one(f"{short(dtype)}_two", [v.values(dtype, 2, 3), v.values(dtype, 3)])
        yield v.one(f"{short(dtype)}_three", [v.values(dtype, 2, 1), v.values(dtype, 3), v.values(dtype, 4, 1, 1)])


@makes("Clip")
def clip(v: Version):
    for dtype in v.types("T"):
        x = v.values(dtype, 3, 4)
        if v.since < 11:
            for number, attributes in enumerate([{}, {"min": -2.0}, {"max": 3.5}, {"min": -2.0, "max": 3.5}]):
                yield v.one(f"{short(dtype)}_{number}", [x], **attributes)
        else:
            low, high = np.array(2, dtype), np.array(6, dtype)
            for label, bounds in (("none", []), ("low", [low]), ("high", [None, high]), ("both", [low, high]), ("crossed", [high, low])):
                if label != "crossed" or v.since >= 12:
                    yield v.one(f"{short(dtype)}_{label}", [x, *bounds])


@makes("Where")
def where(v: Version):
    for dtype in v.types("T"):
        yield v.one(short(dtype), [v.values(np.bool_, 2, 1, 4), v.values(dtype, 3, 1), v.values(dtype, 4)])


def castable(v: Version, source: type, target: type) -> np.ndarray:
    """Values that both types hold, so that every engine agrees."""
    if source is np.object_:
        words = ["1", "0", "7", "3"] if target not in FLOATS else ["1.5", "-2e3", "NaN", "INF", "0"]
        return np.array(words, dtype=object)
    unsigned = np.issubdtype(target, np.unsignedinteger)
    return v.values(source, 2, 3, low=0 if unsigned else -9)


@makes("Cast", "CastLike")
def cast(v: Version):
    sources = v.types("T1")
    targets = v.types("T2")
    for source in sources:
        for target in targets:
            # The standard leaves open how a bool and a float are spelt.
            if source is np.object_ and target in (np.object_, np.bool_) or target is np.object_ and source in (*FLOATS, np.bool_):
                continue
            x = castable(v, source, target)
            label = f"{short(source)}_to_{short(target)}"
            if v.name == "CastLike":
                yield v.one(label, [x, v.values(target, 1)])
            else:
                yield v.one(label, [x], to=helper.np_dtype_to_tensor_dtype(np.dtype(target)) if target is not np.object_ else TensorProto.STRING)


@makes("Dropout")
def dropout(v: Version):
    for dtype in v.types("T"):
        x = v.values(dtype, 3, 4)
        if v.since < 12:
            yield v.one(f"{short(dtype)}_ratio", [x], ratio=0.3)
        else:
            yield v.one(f"{short(dtype)}_ratio", [x, np.array(0.3, np.float32)], outputs=2)
            yield v.one(f"{short(dtype)}_nothing_dropped", [x, np.array(0, np.float32), np.array(True)], outputs=2)
