"""Cases 64-72: safetensors files and the index of their shards."""

import json
import struct

from hostile_cases import case


def file(header: bytes | dict | str, data: bytes = b"") -> bytes:
    if isinstance(header, dict):
        header = json.dumps(header)
    if isinstance(header, str):
        header = header.encode()
    return struct.pack("<Q", len(header)) + header + data


def described(begin: int = 0, end: int = 8, shape: str = "[2]", dtype: str = "F32", name: str = "w") -> str:
    return f'"{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}'


def refused(number: int, of: str, content, kind: str, error: str, **options) -> None:
    case(number, of, {"model.safetensors": content}, kind, error, command=["inspect", "model.safetensors"], **options)


# 64: the length of the header
refused(64, "seven-bytes", b"\2\0\0\0\0\0\0", "MAL", "it has 7 bytes, less than 8")
refused(64, "length-0", bytes(8) + b"{}", "MAL", "not a safetensors file|header would have 0 bytes")
refused(64, "length-beyond-file", struct.pack("<Q", 100) + b"{}", "MAL", "its header would have 100 bytes, 2 follow")
refused(64, "length-2-64", b"\xff" * 8 + b"{}", "MAL", "its header would have 18446744073709551615 bytes, 2 follow")
refused(64, "length-2-63", struct.pack("<Q", 1 << 63) + b"{}", "MAL", "its header would have 9223372036854775808 bytes")
refused(
    64, "length-above-limit", struct.pack("<Q", 100_000_001) + b"{", "LIM", "a header of 100000001 bytes is above the limit of 100000000",
    setup=[["sparse", "model.safetensors", 100_000_100]],
)  # fmt: skip

# 65: the header's text
refused(65, "array", file("[1]"), "MAL", r"the header doesn't begin with \{")
refused(65, "space-first", file(" {}"), "MAL", r"the header doesn't begin with \{")
refused(65, "garbage-after", file("{} x"), "MAL", "the end is expected")
refused(65, "not-utf-8", file(b'{"\xff":{}}'), "MAL", "not UTF-8")
refused(65, "cut-short", file('{"w":'), "MAL", "the JSON text ends")
refused(65, "correct-padded", file("{" + described() + "}     ", bytes(8)), "MAL", "", outcome="success")

# 66: one name twice
refused(66, "tensor-twice", file("{" + described() + "," + described() + "}", bytes(8)), "MAL", '"w" occurs twice')
refused(66, "metadata-twice", file('{"__metadata__":{},"__metadata__":{}}'), "MAL", '"__metadata__" occurs twice')
refused(66, "metadata-key-twice", file('{"__metadata__":{"a":"1","a":"2"}}'), "MAL", '"a" occurs twice')
refused(66, "dtype-twice", file('{"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', bytes(8)), "MAL", '"dtype" occurs twice')


# 67: where the tensors lie
def two(first: tuple[int, int], second: tuple[int, int], size: int = 16) -> bytes:
    return file("{" + described(*first, name="a") + "," + described(*second, name="b") + "}", bytes(size))


refused(67, "overlap", two((0, 8), (4, 12), 12), "MAL", '"b" begins at byte 4 of the data, but the one before it ends at 8')
refused(67, "same-bytes", two((0, 8), (0, 8), 8), "MAL", "begins at byte 0 of the data, but the one before it ends at 8")
refused(67, "hole", two((0, 8), (9, 17), 17), "MAL", "begins at byte 9 of the data, but the one before it ends at 8")
refused(67, "hole-at-start", two((1, 9), (9, 17), 17), "MAL", "begins at byte 1 of the data")
refused(67, "reversed", two((8, 0), (8, 16)), "MAL", "its data_offsets are 8 and 0")
refused(67, "beyond-end", two((0, 8), (8, 16), 12), "MAL", "4 bytes are missing")
refused(67, "trailing-bytes", two((0, 8), (8, 16), 20), "MAL", "4 bytes follow the last tensor")
refused(67, "zip-behind", two((0, 8), (8, 16)) + b"PK\5\6" + bytes(18), "MAL", "22 bytes follow the last tensor")


# 68: shapes
def shaped(of: str, shape: str, error: str, kind: str = "MAL", end: int = 8) -> None:
    refused(68, of, file("{" + described(0, end, shape) + "}", bytes(8)), kind, error)


shaped("bytes-differ", "[3]", "has 12 bytes, but its data_offsets are 0 and 8")
shaped("product-overflows", "[4294967296,4294967296]", "more elements than 64 bits can count", "LIM|MAL")
shaped("bytes-overflow", "[4611686018427387904]", "more bytes than 64 bits can count", "LIM|MAL")
shaped("overflow-beside-zero", "[0,9223372036854775807,4]", "has 0 bytes, but its data_offsets")
shaped("negative", "[-2]", "holds something else than sizes")
shaped("fraction", "[1.5]", "holds something else than sizes")
shaped("beyond-double", "[1e400]", "beyond the range of a double")
shaped("text", '["2"]', "holds something else than sizes")
shaped("number", "2", "is not an array")
shaped("rank-33", "[" + "1," * 32 + "2]", "more than 32 numbers", "LIM")

