"""Cases 81-84: the zip archive around a PyTorch checkpoint, and checkpoints that are none."""

import struct

from hostile_cases import case
from hostile_cases.torch_file import PROTO, archive, name, state_dict, storage, tensor

GOOD = archive(state_dict(weight=tensor()))
END = GOOD.rindex(b"PK\5\6")
DIRECTORY = GOOD.index(b"PK\1\2")
READ = ["inspect", "model.bin", "--dump", "out.npz"]


def zipped(number: int, of: str, content, kind: str, error: str, **options) -> None:
    options.setdefault("command", ["inspect", "model.bin"])
    case(number, of, {"model.bin": content}, kind, error, **options)


def patched(at: int, new: bytes, of: bytes = GOOD) -> bytes:
    return of[:at] + new + of[at + len(new) :]


def entry(path: str) -> tuple[int, int]:
    """Where the local header and the directory's record of an entry begin."""
    local = GOOD.index(path.encode()) - 30
    return local, GOOD.index(path.encode(), DIRECTORY) - 46


# 81: the end of the archive
zipped(81, "no-end-record", GOOD[:END], "MAL", "no end record")
zipped(81, "cut-in-end-record", GOOD[:-4], "MAL", "no end record")
zipped(81, "two-end-records", patched(END + 20, struct.pack("<H", 22)) + GOOD[END:], "MAL", "two end records")
zipped(81, "comment-beyond-end", patched(END + 20, struct.pack("<H", 5)), "MAL", "no end record")
zipped(81, "trailing-bytes", GOOD + b"x", "MAL", "no end record")
zipped(81, "leading-bytes", b"PK\3\4" + GOOD, "MAL", "doesn't end at")
zipped(81, "directory-elsewhere", patched(END + 16, struct.pack("<I", 10)), "MAL", "doesn't end at")
zipped(81, "entry-count", patched(END + 8, struct.pack("<HH", 60000, 60000)), "MAL", "60000 zip entries don't fit")
ZIP64 = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, *[1 << 32] * 2, END - DIRECTORY, DIRECTORY)
LOCATOR = struct.pack("<IIQI", 0x07064B50, 0, END, 1)
zipped(81, "two-to-the-32-entries", GOOD[:END] + ZIP64 + LOCATOR + GOOD[END:], "LIM", "4294967296 zip entries are above the limit")
zipped(81, "zip64-elsewhere", GOOD[:END] + ZIP64 + struct.pack("<IIQI", 0x07064B50, 0, 3, 1) + GOOD[END:], "MAL", "zip64 end record is not where")
zipped(
    81,
    "zip64-beyond",
    GOOD[:END] + ZIP64 + struct.pack("<IIQI", 0x07064B50, 0, 2**64 - 1, 1) + GOOD[END:],
    "MAL",
    "the size 18446744073709551615 is not possible",
)
zipped(81, "empty-archive", b"PK\5\6" + bytes(18), "MAL", "without the one data.pkl of a PyTorch checkpoint: nothing found")

# 82: headers that disagree
TWICE = archive(state_dict(w=tensor()), {"0": bytes(16), "1": bytes(16)}).replace(b"archive/data/1", b"archive/data/0")
STORAGE, STORAGE_RECORD = entry("archive/data/0")
zipped(82, "other-name", patched(STORAGE + 30, b"archivf"), "MAL", "contradicts the directory")
zipped(82, "other-size", patched(STORAGE + 22, struct.pack("<I", 12)), "MAL", "contradicts the directory")
zipped(82, "other-checksum", patched(STORAGE + 14, b"\0\0\0\1"), "MAL", "contradicts the directory")
zipped(82, "other-method", patched(STORAGE + 8, b"\x08"), "MAL", "contradicts the directory")
zipped(82, "encrypted", patched(STORAGE_RECORD + 8, b"\x01"), "UNS", "is encrypted")
zipped(82, "encrypted-locally", patched(STORAGE + 6, b"\x01"), "MAL", "contradicts the directory")
zipped(82, "unknown-method", patched(STORAGE_RECORD + 10, b"\x0c"), "UNS", "compressed by method 12")
zipped(82, "entry-beyond", patched(STORAGE_RECORD + 42, struct.pack("<I", 2**31)), "MAL", "outside")
zipped(82, "header-of-another", patched(STORAGE_RECORD + 42, struct.pack("<I", 0)), "MAL", "contradicts the directory")
zipped(82, "entry-twice", TWICE, "MAL", "occurs twice")
ORDER, ORDER_RECORD = entry("archive/byteorder")
LONGER = struct.pack("<II", 20, 20)
zipped(82, "overlapping", patched(ORDER_RECORD + 20, LONGER, patched(ORDER + 18, LONGER)), "MAL", '"archive/byteorder" and "archive/version" overlap')
zipped(
    82,
    "two-pickles",
    archive(state_dict(w=tensor()), **{"more/data.pkl": PROTO + b"}."}),
    "MAL",
    "without the one data.pkl of a PyTorch checkpoint: 2 of them found",
)

# 83: compression and checksums
zipped(83, "pickle-bomb", archive(PROTO + b"N" * 5_000_000 + b".", deflated=("data.pkl",)), "LIM", "inflates from .* above the limit of 200 to 1")
zipped(
    83,
    "storage-compressed",
    archive(state_dict(w=tensor(of=storage(count=250_000), size=(250_000,))), {"0": bytes(1_000_000)}, deflated=("data/0",)),
    "UNS",
    "is compressed; torch.save stores them",
)
zipped(83, "correct-compressed-pickle", archive(state_dict(w=tensor()), deflated=("data.pkl",)), "MAL", "", outcome="success", command=READ)
CHECKSUMS = (entry("archive/data.pkl"), entry("archive/data/0"))
for of, (local, record), command in [("pickle", CHECKSUMS[0], ["inspect", "model.bin"]), ("storage", CHECKSUMS[1], READ)]:
    wrong = patched(record + 16, b"\1\2\3\4", patched(local + 14, b"\1\2\3\4"))
    zipped(83, f"checksum-of-{of}", wrong, "MAL", "the checksum is .*, but 0x4030201 is expected: the bytes are damaged", command=command)
    none = patched(record + 16, bytes(4), patched(local + 14, bytes(4)))
    zipped(83, f"correct-{of}-without-checksum", none, "MAL", "", outcome="success", command=READ)

# 84: checkpoints that are none of ours, with how to save them again
zipped(84, "legacy", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}q\x01.", "UNS", r"before 1.6.*torch.save\(torch.load")
zipped(
    84,
    "torchscript",
    archive(PROTO + name("__torch__", "Net") + b".", **{"constants.pkl": PROTO + b").", "code/__torch__.py": b"class"}),
    "UNS",
    "TorchScript archive.*torch.jit.load",
)
zipped(84, "big-endian", archive(state_dict(w=tensor()), byteorder=b"big"), "UNS", 'byte order "big"; little is expected.*save it')
zipped(84, "byte-order-with-escape", archive(state_dict(w=tensor()), byteorder=b"\x1b[2J"), "UNS", "little is expected", never="\x1b")
