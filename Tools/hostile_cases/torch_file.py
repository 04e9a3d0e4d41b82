"""Encodes PyTorch checkpoints by hand, a pickle operation at a time, so that any of them can be wrong."""

import io
import struct
import zipfile

PROTO = b"\x80\x02"
FALSE = b"\x89"


def text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def name(module: str, attribute: str) -> bytes:
    return b"c" + f"{module}\n{attribute}\n".encode()


def integer(value: int) -> bytes:
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(8, "little", signed=True)
    return b"\x8a\x08" + raw


def tuple_(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def storage(key: str = "0", kind: str = "FloatStorage", count: int = 4) -> bytes:
    return tuple_(text("storage"), name("torch", kind), text(key), text("cpu"), integer(count)) + b"Q"


def tensor(size=(4,), stride=(1,), offset=0, of: bytes | None = None) -> bytes:
    hooks = name("collections", "OrderedDict") + b")R"
    arguments = (of or storage(), integer(offset), tuple_(*map(integer, size)), tuple_(*map(integer, stride)), FALSE, hooks)
    return name("torch._utils", "_rebuild_tensor_v2") + tuple_(*arguments) + b"R"


def state_dict(**values: bytes) -> bytes:
    return PROTO + b"}(" + b"".join(text(key) + value for key, value in values.items()) + b"u."


def archive(pickle: bytes, storages: dict[str, bytes] | None = None, deflated: tuple[str, ...] = (), **more: bytes) -> bytes:
    """A file as torch.save makes it, with these storages (one of four floats where none are given)."""
    entries = {"data.pkl": pickle, "byteorder": b"little", "version": b"3\n"}
    for key, data in ({"0": struct.pack("<4f", 1, 2, 3, 4)} if storages is None else storages).items():
        entries[f"data/{key}"] = data
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        for path, data in {**entries, **more}.items():
            info = zipfile.ZipInfo(f"archive/{path}")
            info.compress_type = zipfile.ZIP_DEFLATED if path in deflated else zipfile.ZIP_STORED
            written.writestr(info, data)
    return out.getvalue()
