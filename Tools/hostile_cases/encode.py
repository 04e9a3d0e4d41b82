"""ONNX's messages as bytes, with nothing checked: what a correct writer can't be made to write. Standard library only."""

import struct

FLOAT, UINT8, INT8, INT32, INT64, STRING, BOOL, FLOAT16, DOUBLE, INT4 = 1, 2, 3, 6, 7, 8, 9, 10, 11, 22


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, payload: bytes | str) -> bytes:
    payload = payload.encode() if isinstance(payload, str) else payload
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def fixed32(field: int, value: float) -> bytes:
    return varint(field << 3 | 5) + struct.pack("<f", value)


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def int64s(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)


def tensor(name: str, kind: int, dims: list[int], raw: bytes | None = None, extra: bytes = b"") -> bytes:
    """A TensorProto; `extra` holds further fields (float_data, external_data, …)."""
    out = b"".join(number(1, each) for each in dims) + number(2, kind) + block(8, name)
    return out + (b"" if raw is None else block(9, raw)) + extra


def float_tensor(name: str, dims: list[int], *values: float) -> bytes:
    return tensor(name, FLOAT, dims, floats(*values))


def int64_tensor(name: str, dims: list[int], *values: int) -> bytes:
    return tensor(name, INT64, dims, int64s(*values))


def external(name: str, kind: int, dims: list[int], entries: list[tuple[str, str]]) -> bytes:
    told = b"".join(block(13, block(1, key) + block(2, value)) for key, value in entries)
    return tensor(name, kind, dims, extra=told + number(14, 1))


def sparse(values: bytes, indices: bytes, dims: list[int]) -> bytes:
    return block(1, values) + block(2, indices) + b"".join(number(3, each) for each in dims)


def attribute(name: str, value, kind: int | None = None) -> bytes:
    """An AttributeProto: int, float, str, list of int or float, or ("tensor" | "graph" | "sparse", bytes)."""
    if isinstance(value, tuple):
        field, natural = {"tensor": (5, 4), "graph": (6, 5), "sparse": (22, 11)}[value[0]]
        payload = block(field, value[1])
    elif isinstance(value, int):
        natural, payload = 2, number(3, value)
    elif isinstance(value, float):
        natural, payload = 1, fixed32(2, value)
    elif isinstance(value, str):
        natural, payload = 3, block(4, value)
    elif all(isinstance(each, int) for each in value):
        natural, payload = 7, b"".join(number(8, each) for each in value)
    else:
        natural, payload = 6, b"".join(fixed32(7, each) for each in value)
    return block(1, name) + payload + number(20, natural if kind is None else kind)


def node(operator: str, inputs: list[str], outputs: list[str], domain: str = "", name: str = "", raw: bytes = b"", **attributes) -> bytes:
    """A NodeProto, named as its first output unless `name` says otherwise; `raw` holds further encoded fields."""
    out = b"".join(block(1, each) for each in inputs) + b"".join(block(2, each) for each in outputs)
    out += block(3, name or f"node_{outputs[0] if outputs else operator}") + block(4, operator)
    out += b"".join(block(5, attribute(key, value)) for key, value in attributes.items())
    return out + (block(7, domain) if domain else b"") + raw


def tensor_type(kind: int, dims: list[int | str] | None) -> bytes:
    shape = b""
    if dims is not None:
        shape = block(2, b"".join(block(1, block(2, each) if isinstance(each, str) else number(1, each)) for each in dims))
    return block(1, number(1, kind) + shape)


def value(name: str, kind: int = FLOAT, dims: list[int | str] | None = None) -> bytes:
    return block(1, name) + block(2, tensor_type(kind, dims))


def graph(nodes: list[bytes], inputs: list[bytes] = (), outputs: list[bytes] = (), weights: list[bytes] = (), extra: bytes = b"", name: str = "g") -> bytes:
    fields = ((1, nodes), (5, weights), (11, inputs), (12, outputs))
    return block(2, name) + b"".join(block(field, each) for field, all_of_it in fields for each in all_of_it) + extra


def opset(version: int, domain: str = "") -> bytes:
    return block(8, (block(1, domain) if domain else b"") + number(2, version))


def function(name: str, inputs: list[str], outputs: list[str], nodes: list[bytes]) -> bytes:
    out = block(1, name) + b"".join(block(4, each) for each in inputs) + b"".join(block(5, each) for each in outputs)
    return out + b"".join(block(7, each) for each in nodes) + block(9, number(2, 17)) + block(9, block(1, "local") + number(2, 1)) + block(10, "local")


def model(of: bytes, version: int = 17, ir: int = 8, extra: bytes = b"") -> bytes:
    """A ModelProto whose graph comes last, so that a file cut short always lacks a part of it."""
    return number(1, ir) + opset(version) + extra + block(7, of)


def small() -> bytes:
    """Y = X + w: correct, and the start of many mutations."""
    return model(graph([node("Add", ["X", "w"], ["Y"])], [value("X", FLOAT, [2])], [value("Y", FLOAT, [2])], [float_tensor("w", [2], 1, 2)]))
