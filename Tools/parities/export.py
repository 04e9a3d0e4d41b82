"""Exports every head of the small checkpoints under Models/family and compares ONNX Runtime's results with ours.

A cell is a head x an opset (13, 17, 18, 20, 23) x one of
    plain        input_ids and attention_mask
    states       hidden states and attentions as further outputs
    head_mask    a factor for each head as a further input
    embeds       inputs_embeds in the place of input_ids
    loss         labels as further inputs; for sequence classification also as regression and as several labels at once
It passes where `onnx-run convert --to onnx` writes a file that onnx.checker accepts with full shape inference, whose axes and outputs have the names that
they should, and on which ONNX Runtime, our optimised and our reference session agree: largest difference of any output at most 1e-5 x its largest value
(of 1 where that is smaller). A base model has no loss, and its cell passes where the command says so. Exits 1 when a cell fails.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from environment import ROOT, enter
from onnx_run import command_of, parser_of

enter("torch")

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402

FAMILY = ROOT / "Models" / "family"
TASKS = ("base", "fill-mask", "text-classification", "question-answering", "token-classification", "multiple-choice")
OPSETS = (13, 17, 18, 20, 23)
VARIANTS = {
    "plain": [],
    "states": ["--outputs", "hidden_states,attentions"],
    "head_mask": ["--inputs", "head_mask"],
    "embeds": ["--inputs", "inputs_embeds"],
    "loss": ["--inputs", "labels"],
}
PROBLEMS = {"loss, regression": ("regression", "values"), "loss, several labels": ("multi_label_classification", "several")}
LIMIT = 1e-5
MAIN = {"base": ["last_hidden_state"], "question-answering": ["start_logits", "end_logits"]}


def feeds_of(model: onnx.ModelProto, given: dict[str, np.ndarray], labels: str) -> dict[str, np.ndarray]:
    """Inputs by name, in the types that the file declares."""
    types = {value.name: onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type) for value in model.graph.input}
    made = given | {"head_mask": np.array([[1, 0.5, 0, 1], [0.25, 1, 1, 0]]), "labels": given.get(labels)}
    return {name: np.ascontiguousarray(made[name], dtype=type) for name, type in types.items()}


def expected_outputs(task: str, variant: str, config: dict) -> list[str]:
    names = ["loss"] if variant.startswith("loss") else []
    names += MAIN.get(task, ["logits"])
    if variant == "states":
        names += [f"hidden_states.{layer}" for layer in range(config["n_layers"] + 1)] + [f"attentions.{layer}" for layer in range(config["n_layers"])]
    return names


def check_names(model: onnx.ModelProto, task: str, variant: str, config: dict) -> None:
    outputs = [value.name for value in model.graph.output]
    if outputs != expected_outputs(task, variant, config):
        raise ValueError(f"outputs {outputs}")
    axes = ["batch", "choice", "sequence"] if task == "multiple-choice" else ["batch", "sequence"]
    found = [dimension.dim_param for dimension in model.graph.input[0].type.tensor_type.shape.dim][: len(axes)]
    if found != axes:
        raise ValueError(f"axes {found}")


def distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    if ours.shape != theirs.shape:
        raise ValueError(f"shapes {ours.shape} and {theirs.shape}")
    if not (np.isnan(ours) == np.isnan(theirs)).all():
        return float("inf")
    return float(np.nanmax(np.abs(ours.astype(np.float64) - theirs), initial=0) / max(1, np.nanmax(np.abs(theirs), initial=0)))


def run_cell(command: Path, source: Path, task: str, opset: int, variant: str, labels: str, folder: Path) -> float:
    """The largest relative difference; raises where something is refused."""
    path, options = folder / "model.onnx", VARIANTS[variant.split(",")[0]]
    run([command, "convert", source, "--to", "onnx", "-o", path, "--opset", str(opset), "--overwrite", "--quiet", *options])
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(path)
    if [each.version for each in model.opset_import] != [opset]:
        raise ValueError(f"opset {model.opset_import}")
    check_names(model, task, variant, json.loads((source / "config.json").read_text()))
    given = dict(np.load(FAMILY / task / "expected.npz"))
    session = onnxruntime.InferenceSession(path)
    largest = 0.0
    for mask in ("attention_mask", "masked"):
        feeds = feeds_of(model, given | {"attention_mask": given[mask]}, labels)
        theirs = dict(zip((each.name for each in session.get_outputs()), session.run(None, feeds)))
        np.savez(folder / "feeds.npz", **feeds)
        for kind in ("optimized", "reference"):
            run([command, path, "--input", folder / "feeds.npz", "--output", folder / "ours.npz", "--session", kind])
            ours = np.load(folder / "ours.npz")
            largest = max([largest, *(distance(ours[name], value) for name, value in theirs.items())])
    return largest


def run(command: list) -> None:
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip() or f"exit {done.returncode}")


def cells(task: str, folder: Path):
    """Variants with their source folder and the name of their labels."""
    for variant in VARIANTS:
        yield variant, FAMILY / task, "labels"
    if task != "text-classification":
        return
    for variant, (problem, labels) in PROBLEMS.items():
        source = folder / problem
        source.mkdir(exist_ok=True)
        config = json.loads((FAMILY / task / "config.json").read_text()) | {"problem_type": problem}
        (source / "config.json").write_text(json.dumps(config))
        (source / "model.safetensors").write_bytes((FAMILY / task / "model.safetensors").read_bytes())
        yield variant, source, labels


def main(arguments: list[str]) -> None:
    parser = parser_of("Tools/parity export", __doc__)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS)
    options = parser.parse_args(arguments)
    command = command_of(options)
    failures, count = [], 0
    print("| head | variant | " + " | ".join(f"opset {opset}" for opset in OPSETS) + " |\n|---|---|" + "---|" * len(OPSETS))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for task in options.tasks:
            for variant, source, labels in cells(task, folder):
                row = []
                for opset in OPSETS:
                    count += 1
                    try:
                        largest = run_cell(command, source, task, opset, variant, labels, folder)
                        row.append(f"{largest:.1e}")
                        if not largest <= LIMIT:
                            failures.append(f"{task} {variant} {opset}: {largest:.1e} is more than {LIMIT:.0e}")
                    except Exception as error:
                        refused = task == "base" and variant == "loss" and "no loss" in str(error)
                        row.append("refused" if refused else "FAILED")
                        if not refused:
                            failures.append(f"{task} {variant} {opset}: {error}")
                print(f"| {task} | {variant} | " + " | ".join(row) + " |", flush=True)
    print(f"\n{count - len(failures)} of {count} cells pass; the largest relative difference counts per cell")
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)
