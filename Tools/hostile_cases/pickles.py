"""Cases 73-80: pickles. Every one is refused by what it says; nothing in it is ever run."""

from hostile_cases import case
from hostile_cases.torch_file import FALSE, PROTO, archive, integer, name, state_dict, storage, tensor, text, tuple_

INSPECT = ["inspect", "model.bin"]


def pickled(number: int, of: str, content, kind: str, error: str, **options) -> None:
    """`content` is the file, or a function that makes it where it is big."""
    options.setdefault("command", INSPECT)
    case(number, of, {"model.bin": content}, kind, error, **options)


def big(make):
    return lambda: [make()]


# 73: names of Python that are no part of a checkpoint; the command would leave a file behind
def calls(of: str, module: str, attribute: str, argument: bytes = text("touch ran"), **options) -> None:
    harm = name(module, attribute) + tuple_(argument) + b"R"
    pattern = "asks for .*nothing was run"
    pickled(73, of, archive(PROTO + harm + b"."), "UNS", pattern, **options)
    pickled(73, f"{of}-as-weight", archive(state_dict(good=tensor(), bad=harm)), "UNS", f'near "bad": .*{pattern}', **options)


pickled(73, "correct", archive(state_dict(weight=tensor())), "UNS", "", outcome="success")
calls("os-system", "os", "system")
calls("posix-system", "posix", "system")
calls("eval", "builtins", "eval", text("open('ran', 'w')"))
calls("dotted-name", "torch._utils", "_rebuild_tensor_v2.__globals__")
calls("dotted-module", "torch._utils._rebuild_tensor_v2", "__globals__")
calls("name-of-a-storage-elsewhere", "os", "FloatStorage")
calls("look-alike", "tоrch", "FloatStorage")
calls("empty-names", "", "")
pickled(73, "escape-in-name", archive(PROTO + name("os", "\x1b[2Jsystem") + b"."), "UNS", "asks for", never="\x1b")
pickled(73, "called-dtype", archive(PROTO + name("torch", "float32") + b")R."), "UNS", "torch.float32, which is only a name: nothing was run")
pickled(
    73,
    "storage-of-a-function",
    archive(state_dict(w=tensor(of=tuple_(text("storage"), name("collections", "OrderedDict"), text("0"), text("cpu"), integer(4)) + b"Q"))),
    "MAL",
    "a storage of type collections.OrderedDict",
)
pickled(73, "state-of-a-function", archive(PROTO + name("collections", "OrderedDict") + b"}b."), "UNS", "BUILD of the name collections.OrderedDict")

# 74: operations that torch.save doesn't use for tensors
for label, code in {
    "STACK_GLOBAL": text("os") + text("system") + b"\x93",
    "INST": b"(ios\nsystem\n",
    "OBJ": b"(" + name("collections", "OrderedDict") + b"o",
    "EXT1": b"\x82\x01",
    "NEWOBJ": name("collections", "OrderedDict") + b")\x81",
    "NEWOBJ_EX": name("collections", "OrderedDict") + b")}\x92",
    "PERSID": b"P0\n",
    "MEMOIZE": b"N\x94",
    "0xff": b"\xff",
}.items():
    pickled(74, label.lower().replace("_", "-"), archive(PROTO + code + b"."), "UNS", rf"offset \d+: .*the opcode {label},")
pickled(74, "protocol-0", archive(b"(dp0\n."), "UNS", "protocol 0 or 1")
pickled(74, "protocol-4", archive(b"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00}."), "UNS", "protocol 4; 2 is expected.*without pickle_protocol")
pickled(74, "protocol-5", archive(b"\x80\x05}."), "UNS", "protocol 5; 2 is expected")

