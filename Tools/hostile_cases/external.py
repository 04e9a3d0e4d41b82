"""Cases 25-35: data outside the model's file."""

from hostile_cases import case
from hostile_cases.encode import BOOL, FLOAT, block, external, floats, function, graph, int64_tensor, model, node, number, sparse, tensor, value

SECRET = 7654.321
OUTSIDE = floats(SECRET, SECRET)
RUN = ["run", "folder/model.onnx"]
NEVER = "7654\\.3"


def reading(*entries: tuple[str, str]) -> bytes:
    return model(graph([node("Identity", ["w"], ["Y"])], [], [value("Y")], [external("w", FLOAT, [2], list(entries))]))


def beside(model_bytes: bytes, **more) -> dict:
    """The model in a folder of its own with good data beside it, and a file outside that it must not reach."""
    return {"folder/model.onnx": model_bytes, "folder/data.bin": floats(1, 2, 3, 4), "secret.bin": OUTSIDE, **more}


def place(name: str, location: str, **options) -> None:
    case(25, name, beside(reading(("location", location))), "PATH" if location else "PATH|MAL", "w|location|folder|external", command=RUN, never=NEVER, **options)


# 25: ways out of the folder
place("parent", "../secret.bin")
place("parent-by-detour", "a/../../secret.bin")
place("parent-by-dots", "./../secret.bin")
place("absolute", "/etc/hostname")
place("drive", "C:\\secret.bin")
place("backslashes", "..\\secret.bin")
place("percent-encoded", "%2e%2e/secret.bin")
place("empty", "")
place("dot", ".")
place("dot-dot", "..")
place("with-nul", "data.bin\0../secret.bin")
place("own-folder-name", "../folder/data.bin", outcome="either")
case(25, "correct", beside(reading(("location", "data.bin"), ("length", "8"))), "PATH", "", command=RUN, outcome="success")


# 26-28: links, and what is no regular file
def linked(number_: int, name: str, setup: list, location: str = "link", **options) -> None:
    options.setdefault("never", NEVER)
    kind = "PATH|IO" if number_ == 28 else "PATH"
    case(number_, name, beside(reading(("location", location), ("length", "8"))), kind, "w|link|folder|regular|external", command=RUN, setup=setup, **options)


linked(26, "link-out", [["symlink", "../secret.bin", "folder/link"]])
linked(26, "folder-link-out", [["symlink", "..", "folder/sub"]], "sub/secret.bin")
linked(26, "absolute-link", [["symlink", "/etc/hostname", "folder/link"]])
linked(26, "magic-link", [["symlink", "/proc/self/fd/0", "folder/link"]])
linked(26, "magic-root", [["symlink", "/proc/self/root", "folder/sub"]], "sub/etc/hostname")
linked(26, "link-to-itself", [["symlink", "link", "folder/link"]])
linked(26, "link-inside", [["symlink", "data.bin", "folder/link"]], outcome="success", never="")
HUB = "models--me--it"
cached = {
    f"{HUB}/blobs/1111": reading(("location", "model.onnx.data")),
    f"{HUB}/blobs/2222": floats(1, 2),
    "models--me--other/blobs/3333": OUTSIDE,
}
SNAPSHOT = f"{HUB}/snapshots/abc"
MODEL_LINK = [["directory", SNAPSHOT], ["symlink", "../../blobs/1111", f"{SNAPSHOT}/model.onnx"]]
HUB_RUN = {"kind": "PATH", "command": ["run", f"{SNAPSHOT}/model.onnx"]}
case(26, "hub-cache", cached, error="", setup=[*MODEL_LINK, ["symlink", "../../blobs/2222", f"{SNAPSHOT}/model.onnx.data"]], outcome="success", **HUB_RUN)
elsewhere = [*MODEL_LINK, ["symlink", "../../../models--me--other/blobs/3333", f"{SNAPSHOT}/model.onnx.data"]]
case(26, "hub-cache-of-another", cached, error="w|link|folder|blobs|external", setup=elsewhere, never=NEVER, **HUB_RUN)
linked(27, "hard-link", [["hardlink", "folder/data.bin", "folder/link"]], outcome="success", never="")
linked(28, "fifo", [["fifo", "folder/link"]])
linked(28, "socket", [["socket", "folder/link"]])
linked(28, "folder", [["directory", "folder/link"]])
linked(28, "dev-zero", [["symlink", "/dev/zero", "folder/link"]])
linked(28, "environ", [["symlink", "/proc/self/environ", "folder/link"]])
case(28, "missing", beside(reading(("location", "none.bin"))), "IO", "none\\.bin", command=RUN)


# 29-31: what the entries say
def told(number_: int, name: str, *entries: tuple[str, str], **options) -> None:
    options.setdefault("kind", "MAL")
    options.setdefault("error", "w|offset|length|location")
    case(number_, name, beside(reading(("location", "data.bin"), *entries)), command=RUN, **options)


