"""Cases 1-15: files that are no ONNX, and ONNX whose bytes lie."""

import gzip
import io
import zipfile

from hostile_cases import case
from hostile_cases.encode import FLOAT, block, float_tensor, graph, model, node, number, opset, small, tensor, value, varint

# 1: nothing, and next to nothing
case(1, "empty", b"", "MAL", "empty|not.*ONNX")
case(1, "one-byte", b"\x91", "MAL", "ONNX|offset")
case(1, "sixteen-bytes", bytes.fromhex("3a9f00c47be1d25508a6f3917c2e4b68"), "MAL", "ONNX|offset")

# 2: cut short at every byte
case(2, "truncated", small(), "MAL", "cut|truncat|end|offset|ONNX|graph", mode="truncate")

# 3: something else
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as package:
    package.writestr(zipfile.ZipInfo("archive/data.pkl"), b"\x80\x02}q\x00.")
case(3, "html", b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n", "MAL", "HTML")
pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 267832558\n"
case(3, "lfs-pointer", pointer, "MAL", "LFS")
case(3, "gzip", gzip.compress(small(), mtime=0), "MAL", "gzip")
case(3, "zip", archive.getvalue(), "MAL", "zip")
case(3, "safetensors", (61).to_bytes(8, "little") + b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}       \0\0\0\0', "MAL", "ONNX|safetensors")
case(3, "json", b'{"input_ids": [[101, 102]]}\n', "MAL", "ONNX|JSON")
case(3, "npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }" + b" " * 59 + b"\n\0\0\0\0", "MAL", "ONNX|NumPy|npy")

# 4: no file at all
case(4, "directory", {}, "IO", "director", setup=[["directory", "model.onnx"]])
case(4, "fifo", {}, "IO", "model.onnx", setup=[["fifo", "model.onnx"]])
case(4, "socket", {}, "IO", "model.onnx", setup=[["socket", "model.onnx"]])
case(4, "dev-zero", {}, "IO", "/dev/zero", command=["check", "/dev/zero"])
case(4, "missing", {}, "IO", "model.onnx")
case(4, "under-a-file", {"file": b"x"}, "IO", "file/model.onnx", command=["check", "file/model.onnx"])

# 5: names that a terminal must not see raw
case(5, "newline", {}, "IO", "bad", command=["check", "bad\n\x1b[31mname.onnx"], never="bad\n|\x1b")
case(5, "not-utf-8", {}, "IO", "bad", command=["check", "bad\udcff\udcfename.onnx"])
case(5, "too-long", {}, "IO", "long|ENAMETOOLONG", command=["check", "a" * 5000])

# 6: varints that don't end
case(6, "unterminated-varint", b"\x08" + b"\xff" * 9, "MAL", "offset")
case(6, "eleven-byte-varint", b"\x08" + b"\xff" * 10 + b"\x01" + small(), "MAL", "offset")

# 7: lengths beyond the file
case(7, "length-2-64", number(1, 8) + b"\x3a" + varint(2**64 - 1) + b"xxxx", "MAL", "offset")
case(7, "length-beyond-end", number(1, 8) + b"\x3a" + varint(4096) + b"\x12\x01g", "MAL", "offset")
case(7, "raw-data-beyond-its-tensor", model(graph([], [], [], [float_tensor("w", [2], 1, 2)[:-8] + b"\x00"])), "MAL", "offset")

# 8: wire types that don't belong
case(8, "graph-as-number", number(1, 8) + opset(17) + number(7, 5), "MAL", "offset")
case(8, "version-as-bytes", block(1, "8") + small(), "MAL", "offset")
case(8, "group", number(1, 8) + b"\x9b\x06\x9c\x06" + small(), "MAL", "offset")
case(8, "group-without-end", number(1, 8) + b"\x9b\x06", "MAL", "offset")
case(8, "type-six", number(1, 8) + b"\x3e\x01", "MAL", "offset")
case(8, "type-seven", number(1, 8) + b"\x3f\x01", "MAL", "offset")
case(8, "field-zero", number(1, 8) + b"\x00\x01" + small(), "MAL", "offset")

# 9: a hundred megabytes that nobody knows


def unknown_block():
    yield varint(3000 << 3 | 2) + varint(100 << 20)
    for _ in range(100):
        yield bytes(1 << 20)
    yield small()


def unknown_numbers():
    piece = (number(200, 1)) * 100_000
    for _ in range(333):
        yield piece
    yield small()


CASE_9 = {"kind": "LIM", "error": "unknown|limit", "outcome": "either"}
case(9, "one-unknown-field", {"model.onnx": unknown_block}, **CASE_9)
case(9, "many-unknown-fields", {"model.onnx": unknown_numbers}, **CASE_9)


# 10, 11: nesting deeper than any stack
def nested(wrap, seed: bytes, depth: int) -> bytes:
    """wrap's tags around wrap's tags around …: made inside out, with lengths counted rather than copied."""
    layers, length = [], len(seed)
    for _ in range(depth):
        head = wrap(length)
        layers.append(head)
        length += len(head)
    return b"".join(reversed(layers)) + seed


def if_layer(length: int) -> bytes:
    """Graph.node → Node.attribute → Attribute.g, around `length` bytes of graph; op_type and type come first."""
    inner = block(1, "then_branch") + number(20, 5) + varint(6 << 3 | 2) + varint(length)
    attribute = block(4, "If") + block(1, "c") + varint(5 << 3 | 2) + varint(len(inner) + length)
    whole = len(attribute) + len(inner) + length
    return varint(1 << 3 | 2) + varint(whole) + attribute + inner


def deep_if():
    yield model(nested(if_layer, block(2, "end"), 100_000))


def deep_sequence():
    kind = nested(
        lambda length: varint(4 << 3 | 2) + varint(length + 1 + len(varint(length))) + varint(1 << 3 | 2) + varint(length), block(1, number(1, FLOAT)), 50_000
    )
    yield model(graph([node("Identity", ["X"], ["Y"])], [block(1, "X") + block(2, kind)], [value("Y")]))


case(10, "if-100000-deep", {"model.onnx": deep_if}, "LIM", "deep|depth|nest")
case(10, "if-33-deep", model(nested(if_layer, block(2, "end"), 33)), "LIM", "deep|depth|nest")
case(11, "sequence-type-50000-deep", {"model.onnx": deep_sequence}, "LIM", "deep|depth|nest")


# 12, 13: too many of one thing
def empty_nodes():
    nodes = 10_000_000
    body = 2 * nodes + 3
    yield number(1, 8) + opset(17) + varint(7 << 3 | 2) + varint(body) + block(2, "g")
    for _ in range(100):
        yield b"\x0a\x00" * (nodes // 100)


def million_nodes():
    piece = block(1, block(1, "X") + block(2, "t") + block(4, "Relu"))
    body = len(piece) * 1_000_001
    yield number(1, 8) + opset(17) + varint(7 << 3 | 2) + varint(body)
    for _ in range(1_000_001):
        yield piece


def graph_again():
    yield number(1, 8) + opset(17)
    for _ in range(100_000):
        yield block(7, graph([node("Relu", ["X"], ["Y"])]))


case(12, "ten-million-empty-nodes", {"model.onnx": empty_nodes}, "LIM", "node")
case(12, "million-and-one-nodes", {"model.onnx": million_nodes}, "LIM", "node")
case(13, "graph-100000-times", {"model.onnx": graph_again}, "MAL", "graph")
case(13, "graph-twice", small() + block(7, graph([node("Relu", ["X"], ["Y"])])), "MAL", "graph")


# 14: names
def named(name: bytes) -> bytes:
    return model(graph([block(1, "X") + block(2, name) + block(4, "Relu")], [value("X", FLOAT, [2])], [block(1, name) + value("", FLOAT, [2])[2:]]))


case(14, "name-not-utf-8", named(b"bad\xff\xfe"), "MAL", "UTF-8")
case(14, "name-with-nul", named(b"bad\x00name"), "MAL", "NUL|zero|\\\\0|U\\+0000")
case(14, "operator-not-utf-8", model(graph([block(1, "X") + block(2, "Y") + block(4, b"Re\xfflu")], [value("X")], [value("Y")])), "MAL", "UTF-8")
case(14, "initializer-without-name", model(graph([node("Relu", ["X"], ["Y"])], [value("X")], [value("Y")], [float_tensor("", [1], 1)])), "MAL", "name")
case(14, "output-without-name", model(graph([node("Relu", ["X"], ["Y"])], [value("X")], [value("")])), "MAL", "name|output ''")
ugly = model(graph([node("NoSuch", ["X"], ["Y"], name="a\n\x1b[31mred")], [value("X")], [value("Y")]))
case(14, "node-name-with-escape", ugly, "UNS", "NoSuch", never="\x1b")

# 15: sizes
case(15, "three-gigabytes", small(), "LIM|MAL", "offset|GiB|GB|bytes|size", setup=[["sparse", "model.onnx", 3 << 30]])
odd = tensor("w", FLOAT, [1], extra=varint(4 << 3 | 2) + b"\x03abc")
case(15, "packed-floats-odd", model(graph([], [], [], [odd])), "MAL", "offset|float_data|packed|w")
cut = varint(1 << 3 | 2) + b"\x02\x01\x80" + number(2, FLOAT) + block(8, "w")
case(15, "packed-dims-cut", model(graph([], [], [], [cut])), "MAL", "offset|dims")
