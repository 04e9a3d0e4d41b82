"""Operators that move, pick, count and shape."""

import numpy as np

from version_cases import Version, makes, short


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def indices(v: Version) -> list[type]:
    return [np.int32, np.int64]


@makes("Gather")
def gather(v: Version):
    # ONNX Runtime 1.31.1 copies only the first string of each slice.
    for dtype in [each for each in v.types("T") if each is not np.object_]:
        for index in indices(v):
            yield v.one(f"{short(dtype)}_{short(index)}", [v.values(dtype, 3, 4), np.array([[0, 2], [1, 1]], index)])
            yield v.one(f"{short(dtype)}_{short(index)}_axis1", [v.values(dtype, 3, 4), np.array(2, index)], axis=1)
        if v.since >= 11:
            yield v.one(f"{short(dtype)}_negative", [v.values(dtype, 3, 4), ints(-1, -4, 3)], axis=-1)


@makes("GatherElements")
def gather_elements(v: Version):
    for dtype in v.types("T"):
        yield v.one(f"{short(dtype)}_axis0", [v.values(dtype, 3, 4), np.array([[0, -1, 2], [1, 0, -3]], np.int64)])
        yield v.one(f"{short(dtype)}_axis1", [v.values(dtype, 3, 4), np.array([[0, 3], [1, -1], [2, 2]], np.int32)], axis=1)


@makes("GatherND")
def gather_nd(v: Version):
    for dtype in v.types("T"):
        yield v.one(f"{short(dtype)}_rows", [v.values(dtype, 3, 4, 2), np.array([[0], [2]], np.int64)])
        yield v.one(f"{short(dtype)}_cells", [v.values(dtype, 3, 4, 2), np.array([[[0, 1, 1]], [[2, -1, 0]]], np.int64)])
        if v.has("batch_dims"):
            yield v.one(f"{short(dtype)}_batch", [v.values(dtype, 2, 4, 3), np.array([[1], [3]], np.int64)], batch_dims=1)


@makes("Scatter", "ScatterElements")
def scatter_elements(v: Version):
    for dtype in v.types("T"):
        data, index = v.values(dtype, 3, 4), np.array([[0, 2, 1], [2, 0, 0]], np.int64)
        yield v.one(f"{short(dtype)}_axis0", [data, index, v.values(dtype, 2, 3)])
        yield v.one(f"{short(dtype)}_axis1", [data, np.array([[3], [0], [1]], np.int32), v.values(dtype, 3, 1)], axis=1)
        if v.has("reduction") and dtype not in (np.object_, np.bool_):
            for how in ("add", "mul") + (("max", "min") if v.since >= 18 else ()):
                yield v.one(f"{short(dtype)}_{how}", [data, np.array([[0, 0], [0, 0]], np.int64), v.values(dtype, 2, 2)], reduction=how)


@makes("ScatterND")
def scatter_nd(v: Version):
    for dtype in v.types("T"):
        yield v.one(f"{short(dtype)}_rows", [v.values(dtype, 3, 4), np.array([[2], [0]], np.int64), v.values(dtype, 2, 4)])
        yield v.one(f"{short(dtype)}_cells", [v.values(dtype, 3, 4), np.array([[2, 1], [0, -1]], np.int64), v.values(dtype, 2)])
        if v.has("reduction") and dtype not in (np.object_, np.bool_):
            for how in ("add", "mul") + (("max", "min") if v.since >= 18 else ()):
                yield v.one(f"{short(dtype)}_{how}", [v.values(dtype, 3, 2), np.array([[1], [1]], np.int64), v.values(dtype, 2, 2)], reduction=how)


@makes("Concat")
def concat(v: Version):
    for dtype in v.types("T"):
        yield v.one(f"{short(dtype)}_axis1", [v.values(dtype, 2, 3), v.values(dtype, 2, 1), v.values(dtype, 2, 0)], axis=1)
        if v.since >= 11:
            yield v.one(f"{short(dtype)}_negative", [v.values(dtype, 2, 3), v.values(dtype, 1, 3)], axis=-2)