told(29, "offset-negative", ("offset", "-4"), ("length", "8"))
told(29, "offset-word", ("offset", "four"), ("length", "8"))
told(29, "offset-spaces", ("offset", " 4"), ("length", "8"))
told(29, "offset-plus", ("offset", "+4"), ("length", "8"), outcome="either")
told(29, "offset-fraction", ("offset", "4.0"), ("length", "8"))
told(29, "offset-2-63", ("offset", str(2**63)), ("length", "8"))
told(29, "offset-beyond-end", ("offset", "4096"), ("length", "8"))
told(29, "offset-without-length-beyond-end", ("offset", "12"))
told(29, "sum-overflows", ("offset", str(2**63 - 4)), ("length", "8"))
told(29, "length-negative", ("offset", "0"), ("length", "-8"))
told(29, "length-2-63", ("offset", "0"), ("length", str(2**63)))
told(29, "length-petabyte", ("offset", "0"), ("length", str(10**15)))
told(30, "length-short", ("length", "4"), error="w.*(4.*8|8.*4)")
told(30, "length-long", ("length", "12"), error="w.*(12.*8|8.*12)")
told(30, "offset-unaligned", ("offset", "3"), ("length", "8"), outcome="success")
told(31, "unknown-key", ("length", "8"), ("colour", "red"), error="colour")
told(31, "class-key", ("length", "8"), ("__class__", "os"), error="__class__")
told(31, "location-twice", ("location", "../secret.bin"), ("length", "8"), never=NEVER)
told(31, "length-twice", ("length", "8"), ("length", "16"))
case(31, "no-location", beside(reading(("offset", "0"))), "MAL", "w|location", command=RUN)
both = graph(
    [node("Identity", ["w"], ["Y"])], [], [value("Y")], [external("w", FLOAT, [2], [("location", "data.bin"), ("length", "8")]) + block(9, floats(1, 2))]
)
case(31, "raw-data-too", beside(model(both)), "MAL", "w", command=RUN)

# 32: every place where a tensor may stand
AWAY = external("away", FLOAT, [2], [("location", "../secret.bin")])
OPTIONS = {"kind": "PATH", "error": "away|location|folder|external", "command": RUN, "never": NEVER}
sparse_away = graph([node("Identity", ["away"], ["Y"])], [], [value("Y")], extra=block(15, sparse(AWAY, int64_tensor("i", [2], 0, 1), [4])))
case(32, "sparse-initializer", beside(model(sparse_away)), **OPTIONS)
constant = node("Constant", [], ["Y"], value=("tensor", AWAY))
case(32, "constant", beside(model(graph([constant], [], [value("Y")]))), **OPTIONS)
sparse_constant = node("Constant", [], ["Y"], sparse_value=("sparse", sparse(AWAY, int64_tensor("i", [2], 0, 1), [4])))
case(32, "sparse-constant", beside(model(graph([sparse_constant], [], [value("Y")]))), **OPTIONS)
body = ("graph", graph([node("Identity", ["away"], ["b"])], [], [value("b")], [AWAY]))
choice = graph([node("If", ["c"], ["Y"], then_branch=body, else_branch=body)], [], [value("Y")], [tensor("c", BOOL, [], b"\1")])
case(32, "subgraph", beside(model(choice)), **OPTIONS)
called = block(25, function("f", [], ["y"], [node("Constant", [], ["y"], value=("tensor", AWAY))])) + block(8, block(1, "local") + number(2, 1))
case(32, "function-body", beside(model(graph([node("f", [], ["Y"], domain="local")], [], [value("Y")]), extra=called)), **OPTIONS)

# 33: the file becomes a link while the model is being opened
case(
    33,
    "swapped",
    beside(reading(("location", "data.bin"), ("length", "8"))),
    "PATH",
    "w|link|data\\.bin",
    command=RUN,
    never=NEVER,
    outcome="either",
    mode="race",
)


# 35: much declared over little
def many_declared():
    entries = [("location", "data.bin"), ("offset", "0"), ("length", str(1 << 30))]
    weights = [external(f"w{each}", FLOAT, [1 << 28], entries) for each in range(10_000)]
    yield model(graph([node("Identity", ["w0"], ["Y"])], [], [value("Y")], weights))


def many_over_one():
    entries = [("location", "data.bin"), ("offset", "0"), ("length", "4096")]
    weights = [external(f"w{each}", FLOAT, [1024], entries) for each in range(10_000)]
    yield model(graph([node("Identity", ["w0"], ["Y"])], [], [value("Y")], weights))


page = {"folder/data.bin": bytes(4096)}
case(35, "gigabytes-declared", {"folder/model.onnx": many_declared, **page}, "LIM|MAL", "w0|data\\.bin|end|bytes", command=RUN)
case(35, "one-region-10000-times", {"folder/model.onnx": many_over_one, **page}, "LIM", "w|data\\.bin|bytes", command=RUN, outcome="success")
