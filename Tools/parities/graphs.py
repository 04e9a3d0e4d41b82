"""Measures onnx-run against PyTorch in float64, beside ONNX Runtime on the same file and input, and prints a Markdown table.

Full-size DistilBERT with lively weights. Rows, each for both sessions:
    float       6 heads x both exporters x 1x1, 1x8, 3x29 and 4x37 with every kind of mask, 2x512:
                largest error at most 1.5 x ONNX Runtime's, and at most 1e-4. The two heads that answer a few numbers an input
                get one row over all inputs of a file: the largest of six errors is luck, theirs as much as ours
    node        every quantised node of the quantised files on ONNX Runtime's own intermediate values:
                integers equal, floats within 1e-5 of the largest value of their tensor
    quantized   quantised files end to end: root mean square distance to PyTorch's result at most 1.05 x ONNX Runtime's
Exits 1 when a row misses. Exports, references and ONNX Runtime's answers are kept in .cache/parity (6 GB for everything).
"""

import subprocess
import sys
from pathlib import Path

from environment import CACHE, ROOT, enter
from onnx_run import command_of, parser_of

enter("torch")

import distilbert  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402
from fixture_twins import dynamic_twin, static_twin  # noqa: E402
from onnx import helper  # noqa: E402
from onnxruntime.quantization import QuantFormat  # noqa: E402

KEPT = CACHE / "parity"
SEED, WIDEN = 7, 1.7
EXPORTERS = ("torchscript", "dynamo")
MASKS = ("ones", "right", "left", "holes", "masked")
SHAPES = {"1x1": ("ones",), "1x8": ("ones",), "3x29": MASKS, "4x37": MASKS, "2x512": ("ones", "right")}
QUICK = ("1x1", "1x8", "3x29")
QUANTIZED = {"dynamic": "torchscript", "dynamic-dynamo": "dynamo", "qdq": "torchscript", "qoperator": "torchscript"}
QUANTIZED_INPUTS = (("1x8", "ones"), ("3x29", "right"), ("4x37", "holes"))
FACTOR, LIMIT, NODE_LIMIT, QUANTIZED_FACTOR = 1.5, 1e-4, 1e-5, 1.05
LABELS = {"token-classification": {"num_labels": 9}, "sequence-classification": {"num_labels": 3}}
POOLED = ("sequence-classification", "multiple-choice")
OTHER_RULE = 1e-2  # a float answer of ONNX Runtime further than this from a PyTorch reference follows another rule for a row masked throughout


def feeds_of(head: str, shape: str, mask: str) -> dict[str, np.ndarray]:
    rows, length = (int(each) for each in shape.split("x"))
    random = np.random.default_rng(rows * 1000 + length)
    kept = np.ones((rows, length), dtype=np.int64)
    cuts = random.integers(1, max(length, 2), rows)
    for row, cut in enumerate(cuts):
        if mask == "right":
            kept[row, cut:] = 0
        elif mask == "left":
            kept[row, : length - cut] = 0
        elif mask == "holes":
            kept[row] = random.integers(0, 2, length)
            kept[row, cut] = 1
    if mask == "masked":
        kept[0, cuts[0] :] = 0
        kept[-1] = 0
    choices = (2,) if head == "multiple-choice" else ()
    ids = random.integers(1000, 30522, (rows, *choices, length))
    return {"input_ids": ids.astype(np.int64), "attention_mask": np.ascontiguousarray(np.broadcast_to(kept.reshape(rows, *(1 for _ in choices), length), ids.shape))}


def make(head: str, attention: str = "sdpa") -> torch.nn.Module:
    return distilbert.make(head, attention, seed=SEED, widen=WIDEN, **LABELS.get(head, {}))


def exported(head: str, exporter: str) -> Path:
    path = KEPT / f"{head}-{exporter}.onnx"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".part")
        sample = {name: torch.from_numpy(value) for name, value in feeds_of(head, "3x29", "right").items()}
        if exporter == "torchscript":
            distilbert.export_torchscript(make(head), head, half, 17, sample)
        else:
            distilbert.export_dynamo(make(head), head, half, 18, sample)
        half.rename(path)
    return path


