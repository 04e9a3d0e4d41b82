"""Compares every head of DistilBERT, from checkpoint to loss, with PyTorch in float64, and asks to be as near as PyTorch in float32 is.

Full-size models with lively weights, saved by transformers 5, converted by `onnx-run convert --to native`, run on 1x8, 3x29 padded right, 3x29 with holes and
4x37 padded left, six times the rows for the heads that answer a few numbers a row. A row is a head x a kind x a quantity, its error the largest of all inputs:
    sdpa         what the head gives, as transformers 5 runs it by default
    eager        loss, what the head gives, hidden states and attentions, transformers 5
    head_mask    what the head gives, hidden states and attentions under a head mask, transformers 4.46 (5 has none)
    twin         as eager, by the TensorFlow twins' semantics; what is beaten is the twin's own error, and the twin's loss is what a loss is compared with
Asked: an error at most 1.5 x PyTorch's (the twin's) own in float32; for a loss a relative error of at most 1e-5 (for losses of
single examples, of their mean). Exits 1 when a row misses.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from environment import TOOLS, enter
from onnx_run import command_of, parser_of

enter("torch")

import numpy as np  # noqa: E402

TASKS = ("base", "fill-mask", "text-classification", "question-answering", "token-classification", "multiple-choice")
# kind → the environment of its reference, and what the graph is asked for
KINDS = {
    "sdpa": ("torch", []),
    "eager": ("torch", ["--outputs", "hidden_states,attentions", "--inputs", "labels"]),
    "head_mask": ("torch-legacy", ["--outputs", "hidden_states,attentions", "--inputs", "head_mask"]),
    "twin": ("tensorflow", ["--outputs", "hidden_states,attentions", "--inputs", "labels", "--semantics", "tensorflow"]),
}
VOCABULARY, LABELS, LAYERS, HEADS = 30_522, {"fill-mask": 30_522, "text-classification": 3, "token-classification": 9, "multiple-choice": 2}, 6, 12
SHAPES = {"1x8": "ones", "3x29": "right", "3x29 holes": "holes", "4x37": "left"}
# Heads that answer a few numbers a row get more rows: the largest of a few errors is luck, theirs as much as ours.
POOLED, MORE = ("text-classification", "multiple-choice"), 6
FACTOR, LOSS_LIMIT = 1.5, 1e-5


def groups_of(task: str, kind: str) -> dict[str, dict[str, np.ndarray]]:
    made = {}
    for group, mask in SHAPES.items():
        rows, length = (int(each) for each in group.split()[0].split("x"))
        rows *= MORE if task in POOLED else 1
        random = np.random.default_rng(rows * 100 + length)
        shape = (rows, 2, length) if task == "multiple-choice" else (rows, length)
        kept = np.ones(shape, dtype=np.int64)
        flat = kept.reshape(-1, length)
        for row in flat:
            cut = int(random.integers(1, length))
            if mask == "right":
                row[cut:] = 0
            elif mask == "left":
                row[: length - cut] = 0
            elif mask == "holes":
                row[:] = random.integers(0, 2, length)
                row[cut] = 1
        feeds = {"input_ids": random.integers(1, VOCABULARY, shape), "attention_mask": kept}
        if kind == "head_mask":
            feeds["head_mask"] = random.integers(0, 5, (LAYERS, HEADS)).astype(np.float32) / 4
        if kind in ("eager", "twin"):
            feeds |= labels_of(task, random, rows, length, isTwin=kind == "twin")
        made[group] = feeds
    return made


def labels_of(task: str, random, rows: int, length: int, isTwin: bool) -> dict[str, np.ndarray]:
    if task == "base":
        return {}
    if task == "question-answering":
        # A twin doesn't clamp, and a position outside is an error.
        low, high = (0, length) if isTwin else (-2, length + 3)
        made = {name: random.integers(low, high, rows) for name in ("start_positions", "end_positions")}
        # Where no position counts the loss is no number.
        return {name: np.concatenate([np.clip(each[:1], 0, length - 1), each[1:]]) for name, each in made.items()}
    if task in ("fill-mask", "token-classification"):
        labels = random.integers(0, LABELS[task], (rows, length))
        labels[random.random(labels.shape) < 0.4] = -100
        return {"labels": labels}
    return {"labels": random.integers(0, LABELS[task], rows)}


def quantity(name: str) -> str:
    return re.sub(r"\.\d+$", "", name).replace("start_", "").replace("end_", "").replace("last_hidden_state", "hidden_states")


def run(command: list) -> None:
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"parity family: {' '.join(str(each) for each in command)}: {done.stderr.strip()[-800:]}")


def reference(environment: str, arguments: list) -> None:
    made = subprocess.run([TOOLS / "python-env", environment], stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        sys.exit(made.returncode)
    run([made.stdout.strip(), TOOLS / "family_reference.py", *arguments])


def ours(command: Path, model: Path, groups: dict, folder: Path) -> dict[str, np.ndarray]:
    results = {}
    for group, feeds in groups.items():
        np.savez(folder / "feeds.npz", **feeds)
        run([command, model, "--input", folder / "feeds.npz", "--output", folder / "ours.npz", "--quiet"])
        results |= {f"{group}/{name}": value for name, value in np.load(folder / "ours.npz").items()}
    return results


def answers(kind: str, task: str, checkpoint: Path, groups: dict, folder: Path) -> dict[str, np.ndarray]:
    np.savez(folder / "groups.npz", **{f"{group}/{name}": value for group, feeds in groups.items() for name, value in feeds.items()})
    reference(KINDS[kind][0], [{"head_mask": "masked"}.get(kind, kind), task, checkpoint, folder / "groups.npz", folder / "answers.npz"])
    made = dict(np.load(folder / "answers.npz"))
    if kind == "twin":
        # Its outputs are those of PyTorch's eager attention in exact arithmetic; its losses are its own.
        reference("torch", ["eager", task, checkpoint, folder / "groups.npz", folder / "answers.npz"])
        made |= {name: value for name, value in np.load(folder / "answers.npz").items() if name.startswith("f64/") and not name.endswith("/loss")}
        made |= {name.replace("f32/", "f64/"): value for name, value in made.items() if name.endswith("/loss")}
    return made


def rows(mine: dict[str, np.ndarray], theirs: dict[str, np.ndarray]):
    """Quantities with our largest error and that of the reference's own float32; losses relative."""
    worst: dict[str, list[float]] = {}
    for name, value in mine.items():
        exact, single = theirs[f"f64/{name}"], theirs[f"f32/{name}"]
        if name.endswith("/loss") and value.shape == exact.shape:
            # A twin's losses of single examples may be as small as one likes; their mean is what the others answer.
            value, exact, single = (np.mean(each, dtype=np.float64) for each in (value, exact, single))
        if value.shape != exact.shape:
            raise SystemExit(f"parity family: {name} is {value.shape}, {exact.shape} expected")
        scale = np.abs(exact) if name.endswith("/loss") else 1.0
        errors = [float(np.max(np.abs(each.astype(np.float64) - exact) / scale)) for each in (value, single)]
        known = worst.setdefault(quantity(name.split("/")[1]), [0.0, 0.0])
        worst[quantity(name.split("/")[1])] = [max(pair) if not any(np.isnan(pair)) else float("nan") for pair in zip(known, errors)]
    return worst.items()


