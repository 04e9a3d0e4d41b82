"""Measures DistilBERT-base on onnx-run, ONNX Runtime, OpenVINO and CTranslate2 in turns, and prints a Markdown table and a picture.

Rows, on two cores and the same input files:
    latency     each precision at 1x8, 1x32, 1x128, 1x384 and 8x128, both exporters' files for fp32; the best of the peers divided by ours
    classifier  sequence classification at 1x128
    unequal     64 sentences of 8 to 128 tokens in one padded batch: classifier, and base model with --padding skip
    start       process start to first result at 1x32 from the native file, the peer less its interpreter's own start
    memory      peak resident memory at 1x128
    peak        what the linear layers reach at 8x128, of the limit that onnx-run bench measures beside it
    bert        BERT-base beside DistilBERT-base in onnx-run
Every process is one engine on one file, pinned; the engines take turns; a figure is the median over the processes. Outputs are checked in the same run.
Nothing else should run meanwhile: the table says the load of the machine before and after. Exits 1 when a row misses.
"""

import json
import math
import statistics
import subprocess
import sys
import time
from pathlib import Path

from environment import CACHE, TOOLS, enter
from measuring import in_turns, load, machine, pinned
from onnx_run import command_of, parser_of

enter("torch")

import numpy as np  # noqa: E402
from ratios_picture import Panel, Ratio, draw  # noqa: E402

KEPT = CACHE / "bench"
SHAPES = ["1x8", "1x32", "1x128", "1x384", "8x128"]
ROWS = ["latency", "classifier", "unequal", "start", "memory", "peak", "bert"]
PANELS = {
    "fp32": Panel("Speed of DistilBERT-base, fp32", "the better of ONNX Runtime and OpenVINO f32, beside our slower file", 0),
    "bf16": Panel("Speed of DistilBERT-base, bf16", "OpenVINO bf16", 0),
    "int8": Panel("Speed of DistilBERT-base, int8", "the better of ONNX Runtime (quantize_dynamic) and CTranslate2 int8", 0),
    "quantized": Panel("Speed of the export of quantize_dynamic", "ONNX Runtime on the same file", 0),
    "unequal": Panel("Speed on 64 sentences of 8 to 128 tokens, mean 40", "ONNX Runtime (fp32), OpenVINO (bf16)", 1),
    "classifier": Panel("Speed of sequence classification", "ONNX Runtime", 1),
    "start": Panel("Speed from process start to first result", "ONNX Runtime, the interpreter's own start left out", 1),
    "memory": Panel("Peak resident memory, 1 x 128: less is better", "ONNX Runtime fp32", 1),
    "peak": Panel("Share of the limit, linear layers, 8 x 128", "what the machine can do on registers alone", 1),
    "bert": Panel("Time of BERT-base, 1 x 128", "DistilBERT-base (its paper: 1.6)", 1),
}
# precision: peers, what is asked of the geometric mean and of each shape, and the least cosine of a token with fp32.
LATENCY = {
    "fp32": (["onnxruntime", "openvino-f32"], 1.20, 1.08, 0.99999),
    "bf16": (["openvino-bf16"], 1.15, 1.00, 0.99),
    "int8": (["onnxruntime-dynamic", "ctranslate2-int8"], 1.5, 1.3, 0.9),
    "quantized": (["onnxruntime-dynamic"], 1.15, None, 0.95),
}


def files() -> dict[str, Path]:
    """The models, made once: both exports, the classifier, the dynamically quantised twin, the native file's source and CTranslate2's folder."""
    import models_for_bench

    return models_for_bench.make(KEPT)


