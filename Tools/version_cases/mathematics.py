"""Reductions, softmax, normalisations, products and quantisation."""

import numpy as np

from version_cases import FLOATS, Version, makes, short

REDUCTIONS = "ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare"


@makes(*REDUCTIONS.split())
def reduce(v: Version):
    low, high = (1, 3) if v.name in ("ReduceProd", "ReduceLogSum", "ReduceLogSumExp") else (-9, 9)
    # ONNX Runtime takes the exponentials and their logarithm in integers, which no reader of the standard expects.
    for dtype in v.floats() if v.name == "ReduceLogSumExp" else v.types("T"):
        x = v.values(dtype, 3, 2, 4, low=low, high=high)
        for label, axes in (("all", None), ("one", [1]), ("two", [0, 2]), ("last", [-1])):
            if label == "last" and v.since < 11:
                continue
            for keep in (0, 1):
                name = f"{short(dtype)}_{label}_keep{keep}"
                if v.has("axes"):
                    yield v.one(name, [x], keepdims=keep, **({"axes": axes} if axes else {}))
                else:
                    yield v.one(name, [x] if axes is None else [x, np.array(axes, np.int64)], keepdims=keep)
        if v.has("noop_with_empty_axes"):
            yield v.one(f"{short(dtype)}_noop", [x, np.array([], np.int64)], noop_with_empty_axes=1)
            yield v.one(f"{short(dtype)}_empty_axes", [x, np.array([], np.int64)], noop_with_empty_axes=0)


@makes("ArgMax", "ArgMin")
def arg(v: Version):
    for dtype in v.types("T"):
        x = v.values(dtype, 3, 4, 2, low=0, high=2)
        for axis in (0, 1, 2) + ((-1,) if v.since >= 11 else ()):
            for keep in (0, 1):
                yield v.one(f"{short(dtype)}_axis{axis}_keep{keep}", [x], axis=axis, keepdims=keep)
        if v.has("select_last_index"):
            yield v.one(f"{short(dtype)}_last", [x], axis=1, select_last_index=1)


@makes("Softmax", "LogSoftmax", "Hardmax")
def softmax(v: Version):
    for dtype in v.types("T"):
        x = v.values(dtype, 2, 3, 4, low=-3, high=3)
        yield v.one(f"{short(dtype)}_default", [x])
        for axis in (0, 1, 2) + ((-1, -2) if v.since >= 11 else ()):
            yield v.one(f"{short(dtype)}_axis{axis}", [x], axis=axis)


@makes("BatchNormalization")
def batch_normalization(v: Version):
    for dtype in v.types("T"):
        for label, shape in (("image", (2, 3, 4, 4)), ("sequence", (2, 3, 5)), ("flat", (4, 3))):
            others = [v.values(dtype, 3, low=-1, high=1) for _ in range(3)] + [v.values(dtype, 3, low=0.5, high=2)]
            yield v.one(f"{short(dtype)}_{label}", [v.values(dtype, *shape), *others], epsilon=1e-3)
        if v.has("training_mode"):
            yield v.one(f"{short(dtype)}_training", [v.values(dtype, 2, 3, 4, 4), *others], outputs=3, training_mode=1, momentum=0.7)


@makes("InstanceNormalization")
def instance_normalization(v: Version):
    for dtype in v.types("T"):
        yield v.one(short(dtype), [v.values(dtype, 2, 3, 4, 5), v.values(dtype, 3), v.values(dtype, 3)], epsilon=1e-3)


@makes("GroupNormalization")
def group_normalization(v: Version):
    parameters = 2 if v.since < 21 else 4
    for dtype in v.types("T"):
        yield v.one(short(dtype), [v.values(dtype, 2, 4, 3, 3), v.values(dtype, parameters), v.values(dtype, parameters)], num_groups=2)


@makes("LayerNormalization", "RMSNormalization")
def layer_normalization(v: Version):
    for dtype in v.types("T"):
        x = v.values(dtype, 2, 3, 4)
        for axis in (-1, 1, 0):
            shape = x.shape[axis:]
            scale = [v.values(dtype, *shape)]
            if v.name == "LayerNormalization":
                scale.append(v.values(dtype, *shape))
            yield v.one(f"{short(dtype)}_axis{axis}", [x, *scale], axis=axis)
        if v.name == "LayerNormalization" and dtype is np.float32:
            yield v.one("without_bias", [x, v.values(dtype, 4)], epsilon=0.1)
            yield v.one("all_outputs", [x, v.values(dtype, 4), v.values(dtype, 4)], outputs=3)


@makes("LRN")
def lrn(v: Version):
    for dtype in v.types("T"):
        yield v.one(short(dtype), [v.values(dtype, 2, 5, 3, 3)], size=3, alpha=0.01, beta=0.6, bias=1.5)


@makes("LpNormalization")
def lp_normalization(v: Version):
    for dtype in v.types("T"):
        for p in (1, 2):
            yield v.one(f"{short(dtype)}_p{p}", [v.values(dtype, 3, 4)], p=p, axis=1)