def quantised(kind: str) -> Path:
    path = KEPT / f"base-quantized-{kind}.onnx"
    if not path.exists():
        source, half = exported("base", QUANTIZED[kind]), path.with_suffix(".part.onnx")
        if kind.startswith("dynamic"):
            dynamic_twin(source, half)
        else:
            calibration = [feeds_of("base", "3x29", "ones"), feeds_of("base", "4x37", "ones")]
            static_twin(source, half, calibration, QuantFormat.QDQ if kind == "qdq" else QuantFormat.QOperator)
        half.rename(path)
    return path


def kept_arrays(name: str, compute) -> list[np.ndarray]:
    path = KEPT / f"{name}.npz"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        np.savez(path, *compute())
    with np.load(path) as stored:
        return [stored[f"arr_{index}"] for index in range(len(stored.files))]


def reference(head: str, shape: str, mask: str, attention: str) -> list[np.ndarray]:
    return kept_arrays(f"torch-{head}-{shape}-{mask}-{attention}", lambda: distilbert.reference(make(head, attention), feeds_of(head, shape, mask)))


def rival(path: Path, head: str, shape: str, mask: str) -> list[np.ndarray]:
    return kept_arrays(f"ort-{path.stem}-{shape}-{mask}", lambda: run_rival(path, feeds_of(head, shape, mask)))


def run_rival(path: Path, feeds: dict[str, np.ndarray], optimise: bool = True) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]).run(None, feeds)


class Ours:
    """onnx-run as a command. A run that fails is an outcome, not the end of the table."""

    def __init__(self, command: Path, timeout: float) -> None:
        self.command, self.timeout = command, timeout

    def run(self, path: Path, feeds: dict[str, np.ndarray], session: str) -> tuple[list[np.ndarray] | None, str]:
        given, answered = KEPT / "input.npz", KEPT / "output.npz"
        np.savez(given, **feeds)
        answered.unlink(missing_ok=True)
        line = [self.command, path, "--input", given, "--session", session, "--output", answered, "--quiet"]
        try:
            done = subprocess.run(line, capture_output=True, text=True, timeout=self.timeout)
        except subprocess.TimeoutExpired:
            return None, f"no answer in {self.timeout:.0f} s"
        if done.returncode != 0:
            return None, f"exit {done.returncode}: {(done.stderr.strip() or 'no message').splitlines()[0][:160]}"
        names = [each.name for each in onnx.load(path, load_external_data=False).graph.output]
        with np.load(answered) as stored:
            return [stored[name] for name in names], ""


def largest(ours: list[np.ndarray], wanted: list[np.ndarray]) -> float:
    if [each.shape for each in ours] != [each.shape for each in wanted]:
        return float("inf")
    worst = [float(np.abs(a.astype(np.float64) - b).max()) for a, b in zip(ours, wanted)]
    return float("inf") if any(np.isnan(each) for each in worst) else max(worst)


def root_mean_square(ours: list[np.ndarray], wanted: list[np.ndarray]) -> float:
    squares = [np.square(a.astype(np.float64) - b).ravel() for a, b in zip(ours, wanted)]
    return float(np.sqrt(np.concatenate(squares).mean()))


class Table:
    def __init__(self) -> None:
        self.missed, self.rows = 0, 0
        print("| model | input | session | error | ONNX Runtime's | asked at most | |\n|---|---|---|---|---|---|---|")

    def add(self, model: str, given: str, session: str, error: float | None, theirs: float | None, asked: float, note: str = "") -> None:
        met = error is not None and error <= asked
        self.rows += 1
        self.missed += not met
        shown = ["-" if each is None else f"{each:.3g}" for each in (error, theirs)]
        print(f"| {model} | {given} | {session} | {shown[0]} | {shown[1]} | {asked:.3g} | {'yes' if met else '**no**'} {note}|", flush=True)