def main(arguments: list[str]) -> None:
    parser = parser_of("Tools/parity family", __doc__)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    options = parser.parse_args(arguments)
    command = command_of(options)
    missed = count = 0
    print("| head | kind | quantity | error | its own in float32 | asked at most | |\n|---|---|---|---|---|---|---|")
    for task in options.tasks:
        folder = Path(tempfile.mkdtemp(prefix="parity-family-"))
        try:
            reference("torch", ["make", task, folder / "checkpoint"])
            for kind in options.kinds:
                groups = groups_of(task, kind)
                asked = [each for each in KINDS[kind][1] if task != "base" or each != "labels"]
                asked = [each for index, each in enumerate(asked) if each != "--inputs" or index + 1 < len(asked) and not asked[index + 1].startswith("--")]
                run([command, "convert", folder / "checkpoint", "--to", "native", "-o", folder / "model.safetensors", "--overwrite", "--quiet", *asked])
                theirs = answers(kind, task, folder / "checkpoint", groups, folder)
                for name, (error, own) in rows(ours(command, folder / "model.safetensors", groups, folder), theirs):
                    limit = LOSS_LIMIT if name == "loss" else FACTOR * own
                    good = error <= limit
                    count, missed = count + 1, missed + (not good)
                    print(f"| {task} | {kind} | {name} | {error:.2e} | {own:.2e} | {limit:.2e} | {'' if good else 'MISSED'} |", flush=True)
        finally:
            shutil.rmtree(folder)
    print(f"\n{count - missed} of {count} rows keep what is asked")
    sys.exit(1 if missed else 0)
