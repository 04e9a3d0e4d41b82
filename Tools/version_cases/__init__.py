"""Models of one node (or few) for each version of an operator, with random inputs: what Tools/versions compares.

A maker is a function of a Version that yields cases; it is entered under the names of the operators it makes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from onnx import NodeProto, defs, helper

NUMPY = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int8)": np.int8,
    "tensor(int16)": np.int16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(uint16)": np.uint16,
    "tensor(uint32)": np.uint32,
    "tensor(uint64)": np.uint64,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}
FLOATS = (np.float32, np.float64, np.float16)
WORDS = ["", "a", "Beta", "gamma delta", "ε", "0"]

MAKERS: dict[str, Callable] = {}


@dataclass
class Case:
    """`inputs` by name; outputs are named by the nodes. `label` tells the cases of one operator apart."""

    label: str
    nodes: list[NodeProto]
    inputs: dict[str, np.ndarray]
    outputs: list[str]
    weights: dict[str, np.ndarray] = field(default_factory=dict)


class Version:
    """One schema of an operator, declared at the opset that brought it (7 at the least)."""

    def __init__(self, schema: defs.OpSchema, opset: int):
        self.schema, self.opset, self.name, self.since = schema, opset, schema.name, schema.since_version
        self.random = np.random.default_rng([opset, *schema.name.encode()])

    def types(self, constraint: str) -> list[type]:
        """The element types that a constraint allows, as far as NumPy and ONNX Runtime's Python have them."""
        for each in self.schema.type_constraints:
            if each.type_param_str == constraint:
                return [NUMPY[one] for one in each.allowed_type_strs if one in NUMPY]
        return [NUMPY[constraint]]

    def floats(self, constraint: str = "T") -> list[type]:
        return [each for each in self.types(constraint) if each in FLOATS]

    def values(self, dtype: type, *shape: int, low: float = -9, high: float = 9) -> np.ndarray:
        if dtype is np.object_:
            return np.array(self.random.choice(WORDS, shape), dtype=object)
        if dtype is np.bool_:
            return self.random.random(shape) < 0.5
        if dtype in FLOATS:
            return np.asarray(self.random.uniform(low, high, shape)).astype(dtype)
        low = max(low, 0) if np.issubdtype(dtype, np.unsignedinteger) else low
        return np.asarray(self.random.integers(int(low), int(high), shape, endpoint=True)).astype(dtype)

    def has(self, attribute: str) -> bool:
        return attribute in self.schema.attributes

    def one(self, label: str, inputs: list[np.ndarray | None], outputs: int = 1, **attributes) -> Case:
        """A case of this operator's node alone; None is an optional input left empty."""
        names = [f"x{index}" if each is not None else "" for index, each in enumerate(inputs)]
        results = [f"y{index}" for index in range(outputs)]
        node = helper.make_node(self.name, names, results, **attributes)
        return Case(label, [node], {name: each for name, each in zip(names, inputs, strict=True) if name}, results)


def makes(*names: str) -> Callable:
    def enter(maker: Callable[[Version], Iterator[Case]]) -> Callable:
        for name in names:
            assert name not in MAKERS, name
            MAKERS[name] = maker
        return maker

    return enter


def short(dtype: type) -> str:
    return "string" if dtype is np.object_ else np.dtype(dtype).name


def all_makers() -> dict[str, Callable]:
    from version_cases import composed, elementwise, mathematics, movement  # noqa: F401  each enters its makers

    return MAKERS