def float_rows(table: Table, ours: Ours, heads: list[str], exporters: list[str], shapes: list[str], sessions: list[str]) -> None:
    for head in heads:
        for exporter in exporters:
            path = exported(head, exporter)
            inputs = [(shape, mask) for shape in shapes for mask in SHAPES[shape]]
            groups = [inputs] if head in POOLED else [[each] for each in inputs]
            for group in groups:
                wanted = [agreed(path, head, *each) for each in group]
                their_error = max(largest(rival(path, head, *each), answers) for each, answers in zip(group, wanted))
                for session in sessions:
                    error, note = 0.0, ""
                    for each, answers in zip(group, wanted):
                        answer, note = ours.run(path, feeds_of(head, *each), session)
                        if answer is None:
                            error = None
                            break
                        error = max(error, largest(answer, answers))
                    given = " ".join(group[0]) if len(group) == 1 else f"all {len(group)} inputs"
                    table.add(path.stem, given, session, error, their_error, min(FACTOR * their_error, LIMIT), note)


def agreed(path: Path, head: str, shape: str, mask: str) -> list[np.ndarray]:
    """The PyTorch reference whose rule for a row masked throughout is the file's."""
    wanted = reference(head, shape, mask, "sdpa")
    if mask == "masked" and largest(rival(path, head, shape, mask), wanted) > OTHER_RULE:
        return reference(head, shape, mask, "eager")
    return wanted


def quantised_rows(table: Table, ours: Ours, sessions: list[str]) -> None:
    for kind in QUANTIZED:
        path = quantised(kind)
        for shape, mask in QUANTIZED_INPUTS:
            wanted = reference("base", shape, mask, "sdpa")
            their_distance = root_mean_square(rival(path, "base", shape, mask), wanted)
            for session in sessions:
                answer, note = ours.run(path, feeds_of("base", shape, mask), session)
                distance = root_mean_square(answer, wanted) if answer else None
                table.add(path.stem, f"{shape} {mask}", session, distance, their_distance, QUANTIZED_FACTOR * their_distance, note)


def is_quantised(node: onnx.NodeProto) -> bool:
    return "Quant" in node.op_type or "Integer" in node.op_type or node.op_type.startswith("Q") or "NBits" in node.op_type or "Bnb4" in node.op_type


def every_value(path: Path, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What ONNX Runtime computes at each node when it changes nothing."""
    model = onnx.load(path)
    present = {each.name for each in model.graph.output}
    names = [name for node in model.graph.node for name in node.output if name and name not in present]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    watched = KEPT / "watched.onnx"
    onnx.save(model, watched)
    outputs = [each.name for each in model.graph.output]
    return feeds | dict(zip(outputs, run_rival(watched, feeds, optimise=False)))


def apart(path: Path, feeds: dict[str, np.ndarray]) -> tuple[Path, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """A model that holds each quantised node on its own, its feeds (ONNX Runtime's intermediate values), and what ONNX Runtime makes of them."""
    model, values = onnx.load(path), every_value(path, feeds)
    weights = {each.name: each for each in model.graph.initializer}
    nodes = [node for node in model.graph.node if is_quantised(node)]
    given = {f"in.{name}": values[name] for node in nodes for name in node.input if name and name not in weights}
    wanted = {name: values[name] for node in nodes for name in node.output if name}
    for node in nodes:
        for index, name in enumerate(node.input):
            if name and name not in weights:
                node.input[index] = f"in.{name}"
    typed = lambda name, value: helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)  # noqa: E731
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(nodes, "apart", [typed(*each) for each in given.items()], [typed(*each) for each in wanted.items()], [weights[name] for name in weights if name in used])
    alone = KEPT / f"{path.stem}-apart.onnx"
    onnx.save(helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version), alone)
    return alone, given, wanted