class Engines:
    """Runs ours and the peers on a model and an input file, each in a process pinned to the same cores."""

    def __init__(self, command: Path, rounds: int, runs: int, warmup: int) -> None:
        self.command, self.rounds, self.runs, self.warmup = command, rounds, runs, warmup
        self.models = files()
        self.others = subprocess.run([TOOLS / "python-env", "ctranslate2"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def ours(self, model: Path, inputs: Path, *more: str) -> dict:
        line = [self.command, "bench", model, "--input", inputs, "--runs", self.runs, "--warmup", self.warmup, "--threads", 2, "--json", *more]
        return json.loads(pinned(line))

    def peer(self, engine: str, model: Path, inputs: Path, *more: str) -> dict:
        name, model = ("onnxruntime", self.models["quantized"]) if engine == "onnxruntime-dynamic" else (engine, model)
        python = self.others if engine.startswith("ctranslate2") else sys.executable
        model = self.models["ctranslate2"] if engine.startswith("ctranslate2") else model
        return json.loads(pinned([python, TOOLS / "peers.py", name, model, inputs, "--runs", self.runs, "--warmup", self.warmup, *more]))

    def in_turns(self, jobs: dict[str, callable], key: str) -> dict[str, float]:
        return {name: statistics.median(each[key] for each in found) for name, found in in_turns(jobs, self.rounds).items()}

    def cosine(self, ours: tuple, peer: tuple) -> float:
        """The least cosine between our and the peer's vectors along the last axis, over tokens that are not padding."""
        (model, inputs, more), (engine, other) = ours, peer
        mine, theirs = KEPT / "ours.npz", KEPT / "theirs.npz"
        pinned([self.command, model, "--input", inputs, "--output", mine, "--quiet", *more])
        self.peer(engine, other, inputs, "--runs", "0", "--warmup", "0", "--output", theirs)
        a, b = (next(iter(np.load(each).values())).astype(np.float64) for each in (mine, theirs))
        if a.ndim == 3:
            kept = np.load(inputs)["attention_mask"].astype(bool)
            a, b = a[kept], b[kept]
        return float(np.min(np.sum(a * b, -1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))))


def inputs_of(shape: str, lengths: list[int] | None = None) -> Path:
    """Ids and a mask; with lengths, padded on the right."""
    path = KEPT / f"ids-{shape}{'-unequal' if lengths else ''}.npz"
    rows, columns = (int(each) for each in shape.split("x"))
    random = np.random.default_rng(rows * 1000 + columns)
    ids, mask = random.integers(1000, 30000, (rows, columns)), np.ones((rows, columns), dtype=np.int64)
    for row, length in enumerate(lengths or []):
        ids[row, length:], mask[row, length:] = 0, 0
    np.savez(path, input_ids=ids, attention_mask=mask)
    return path


def short(milliseconds: float) -> str:
    return f"{milliseconds:.0f}" if milliseconds >= 100 else f"{milliseconds:.1f}" if milliseconds >= 10 else f"{milliseconds:.2f}"


class Table:
    def __init__(self) -> None:
        self.ratios: list[Ratio] = []
        print("| what | onnx-run | peers | ratio | asked | |\n|---|---|---|---|---|---|", flush=True)

    def add(self, row: str, label: str, ours: str, peers: str, ratio: float, asked: float | None, *, most: bool = False, note: str = "", figures: str = "") -> None:
        """A row of the table, and a bar with its `label` in the row's panel of the picture."""
        made = Ratio(PANELS[row], label, ratio, asked, most, figures)
        self.ratios.append(made)
        wish = "" if asked is None else f"{'at most' if most else 'at least'} {asked}"
        print(f"| {row} {label} | {ours} | {peers} | {ratio:.2f} | {wish} | {'' if asked is None else 'yes' if made.met else '**no**'}{note} |", flush=True)

    def milliseconds(self, row: str, label: str, taken: dict[str, float], asked: float | None, note: str = "") -> float:
        ours, theirs = taken["ours"], {name: each for name, each in taken.items() if name != "ours"}
        best = min(theirs.values())
        peers = ", ".join(f"{name} {each:.2f} ms" for name, each in theirs.items())
        self.add(row, label, f"{ours:.2f} ms", peers, best / ours, asked, note=note, figures=f"{short(ours)} and {short(best)} ms")
        return best / ours


def latency_rows(table: Table, engines: Engines, precisions: list[str], shapes: list[str]) -> None:
    for precision in precisions:
        peers, mean, least, cosine = LATENCY[precision]
        models = {"quantized": ["quantized"], "fp32": ["torchscript", "dynamo"]}.get(precision, ["torchscript"])
        more = () if precision in ("fp32", "quantized") else ("--precision", precision)
        ratios = []
        for shape in shapes:
            inputs = inputs_of(shape)
            jobs = {f"ours {each}": lambda each=each: engines.ours(engines.models[each], inputs, *more) for each in models}
            for peer in peers:
                for each in models:
                    jobs[f"{peer} {each}"] = lambda peer=peer, each=each: engines.peer(peer, engines.models[each], inputs)
            taken = engines.in_turns(jobs, "median_ms")
            # The slower of our two files against the best of the peers on either.
            best = {"ours": max(each for name, each in taken.items() if name.startswith("ours"))}
            best |= {peer: min(each for name, each in taken.items() if name.startswith(f"{peer} ")) for peer in peers}
            alike = engines.cosine((engines.models[models[0]], inputs, more), ("onnxruntime", engines.models["quantized" if precision == "quantized" else "torchscript"]))
            if alike < cosine:
                sys.exit(f"bench: {precision} {shape}: the least cosine of a token with ONNX Runtime is {alike:.6f}, below {cosine}: nothing is measured of wrong results")
            ratios.append(table.milliseconds(precision, shape.replace("x", " x "), best, least, f" (cosine {alike:.6f})"))
        if len(ratios) > 1:
            table.add(precision, "geometric mean", "", "", math.prod(ratios) ** (1 / len(ratios)), mean)


def classifier_row(table: Table, engines: Engines) -> None:
    model, inputs = engines.models["classifier"], inputs_of("1x128")
    taken = engines.in_turns({"ours": lambda: engines.ours(model, inputs), "onnxruntime": lambda: engines.peer("onnxruntime", model, inputs)}, "median_ms")
    table.milliseconds("classifier", "1 x 128, fp32", taken, 1.3)


def unequal_lengths(count: int, least: int, mean: int, most: int) -> np.ndarray:
    """As sentences are: many short, few long; with exactly this least, mean and greatest length."""
    random = np.random.default_rng(count)
    lengths = np.clip(np.round(least + random.gamma(1.6, (mean - least) / 1.6, count)), least, most).astype(int)
    lengths[0], lengths[1] = most, least
    while over := lengths.sum() - count * mean:
        row = random.integers(2, count)
        lengths[row] = np.clip(lengths[row] - np.sign(over), least, most)
    return lengths


def unequal_rows(table: Table, engines: Engines) -> None:
    lengths = unequal_lengths(64, 8, 40, 128)
    inputs = inputs_of("64x128", lengths.tolist())
    ratio = 64 * 128 / lengths.sum()
    for model, more in (("classifier", ()), ("torchscript", ("--padding", "skip"))):
        for precision, peer in (("fp32", "onnxruntime"), ("bf16", "openvino-bf16")):
            path, extra = engines.models[model], (*more, *(() if precision == "fp32" else ("--precision", precision)))
            taken = engines.in_turns({"ours": lambda: engines.ours(path, inputs, *extra), peer: lambda: engines.peer(peer, path, inputs)}, "median_ms")
            label = f"{'classifier' if model == 'classifier' else 'base, skip'}, {precision}"
            table.milliseconds("unequal", label, taken, 3.0, f" (mean {lengths.mean():.1f} tokens, padded/real {ratio:.2f})")


def start_row(table: Table, engines: Engines) -> None:
    native, inputs = engines.models["native"], inputs_of("1x32")
    # Made anew by the command under test: its layouts, and a warm page cache as that command leaves it.
    pinned([engines.command, "convert", engines.models["folder"], "--to", "native", "--pack", "fp32", "--overwrite", "-o", native])

    def wall(line: list) -> dict:
        began = time.perf_counter()
        pinned(line)
        return {"ms": (time.perf_counter() - began) * 1000}

    session = "import sys, numpy, onnxruntime as o; s = o.InferenceSession(sys.argv[1]); s.run(None, dict(numpy.load(sys.argv[2])))"
    taken = engines.in_turns({
        "ours": lambda: wall([engines.command, native, "--input", inputs, "--output", KEPT / "first.npz", "--quiet"]),
        "onnxruntime": lambda: wall([sys.executable, "-c", session, engines.models["torchscript"], inputs]),
        "python": lambda: wall([sys.executable, "-c", "pass"]),
    }, "ms")
    table.milliseconds("start", "native, 1 x 32", {"ours": taken["ours"], "onnxruntime": taken["onnxruntime"] - taken["python"]}, 12)


def memory_rows(table: Table, engines: Engines) -> None:
    model, inputs = engines.models["torchscript"], inputs_of("1x128")
    jobs = {precision: lambda more=more: engines.ours(model, inputs, *more) for precision, more in {"fp32": (), "bf16": ("--precision", "bf16")}.items()}
    taken = engines.in_turns(jobs | {"onnxruntime": lambda: engines.peer("onnxruntime", model, inputs)}, "peak_bytes")
    for precision, asked in (("fp32", 0.65), ("bf16", 0.4)):
        sizes = [f"{taken[each] / 1e6:.0f} MB" for each in (precision, "onnxruntime")]
        share = taken[precision] / taken["onnxruntime"]
        table.add("memory", precision, sizes[0], f"onnxruntime fp32 {sizes[1]}", share, asked, most=True, figures=" and ".join(sizes))


def peak_rows(table: Table, engines: Engines) -> None:
    for precision, asked in {"fp32": 0.90, "bf16": 0.88, "int8": 0.75}.items():
        found = engines.ours(engines.models["torchscript"], inputs_of("8x128"), "--precision", precision)
        linear = next(each for each in found["operators"] if each["operator"] == "swift.onnx.Linear")
        reached, limit = linear["gigaflops_per_s"], found["limits"][f"{precision}_gigaflops_per_s"]
        figures = f"{reached:.0f} of {limit:.0f} Gop/s"
        table.add("peak", precision, f"{reached:.0f} Gop/s", f"limit {limit:.0f}", linear["share_of_peak_compute"], asked, figures=figures)


def bert_row(table: Table, engines: Engines) -> None:
    inputs = inputs_of("1x128")
    taken = engines.in_turns({name: lambda name=name: engines.ours(engines.models[name], inputs) for name in ("torchscript", "bert")}, "median_ms")
    ours, bert = taken["torchscript"], taken["bert"]
    table.add("bert", "fp32", f"{ours:.2f} ms", f"BERT-base {bert:.2f} ms", bert / ours, None, figures=f"{short(bert)} and {short(ours)} ms")


def main(given: list[str]) -> None:
    parser = parser_of("Tools/bench encoders", __doc__)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS)
    parser.add_argument("--precisions", nargs="+", choices=list(LATENCY), default=list(LATENCY))
    parser.add_argument("--shapes", nargs="+", default=SHAPES)
    parser.add_argument("--rounds", type=int, default=3, help="processes of each engine a row (default 3)")
    parser.add_argument("--runs", type=int, default=15, help="measured runs a process (default 15)")
    parser.add_argument("--warmup", type=int, default=4)
    parser.add_argument("--picture", type=Path, help="write the ratios as an SVG picture")
    arguments = parser.parse_args(given)
    command = command_of(arguments)

    before = load()
    engines, table = Engines(command, arguments.rounds, arguments.runs, arguments.warmup), Table()
    if "latency" in arguments.rows:
        latency_rows(table, engines, arguments.precisions, arguments.shapes)
    others = {"classifier": classifier_row, "unequal": unequal_rows, "start": start_row, "memory": memory_rows, "peak": peak_rows, "bert": bert_row}
    for name, row in others.items():
        if name in arguments.rows:
            row(table, engines)
    print(f"\n{machine(before)}")
    if arguments.picture:
        arguments.picture.write_text(draw(table.ratios))
    sys.exit(0 if all(each.met for each in table.ratios) else 1)