# 75: operations that lack what they need
for label, code, pattern in [
    ("underflow", b"N\x86.", "TUPLE2 needs 2 values on the pickle's stack, 1 are there"),
    ("underflow-below-mark", b"NN(\x86.", "TUPLE2 needs 2 values on the pickle's stack, 0 are there"),
    ("empty-stack", b".", "STOP needs 1 values"),
    ("tuple-without-mark", b"Nt.", "TUPLE without a MARK"),
    ("items-without-mark", b"}u.", "SETITEMS without a MARK"),
    ("memo-miss", b"h\x07.", "value 7, which it never stored"),
    ("memo-miss-most", b"j\xff\xff\xff\xff.", "value 4294967295, which it never stored"),
    ("memo-of-nothing", b"q\x00.", "BINPUT needs 1 values"),
    ("no-stop", b"}", "ends without STOP"),
    ("nothing-but-protocol", b"", "ends without STOP"),
    ("bytes-after-stop", b"}.}.", "2 bytes follow the end of the pickle"),
    ("values-left", b"}}.", "1 values too many"),
    ("mark-left", b"}(N.", "1 values too many"),
    ("key-without-value", b"}(Nu.", "a key without a value"),
    ("append-to-tuple", b")Na.", "a tuple where a list is expected"),
    ("item-of-list", b"]NNs.", "a list where a dictionary is expected"),
    ("reduce-of-number", b"K\x01)R.", "REDUCE of an integer and a tuple"),
    ("second-protocol", b"\x80\x02}.", "a second PROTO"),
    ("operand-cut-short", b"X\xff", "4 bytes expected, 1 are left"),
    ("name-cut-short", b"cos", "1 bytes expected, 0 are left"),
    ("not-utf-8", b"X\x01\x00\x00\x00\xff.", "text that is not UTF-8"),
    ("persistent-id-of-number", b"K\x01Q.", "a persistent id that is not"),
]:
    pickled(75, label, archive(PROTO + code), "MAL", pattern)
pickled(75, "correct-memo-most", archive(PROTO + b"}r\xff\xff\xff\xff0"[:-1] + b"."), "MAL", "", outcome="success")
pickled(
    75,
    "tensor-of-two-arguments",
    archive(PROTO + name("torch._utils", "_rebuild_tensor_v2") + tuple_(storage(), integer(0)) + b"R."),
    "MAL",
    "_rebuild_tensor_v2 doesn't take 2 arguments",
)
pickled(75, "key-is-number", archive(PROTO + b"}(K\x01" + tensor() + b"u."), "UNS", "has an integer as a key")
pickled(75, "weight-twice", archive(PROTO + b"}(" + (text("w") + tensor()) * 2 + b"u."), "MAL", '"w" occurs twice')

# 76: depth and number
pickled(76, "marks", big(lambda: archive(PROTO + b"(" * 10_000_000)), "LIM", "more than 1000000 values or marks.*pickleStack")
pickled(76, "tuples-nested", big(lambda: archive(PROTO + b")" + b"\x85" * 1_000_000 + b".")), "UNS", "holds a tuple")
pickled(76, "lists-nested", big(lambda: archive(PROTO + b"]" * 900_000 + b"a" * 899_999 + b".")), "UNS", "holds a list")
pickled(
    76,
    "lists-without-end",
    big(lambda: archive(PROTO + b"](" + b"]" * 900_000 + b"e(" + b"]" * 900_000 + b"e(" + b"]" * 900_000 + b"e.")),
    "LIM",
    "more than 4000000 values.*pickleValues",
)
pickled(76, "list-in-itself", archive(PROTO + b"]q\x00h\x00a."), "UNS", "holds a list")
pickled(
    76, "dictionary-in-itself", archive(PROTO + b"}q\x00X\x0a\x00\x00\x00state_dicth\x00s."), "UNS", '"state_dict" is a dictionary, but a dictionary of tensors'
)
pickled(
    76,
    "tensors-of-one-storage",
    big(
        lambda: archive(
            PROTO
            + b"}("
            + text("w0")
            + tensor(of=storage() + b"q\x00")
            + b"".join(text(f"w{index}") + tensor(of=b"h\x00") for index in range(1, 20_000))
            + b"u."
        )
    ),
    "LIM",
    "",
    outcome="success",
)

# 77: lengths and steps
pickled(77, "text-of-4-gib", archive(PROTO + b"X\xff\xff\xff\xffabc."), "MAL", "4294967295 bytes expected, 4 are left")
pickled(77, "integer-of-255-bytes", archive(PROTO + b"\x8a\xff" + b"\x01" * 255 + b"."), "MAL", "an integer of 255 bytes, 8 at most")
pickled(77, "name-without-end", big(lambda: archive(PROTO + b"c" + b"a" * 10_000_000)), "LIM", "a name of more than 65536 bytes")
pickled(77, "fifty-million-values", big(lambda: archive(PROTO + b"N" * 50_000_000 + b".")), "LIM", "pickleStack")
pickled(77, "forty-million-steps", big(lambda: archive(PROTO + b"}q\x00" + b"h\x00b" * 20_000_000 + b".")), "LIM", "", outcome="either")
pickled(77, "too-large", big(lambda: archive(PROTO + b"}q\x00" + b"h\x00b" * 25_000_000 + b".")), "LIM", "above the limit of 67108864.*pickleBytes")