@makes("MeanVarianceNormalization")
def mean_variance(v: Version):
    for dtype in v.types("T"):
        yield v.one(short(dtype), [v.values(dtype, 2, 3, 4, 4)])
        yield v.one(f"{short(dtype)}_axes", [v.values(dtype, 2, 3, 4, 4)], axes=[2, 3])


@makes("MatMul")
def matmul(v: Version):
    shapes = (("plain", (3, 4), (4, 5)), ("vector", (4,), (4, 5)), ("column", (3, 4), (4,)), ("dot", (4,), (4,)), ("batch", (2, 1, 3, 4), (5, 4, 2)))
    for dtype in v.types("T"):
        for label, left, right in shapes + (("inner0", (2, 0), (0, 3)),):
            yield v.one(f"{short(dtype)}_{label}", [v.values(dtype, *left, low=-3, high=3), v.values(dtype, *right, low=-3, high=3)])


@makes("Gemm")
def gemm(v: Version):
    for dtype in v.types("T"):
        low = {"low": -3, "high": 3}
        a, b, c = v.values(dtype, 3, 4, **low), v.values(dtype, 4, 5, **low), v.values(dtype, 5, **low)
        yield v.one(f"{short(dtype)}_plain", [a, b, c])
        yield v.one(f"{short(dtype)}_turned", [a.T.copy(), b.T.copy(), v.values(dtype, 3, 1, **low)], transA=1, transB=1)
        if dtype in FLOATS:
            yield v.one(f"{short(dtype)}_scaled", [a, b, v.values(dtype, 3, 5)], alpha=0.5, beta=2.0)
        yield v.one(f"{short(dtype)}_scalar", [a, b, v.values(dtype, 1, **low).reshape(())])
        if v.since >= 11:
            yield v.one(f"{short(dtype)}_without_c", [a, b])


@makes("Einsum")
def einsum(v: Version):
    equations = {"product": ("ij,jk->ik", (2, 3), (3, 4)), "trace": ("ii->i", (3, 3)), "implicit": ("ij,jk", (2, 3), (3, 4)), "sum": ("ijk->j", (2, 3, 4))}
    equations |= {"batch": ("...ij,...jk->...ik", (2, 1, 2, 3), (5, 3, 4)), "outer": ("i,j->ij", (2,), (3,)), "three": ("ab,bc,cd->ad", (2, 3), (3, 4), (4, 2))}
    for dtype in v.types("T"):
        for label, (equation, *shapes) in equations.items():
            yield v.one(f"{short(dtype)}_{label}", [v.values(dtype, *each, low=-3, high=3) for each in shapes], equation=equation)


@makes("CumSum", "CumProd")
def cumulate(v: Version):
    for dtype in v.types("T"):
        x = v.values(dtype, 3, 4, low=-2, high=2)
        for axis in (0, 1, -1):
            yield v.one(f"{short(dtype)}_axis{axis}", [x, np.array(axis, np.int64)])
        yield v.one(f"{short(dtype)}_exclusive_reverse", [x, np.array(1, np.int32)], exclusive=1, reverse=1)


@makes("QuantizeLinear")
def quantize(v: Version):
    source = v.schema.inputs[0].type_str
    zero = v.schema.inputs[2].type_str if v.schema.inputs[2].type_str.startswith("T") else v.schema.outputs[0].type_str
    for dtype in v.types(source):
        for target in v.types(zero):
            x = v.values(dtype, 3, 4, low=-60, high=60)
            yield v.one(f"{short(dtype)}_{short(target)}_tensor", [x, np.array(0.75, dtype if dtype in FLOATS else np.float32), np.array(7, target)])
            if v.has("axis"):
                scale = np.array([0.5, 1.0, 0.25], dtype if dtype in FLOATS else np.float32)
                yield v.one(f"{short(dtype)}_{short(target)}_axis", [x, scale, np.array([1, 2, 3], target)], axis=0)
        yield v.one(f"{short(dtype)}_without_zero", [v.values(dtype, 3, 4), np.array(0.5, dtype if dtype in FLOATS else np.float32)])
        if v.has("block_size"):
            scale = v.values(np.float32, 3, 2, low=0.5, high=2).astype(dtype if dtype in FLOATS else np.float32)
            yield v.one(f"{short(dtype)}_blocks", [v.values(dtype, 3, 4), scale, np.zeros((3, 2), np.int8)], axis=1, block_size=2)
        if v.has("output_dtype"):
            yield v.one(f"{short(dtype)}_output_dtype", [v.values(dtype, 3, 4), np.array(0.5, dtype if dtype in FLOATS else np.float32)], output_dtype=3)