def node_rows(table: Table, ours: Ours, sessions: list[str], models: list[Path], verbose: bool) -> None:
    for path in models:
        feeds = feeds_of("base", "3x29", "right")
        if "distilbert-tiny" in path.parts:
            with np.load(path.parent / "inputs-right.npz") as stored:
                feeds = {name: stored[name] for name in stored.files}
        alone, given, wanted = apart(path, feeds)
        producers = {name: node for node in onnx.load(alone).graph.node for name in node.output}
        for session in sessions:
            answer, note = ours.run(alone, given, session)
            errors = {name: node_error(value, wanted[name]) for name, value in zip(wanted, answer)} if answer else {}
            worst = max(errors, key=errors.get, default=None)
            bad = [name for name, each in errors.items() if each > NODE_LIMIT]
            if bad:
                note = f"{len(bad)} of {len(errors)} values, worst {producers[worst].op_type} `{producers[worst].name}` "
            table.add("/".join(path.with_suffix("").parts[-2:]) if "distilbert-tiny" in path.parts else path.stem, f"{len(wanted)} values of quantised nodes", session, errors.get(worst), None, NODE_LIMIT, note)
            for name in bad if verbose else []:
                print(f"    {session} {producers[name].op_type} {producers[name].name} {name}: {errors[name]:.3g}", file=sys.stderr)


def node_error(ours: np.ndarray, wanted: np.ndarray) -> float:
    """Relative to the largest value of the tensor; integers are equal (0) or not (infinity)."""
    if ours.shape != wanted.shape or ours.dtype != wanted.dtype:
        return float("inf")
    if wanted.dtype.kind in "iub":
        return 0.0 if np.array_equal(ours, wanted) else float("inf")
    same = (ours == wanted) | (np.isnan(ours) & np.isnan(wanted))
    finite = np.where(np.isfinite(wanted), np.abs(wanted), 0)
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0, np.abs(ours.astype(np.float64) - wanted))
    return float(np.nan_to_num(difference, nan=np.inf).max(initial=0) / max(finite.max(initial=0), 1e-30))


def main(given: list[str]) -> None:
    parser = parser_of("Tools/parity graphs", __doc__)
    parser.add_argument("--rows", nargs="+", choices=["float", "node", "quantized"], default=["float", "node", "quantized"])
    parser.add_argument("--heads", nargs="+", choices=list(distilbert.HEADS), default=list(distilbert.HEADS))
    parser.add_argument("--exporters", nargs="+", choices=EXPORTERS, default=list(EXPORTERS))
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--sessions", nargs="+", choices=["reference", "optimized"], default=["reference", "optimized"])
    parser.add_argument("--quick", action="store_true", help=f"shapes {', '.join(QUICK)} only; node rows on the tiny fixtures only")
    parser.add_argument("--timeout", type=float, default=900, help="seconds that one run may take (default 900)")
    parser.add_argument("--verbose", action="store_true", help="name every value of a node row that misses, on standard error")
    parser.add_argument("--prepare", action="store_true", help="make the exports, the references and ONNX Runtime's answers, and run nothing of ours")
    arguments = parser.parse_args(given)
    if arguments.prepare:
        arguments.sessions = []
    command = arguments.command if arguments.prepare else command_of(arguments)

    KEPT.mkdir(parents=True, exist_ok=True)
    table, ours = Table(), Ours(command, arguments.timeout)
    if "float" in arguments.rows:
        shapes = [each for each in arguments.shapes if each in QUICK] if arguments.quick else arguments.shapes
        float_rows(table, ours, arguments.heads, arguments.exporters, shapes, arguments.sessions)
    if "node" in arguments.rows:
        tiny = sorted((ROOT / "Models/distilbert-tiny").glob("*/*quantized*.onnx"))
        node_rows(table, ours, arguments.sessions, tiny + ([] if arguments.quick else [quantised(kind) for kind in QUANTIZED]), arguments.verbose)
    if "quantized" in arguments.rows and not arguments.quick:
        quantised_rows(table, ours, arguments.sessions)
    print(f"\n{table.rows - table.missed} of {table.rows} rows met")
    sys.exit(1 if table.missed else 0)