# 78: storages
for label, key, pattern in [
    ("parent", "../0", "not a decimal number"),
    ("absolute", "/etc/hostname", "not a decimal number"),
    ("empty", "", "not a decimal number"),
    ("word", "zero", "not a decimal number"),
    ("negative", "-1", "not a decimal number"),
    ("other-digits", "٣", "not a decimal number"),
    ("long", "0" * 100, "not a decimal number"),
    ("absent", "1", 'lacks the entry "archive/data/1"'),
]:
    pickled(78, f"key-{label}", archive(state_dict(w=tensor(of=storage(key)))), "MAL", f'near "w": .*{pattern}')
pickled(
    78,
    "described-twice",
    archive(state_dict(a=tensor(), b=tensor((2,), of=storage(kind="DoubleStorage", count=2)))),
    "MAL",
    "described twice, in different ways",
)
pickled(78, "correct-shared", archive(state_dict(a=tensor(), b=tensor())), "MAL", "", outcome="success")
pickled(78, "count-too-large", archive(state_dict(w=tensor(of=storage(count=5)))), "MAL", "declares 5 elements of float, but its entry has 16 bytes")
pickled(78, "count-too-small", archive(state_dict(w=tensor((3,), of=storage(count=3)))), "MAL", "declares 3 elements of float, but its entry has 16 bytes")
pickled(78, "count-overflows", archive(state_dict(w=tensor(of=storage(count=2**62)))), "MAL", "declares 4611686018427387904 elements")
pickled(78, "count-negative", archive(state_dict(w=tensor(of=storage(count=-4)))), "MAL", "declares -4 elements")

# 79: a view beyond its storage
for label, size, stride, offset in [
    ("size", (5,), (1,), 0),
    ("offset", (4,), (1,), 1),
    ("stride", (2,), (4,), 0),
    ("two-axes", (2, 3), (2, 1), 0),
    ("offset-most", (1,), (1,), 2**63 - 1),
    ("stride-most", (3,), (2**62,), 0),
    ("stride-and-offset-overflow", (2,), (2**63 - 1,), 1),
    ("empty-beyond", (0,), (1,), 5),
]:
    pickled(79, f"{label}-outside", archive(state_dict(w=tensor(size, stride, offset))), "MAL", 'near "w": .*leaves its storage "0" of 4 elements')
for label, size, stride, offset in [
    ("size", (-1,), (1,), 0),
    ("stride", (2,), (-1,), 1),
    ("offset", (1,), (1,), -1),
    ("least", (-(2**63),), (-(2**63),), -(2**63)),
]:
    pickled(79, f"{label}-negative", archive(state_dict(w=tensor(size, stride, offset))), "MAL", 'near "w": .*is not possible')
pickled(79, "rank-of-stride", archive(state_dict(w=tensor((2, 2), (1,)))), "MAL", "is not possible")
pickled(79, "count-overflows", archive(state_dict(w=tensor((2**32, 2**32), (0, 0)))), "LIM|MAL", "more elements than 64 bits can count")
pickled(79, "rank-33", archive(state_dict(w=tensor((1,) * 33, (1,) * 33))), "LIM", "33 dimensions is above the limit of 32")
pickled(
    79,
    "size-of-text",
    archive(
        state_dict(w=name("torch._utils", "_rebuild_tensor_v2") + tuple_(storage(), integer(0), tuple_(text("4")), tuple_(integer(1)), FALSE, b"N") + b"R")
    ),
    "MAL",
    "doesn't take 6 arguments .* of these kinds",
)
pickled(79, "correct-empty-at-end", archive(state_dict(w=tensor((0,), (1,), 4))), "MAL", "", outcome="success")

# 80: a few bytes repeated
pickled(80, "one-element-2-40-times", archive(state_dict(w=tensor((2**40,), (0,)))), "LIM", "repeats 1 elements to 4398046511104 bytes.*expandedBytes")
pickled(80, "overlapping-rows", archive(state_dict(w=tensor((2**20, 2**20, 3), (0, 0, 1)))), "LIM", "repeats 3 elements.*expandedBytes")
pickled(
    80,
    "many-of-them",
    big(
        lambda: archive(
            PROTO
            + b"}("
            + text("w")
            + tensor((2**26,), (0,), of=storage() + b"q\x00")
            + b"".join(text(f"w{index}") + tensor((2**26,), (0,), of=b"h\x00") for index in range(5000))
            + b"u."
        )
    ),
    "LIM",
    "more than 1099511627776 bytes together.*tensorBytes",
)
pickled(80, "correct-repeated", archive(state_dict(w=tensor((1000,), (0,)))), "LIM", "", outcome="success")