@makes("Split")
def split(v: Version):
    for dtype in v.types("T"):
        x = v.values(dtype, 6, 2)
        if v.has("split"):
            yield v.one(f"{short(dtype)}_sizes", [x], outputs=3, split=[1, 2, 3])
        else:
            yield v.one(f"{short(dtype)}_sizes", [x, ints(1, 2, 3)], outputs=3)
        count = {"num_outputs": 2} if v.has("num_outputs") else {}
        yield v.one(f"{short(dtype)}_equal", [x], outputs=2, axis=0, **count)
        if count:
            yield v.one(f"{short(dtype)}_uneven", [x], outputs=4, num_outputs=4)
        if v.since >= 11:
            yield v.one(f"{short(dtype)}_negative", [x], outputs=2, axis=-1, **count)


@makes("Slice")
def slice_(v: Version):
    for dtype in v.types("T"):
        x = v.values(dtype, 5, 6)
        if v.has("starts"):
            yield v.one(f"{short(dtype)}_default_axes", [x], starts=[1, -4], ends=[4, 100])
            yield v.one(f"{short(dtype)}_axis1", [x], starts=[2], ends=[-1], axes=[1])
            continue
        yield v.one(f"{short(dtype)}_default_axes", [x, ints(1, -4), ints(4, 2**63 - 1)])
        yield v.one(f"{short(dtype)}_backwards", [x, ints(-1, 5), ints(-(2**63), 0), ints(0, 1), ints(-1, -2)])
        yield v.one(f"{short(dtype)}_int32", [x, np.array([2], np.int32), np.array([1000], np.int32), np.array([-1], np.int32), np.array([3], np.int32)])
        yield v.one(f"{short(dtype)}_nothing", [x, ints(4), ints(2)])


@makes("Pad")
def pad(v: Version):
    for dtype in v.types("T"):
        x = v.values(dtype, 3, 4)
        for mode in ("constant", "reflect", "edge") + (("wrap",) if v.since >= 19 else ()):
            if v.has("pads"):
                yield v.one(f"{short(dtype)}_{mode}", [x], pads=[1, 0, 2, 3], mode=mode, **({"value": 1.5} if mode == "constant" else {}))
            else:
                yield v.one(f"{short(dtype)}_{mode}", [x, ints(1, 0, 2, 3)] + ([v.values(dtype)] if mode == "constant" else []), mode=mode)
        cropped = {"pads": [-1, 1, 0, -2]} if v.has("pads") else {}
        yield v.one(f"{short(dtype)}_crop", [x] if cropped else [x, ints(-1, 1, 0, -2)], **cropped)
        if len(v.schema.inputs) == 4:
            yield v.one(f"{short(dtype)}_axes", [x, ints(1, 2), v.values(dtype), ints(-1)])


@makes("Tile", "Expand")
def repeat(v: Version):
    for dtype in v.types("T"):
        if v.name == "Tile":
            yield v.one(short(dtype), [v.values(dtype, 2, 3), ints(2, 2)])
            yield v.one(f"{short(dtype)}_nothing", [v.values(dtype, 2, 3), ints(1, 0)])
        else:
            yield v.one(short(dtype), [v.values(dtype, 3, 1), ints(2, 1, 4)])
            yield v.one(f"{short(dtype)}_smaller", [v.values(dtype, 3, 2), ints(1)])


@makes("Transpose")
def transpose(v: Version):
    for dtype in v.types("T"):
        yield v.one(f"{short(dtype)}_default", [v.values(dtype, 2, 3, 4)])
        yield v.one(f"{short(dtype)}_perm", [v.values(dtype, 2, 3, 4)], perm=[1, 2, 0])


@makes("Reshape")
def reshape(v: Version):
    for dtype in v.types("T"):
        for label, shape in (("plain", ints(4, 3)), ("inferred", ints(2, -1)), ("kept", ints(0, 3, 2)), ("flat", ints(-1))):
            yield v.one(f"{short(dtype)}_{label}", [v.values(dtype, 2, 3, 2), shape])
        if v.has("allowzero"):
            yield v.one(f"{short(dtype)}_allowzero", [v.values(dtype, 0, 3), ints(3, 0)], allowzero=1)