@makes("DequantizeLinear")
def dequantize(v: Version):
    scales = v.types(v.schema.inputs[1].type_str)
    for dtype in v.types(v.schema.inputs[0].type_str):
        for real in scales:
            x = v.values(dtype, 3, 4, low=0, high=100)
            zero = [] if dtype is np.int32 else [np.array(7, dtype)]
            yield v.one(f"{short(dtype)}_{short(real)}_tensor", [x, np.array(0.75, real), *zero])
            if v.has("axis"):
                zeros = [] if dtype is np.int32 else [np.array([1, 2, 3, 4], dtype)]
                yield v.one(f"{short(dtype)}_{short(real)}_axis", [x, np.array([0.5, 1.0, 0.25, 2], real), *zeros], axis=-1)
            if v.has("block_size") and dtype is not np.int32:
                yield v.one(f"{short(dtype)}_{short(real)}_blocks", [x, v.values(real, 3, 2), np.ones((3, 2), dtype)], axis=1, block_size=2)


@makes("DynamicQuantizeLinear")
def dynamic_quantize(v: Version):
    for label, low, high in (("both", -5, 9), ("positive", 1, 9), ("negative", -9, -1)):
        yield v.one(label, [v.values(np.float32, 3, 8, low=low, high=high)], outputs=3)


@makes("MatMulInteger")
def matmul_integer(v: Version):
    for left in v.types("T1"):
        for right in v.types("T2"):
            a, b = v.values(left, 3, 4, low=-100, high=100), v.values(right, 4, 5, low=-100, high=100)
            yield v.one(f"{short(left)}_{short(right)}_plain", [a, b])
            yield v.one(f"{short(left)}_{short(right)}_zeros", [a, b, np.array(3, left), np.array(5, right)])
            yield v.one(f"{short(left)}_{short(right)}_columns", [a, b, np.array(3, left), v.values(right, 5, low=0, high=9)])


@makes("QLinearMatMul")
def qlinear_matmul(v: Version):
    scales = v.types("TS") if any(each.type_param_str == "TS" for each in v.schema.type_constraints) else [np.float32]
    for real in scales:
        for dtype in (np.uint8, np.int8):
            scale, zero = [np.array(each, real) for each in (0.05, 0.02, 0.1)], [np.array(each, dtype) for each in (3, 5, 7)]
            a, b = v.values(dtype, 3, 4, low=-100, high=100), v.values(dtype, 4, 5, low=-100, high=100)
            yield v.one(f"{short(real)}_{short(dtype)}", [a, scale[0], zero[0], b, scale[1], zero[1], scale[2], zero[2]])


@makes("SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss")
def losses(v: Version):
    for dtype in v.floats():
        for how in ("none", "sum", "mean"):
            for label, shape in (("flat", (4, 3)), ("image", (2, 3, 2, 2))):
                scores = v.values(dtype, *shape, low=-3, high=0)
                classes = v.values(np.int64, shape[0], *shape[2:], low=0, high=2)
                weights = v.values(dtype, 3, low=0.5, high=2)
                yield v.one(f"{short(dtype)}_{label}_{how}", [scores, classes], reduction=how)
                yield v.one(f"{short(dtype)}_{label}_{how}_weighted", [scores, classes, weights], reduction=how)
                yield v.one(f"{short(dtype)}_{label}_{how}_ignored", [scores, classes, weights], reduction=how, ignore_index=1)
        if v.name == "SoftmaxCrossEntropyLoss":
            yield v.one(f"{short(dtype)}_log_prob", [scores, classes], outputs=2)


@makes("Attention")
def attention(v: Version):
    for dtype in v.floats("T1"):
        q, k, value = v.values(dtype, 2, 4, 3, 8, low=-2, high=2), v.values(dtype, 2, 2, 5, 8, low=-2, high=2), v.values(dtype, 2, 2, 5, 6, low=-2, high=2)
        yield v.one(f"{short(dtype)}_grouped", [q, k, value])
        yield v.one(f"{short(dtype)}_causal", [q, k, value], is_causal=1)
        yield v.one(f"{short(dtype)}_scale_softcap", [q, k, value], scale=0.3, softcap=2.0)
        yield v.one(f"{short(dtype)}_bool_mask", [q, k, value, v.values(np.bool_, 3, 5) | (np.arange(5) == 1)])
        yield v.one(f"{short(dtype)}_float_mask", [q, k, value, v.values(dtype, 2, 1, 3, 5, low=-3, high=3)])
        flat = [v.values(dtype, 2, 3, 8, low=-2, high=2) for _ in range(3)]
        yield v.one(f"{short(dtype)}_flat", flat, q_num_heads=2, kv_num_heads=2)
        past = [v.values(dtype, 2, 2, 4, 8), v.values(dtype, 2, 2, 4, 6)]
        yield v.one(f"{short(dtype)}_past", [q, k, value, None, *past], outputs=3)


@makes("RotaryEmbedding")
def rotary(v: Version):
    for dtype in v.types("T"):
        caches = [v.values(dtype, 8, 4, low=-1, high=1) for _ in range(2)]
        positions = np.array([[0, 1, 2], [5, 6, 7]], np.int64)
        for interleaved in (0, 1):
            yield v.one(f"{short(dtype)}_heads_{interleaved}", [v.values(dtype, 2, 3, 3, 8), *caches, positions], interleaved=interleaved)
            flat = v.values(dtype, 2, 3, 16)
            yield v.one(f"{short(dtype)}_flat_{interleaved}", [flat, *caches, positions], interleaved=interleaved, num_heads=2)