# 69: element types
refused(69, "unknown", file("{" + described(dtype="Q9_K") + "}", bytes(8)), "UNS", 'the dtype "Q9_K", which this engine doesn')
refused(69, "half-a-byte", file("{" + described(0, 1, dtype="F4") + "}", bytes(1)), "UNS", 'the dtype "F4"')
refused(69, "correct-misaligned", file("{" + described() + "}" + " " * ((6 - len(described())) % 8 + 1), bytes(8)), "UNS", "", outcome="success")


# 70: depth
def deep():
    header = b'{"__metadata__":{"a":"b"},"w":{"dtype":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    return [file(header)]


refused(70, "nested-100000", deep, "LIM|MAL", 'dtype of the tensor "w" is not a string|nested more than 64 deep')
case(
    70,
    "index-nested-100000",
    {"m.index.json": lambda: [b'{"weight_map":' + b"[" * 100_000]},
    "LIM",
    "nested more than 64 deep",
    command=["inspect", "m.index.json"],
)

# 71: the index of shards
ONE = file("{" + described(name="a") + "}", bytes(8))
TWO = file("{" + described(name="b") + "}", bytes(8))
BOTH = file("{" + described(name="a") + "," + described(8, 16, name="b") + "}", bytes(16))


def index(of: str, homes: object, kind: str, error: str, number: int = 71, files: dict | None = None, **options) -> None:
    text = homes if isinstance(homes, bytes) else json.dumps({"metadata": {"total_size": 16}, "weight_map": homes}).encode()
    files = {"1.safetensors": ONE, "2.safetensors": TWO} if files is None else files
    inside = {f"folder/{path}": data for path, data in files.items()}
    whole = {"folder/model.safetensors.index.json": text, "outside.safetensors": TWO, **inside}
    case(number, of, whole, kind, error, command=["inspect", "folder/model.safetensors.index.json"], **options)


index("correct", {"a": "1.safetensors", "b": "2.safetensors"}, "MAL", "", outcome="success")
for label, place in {"parent": "../outside.safetensors", "detour": "x/../../outside.safetensors", "absolute": "/etc/hostname", "encoded": "%2e%2e/x"}.items():
    index(label, {"a": "1.safetensors", "b": place}, "PATH", "that is not a plain path beneath the model's folder")
index("link-out", {"a": "1.safetensors", "b": "link"}, "PATH", "that is not a plain path", setup=[["symlink", "../outside.safetensors", "folder/link"]])
index("fifo", {"a": "1.safetensors", "b": "pipe"}, "IO", "a FIFO, not a regular file", setup=[["fifo", "folder/pipe"]])
index("folder", {"a": "1.safetensors", "b": "sub"}, "IO|PATH", "directory", setup=[["directory", "folder/sub"]])
index("missing-shard", {"a": "1.safetensors", "b": "3.safetensors"}, "IO", "3.safetensors: cannot be opened: No such file")
index(
    "in-two-shards",
    {"a": "1.safetensors", "b": "2.safetensors"},
    "MAL",
    'shard "1.safetensors": holds the tensor "b", .*stands in two shards',
    files={"1.safetensors": BOTH, "2.safetensors": TWO},
)
index("in-the-wrong-shard", {"a": "2.safetensors", "b": "1.safetensors"}, "MAL", "in the wrong one")
index("absent", {"a": "1.safetensors", "b": "2.safetensors", "c": "2.safetensors"}, "MAL", 'shard "2.safetensors": lacks the tensor "c"')
index("not-named", {"a": "1.safetensors"}, "MAL", 'holds the tensor "b", which the index doesn\'t name', files={"1.safetensors": BOTH})
index("name-twice", b'{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}', "MAL", '"a" occurs twice')
index("empty", {}, "MAL", "weight_map names no tensor")
index("map-is-list", [1], "MAL", 'without an object "weight_map"')
index("shard-is-number", {"a": 1}, "MAL", 'gives "a" something else than the name of a shard')
index("of-itself", {"a": "model.safetensors.index.json"}, "MAL", "not a safetensors file|the header")
index(
    "shard-of-html",
    {"a": "1.safetensors", "b": "2.safetensors"},
    "MAL",
    "it looks like an HTML page",
    files={"1.safetensors": ONE, "2.safetensors": b"<!DOCTYPE html><html></html>"},
)


def million():
    return [b'{"weight_map":{' + b",".join(b'"w%d":"%d.safetensors"' % (each, each) for each in range(1_000_000)) + b"}}"]


case(
    71,
    "million-shards",
    {"m.index.json": million},
    "LIM",
    "more than 10000 shards.*raise the limit shards",
    command=["inspect", "m.index.json"],
)

# 72: a shard that was cut short, as an interrupted download leaves it
index(
    "shard-short",
    {"a": "1.safetensors", "b": "2.safetensors"},
    "MAL",
    "2.safetensors: .*3 bytes are missing.*download the file again",
    number=72,
    files={"1.safetensors": ONE, "2.safetensors": TWO[:-3]},
)