@makes("Squeeze", "Unsqueeze")
def squeeze(v: Version):
    lists = {"one": [1], "two": [0, 3]} | ({"negative": [-1]} if v.since >= 11 else {})
    for dtype in v.types("T"):
        shape = (1, 1, 3, 1) if v.name == "Squeeze" else (2, 3)
        x = v.values(dtype, *shape)
        for label, axes in lists.items():
            if v.has("axes"):
                yield v.one(f"{short(dtype)}_{label}", [x], axes=axes)
            else:
                yield v.one(f"{short(dtype)}_{label}", [x, ints(*axes)])
        if v.name == "Squeeze":
            yield v.one(f"{short(dtype)}_all", [x])


@makes("Flatten", "Shape", "Size")
def shaped(v: Version):
    for dtype in v.types("T"):
        x = v.values(dtype, 2, 3, 4)
        yield v.one(f"{short(dtype)}_default", [x])
        if v.name == "Flatten":
            for axis in (0, 3) + ((-1,) if v.since >= 11 else ()):
                yield v.one(f"{short(dtype)}_axis{axis}", [x], axis=axis)
        if v.name == "Shape" and v.has("start"):
            yield v.one(f"{short(dtype)}_range", [x], start=-2, end=3)


@makes("DepthToSpace", "SpaceToDepth")
def blocks(v: Version):
    for dtype in v.types("T"):
        x = v.values(dtype, 2, 8, 2, 4)
        yield v.one(short(dtype), [x], blocksize=2)
        if v.has("mode"):
            yield v.one(f"{short(dtype)}_crd", [x], blocksize=2, mode="CRD")


@makes("ReverseSequence")
def reverse_sequence(v: Version):
    for dtype in v.types("T"):
        yield v.one(f"{short(dtype)}_time0", [v.values(dtype, 4, 3, 2), ints(4, 2, 0)], time_axis=0, batch_axis=1)
        yield v.one(f"{short(dtype)}_time1", [v.values(dtype, 3, 4), ints(1, 3, 4)], time_axis=1, batch_axis=0)


@makes("Compress")
def compress(v: Version):
    for dtype in v.types("T"):
        yield v.one(f"{short(dtype)}_axis1", [v.values(dtype, 3, 4), np.array([True, False, True])], axis=1)
        yield v.one(f"{short(dtype)}_flat", [v.values(dtype, 2, 2), np.array([False, True, True, False])])


@makes("Trilu")
def trilu(v: Version):
    for dtype in v.types("T"):
        for upper in (0, 1):
            yield v.one(f"{short(dtype)}_{upper}", [v.values(dtype, 2, 3, 4)], upper=upper)
            yield v.one(f"{short(dtype)}_{upper}_k", [v.values(dtype, 3, 4), np.array(-1, np.int64)], upper=upper)


@makes("EyeLike")
def eye_like(v: Version):
    for dtype in v.types("T1"):
        yield v.one(short(dtype), [v.values(dtype, 3, 4)], k=1)
        yield v.one(f"{short(dtype)}_to_float", [v.values(dtype, 3, 4)], dtype=1, k=-1)


@makes("Range")
def range_(v: Version):
    for dtype in v.types("T"):
        yield v.one(f"{short(dtype)}_up", [np.array(1, dtype), np.array(8, dtype), np.array(3, dtype)])
        yield v.one(f"{short(dtype)}_down", [np.array(8, dtype), np.array(1, dtype), np.array(-2, dtype)])
        yield v.one(f"{short(dtype)}_nothing", [np.array(8, dtype), np.array(1, dtype), np.array(2, dtype)])


@makes("ConstantOfShape")
def constant_of_shape(v: Version):
    from onnx import numpy_helper

    yield v.one("default", [ints(2, 3)])
    yield v.one("scalar", [np.array([], np.int64)])
    for dtype in v.types("T2"):
        if dtype is not np.object_:
            yield v.one(short(dtype), [ints(2, 0, 3) if dtype is np.int8 else ints(2, 3)], value=numpy_helper.from_array(np.array([1], dtype)))


@makes("OneHot")
def one_hot(v: Version):
    for index, depth, dtype in (
        (np.int64, np.int64, np.float32),
        (np.int32, np.int32, np.float32),
        (np.int64, np.int64, np.int64),
        (np.float32, np.float32, np.float32),
        (np.int64, np.int32, np.float32),
        (np.int64, np.int64, np.object_),
    ):
        ids = np.array([[0, 2], [1, 4]], index)
        yield v.one(f"{short(index)}_{short(depth)}_{short(dtype)}", [ids, np.array(4, depth), v.values(dtype, 2)])
        yield v.one(f"{short(index)}_{short(depth)}_{short(dtype)}_axis", [ids, np.array(4, depth), v.values(dtype, 2)], axis=1)
    if v.since >= 11:
        yield v.one("negative", [ints(-1, -4, 0), np.array(4, np.int64), v.values(np.float32, 2)])


@makes("TopK")
def topk(v: Version):
    for dtype in v.types("T"):
        x = v.random.permutation(24).reshape(4, 6).astype(dtype)
        for axis in (0, 1, -1):
            if v.has("k"):
                yield v.one(f"{short(dtype)}_axis{axis}", [x], outputs=2, k=3, axis=axis)
            else:
                yield v.one(f"{short(dtype)}_axis{axis}", [x, ints(3)], outputs=2, axis=axis)
        if v.has("largest"):
            yield v.one(f"{short(dtype)}_smallest", [x, ints(2)], outputs=2, largest=0)
            yield v.one(f"{short(dtype)}_ties", [(x // 5).astype(dtype), ints(4)], outputs=2)


@makes("NonZero")
def non_zero(v: Version):
    for dtype in v.types("T"):
        yield v.one(short(dtype), [v.values(dtype, 2, 3, 2, low=0, high=1)])


@makes("Unique")
def unique(v: Version):
    for dtype in v.types("T"):
        x = v.values(dtype, 3, 4, low=0, high=3)
        if dtype in (np.float32, np.float64, np.float16):
            x = np.round(x).astype(dtype)
        yield v.one(f"{short(dtype)}_sorted", [x], outputs=4)
        yield v.one(f"{short(dtype)}_as_found", [x], outputs=4, sorted=0)
        yield v.one(f"{short(dtype)}_axis", [np.concatenate([x, x[:1]])], outputs=4, axis=0)


@makes("CenterCropPad")
def center_crop_pad(v: Version):
    for dtype in v.types("T"):
        yield v.one(f"{short(dtype)}_both", [v.values(dtype, 5, 4), ints(2, 7)])
        yield v.one(f"{short(dtype)}_axes", [v.values(dtype, 5, 4, 3), ints(6)], axes=[-1])


@makes("StringConcat", "StringSplit", "StringNormalizer", "RegexFullMatch")
def strings(v: Version):
    words = np.array([["a b", "Gamma"], ["", "x  y z"]], object)
    if v.name == "StringConcat":
        yield v.one("broadcast", [words, np.array(["!", "ε"], object)])
    elif v.name == "StringSplit":
        yield v.one("spaces", [words], outputs=2)
        yield v.one("limited", [words[:1]], outputs=2, delimiter=" ", maxsplit=1)
    elif v.name == "StringNormalizer":
        flat = np.array(["Monday", "tuesday", "THURSDAY"], object)
        yield v.one("upper", [flat], case_change_action="UPPER", is_case_sensitive=0, stopwords=["monday"])
        yield v.one("as_it_is", [flat], is_case_sensitive=1, stopwords=["monday", "tuesday"])
    else:
        yield v.one("letters", [words], pattern="[a-zA-Z ]+")
