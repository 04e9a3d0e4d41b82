"""Measures onnx-run's speed and memory beside ONNX Runtime's in the same run, and prints a Markdown table.

Full-size DistilBERT base, fp32. Rows:
    load     loading with a warm page cache, reference session: at most 20 ms, RssAnon at most 16 MB over a tiny model's
    start    load_ms + first_ms at 1x32, optimised session: at most 0.5 x ONNX Runtime's
    steady   median at 1x128, 2 threads, both exporters: at most 1.15 x ONNX Runtime's
The two engines take turns, process by process, pinned to the same two cores; each figure is the median over the processes. Exits 1 when a row misses.
Nothing else should run meanwhile: the table says the load of the machine before and after.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from models_for_bench import OPSETS, make

from environment import CACHE, ROOT, TOOLS, enter
from measuring import in_turns, load, machine, pinned
from onnx_run import command_of, parser_of

enter("torch")

LOAD_MS, LOAD_MEGABYTES, START_FACTOR, STEADY_FACTOR = 20, 16, 0.5, 1.15
TINY = ROOT / "Models/distilbert-tiny/base/ts17.onnx"


def exported(exporter: str) -> Path:
    return make(CACHE / "bench", [exporter])[exporter]


def rival(path: Path, length: int, threads: int, runs: int, warmup: int) -> None:
    """ONNX Runtime in a process of its own, measured as `onnx-run bench --json` measures; prints the same keys."""
    import numpy as np
    import onnxruntime  # noqa: F401  its import is not part of loading
    from peers import onnxruntime_engine

    start = time.perf_counter()
    run = onnxruntime_engine(str(path), threads)
    loaded = time.perf_counter()
    random = np.random.default_rng(1)
    times = []
    for _ in range(1 + warmup + runs):
        feeds = {"input_ids": random.integers(0, 30522, (1, length)), "attention_mask": np.ones((1, length), dtype=np.int64)}
        began = time.perf_counter()
        run(feeds)
        times.append((time.perf_counter() - began) * 1000)
    steady = times[1 + warmup :]
    print(json.dumps({"load_ms": (loaded - start) * 1000, "first_ms": times[0], "median_ms": statistics.median(steady or times), "min_ms": min(steady or times)}))


def measure_ours(command: Path, path: Path, length: int, runs: int, warmup: int, *more: str) -> dict:
    shapes = [f"--shape={name}=1x{length}" for name in ("input_ids", "attention_mask")]
    return json.loads(pinned([command, "bench", path, *shapes, "--runs", runs, "--warmup", warmup, "--threads", 2, "--json", *more]))


def measure_rival(path: Path, length: int, runs: int, warmup: int) -> dict:
    return json.loads(pinned([sys.executable, TOOLS / "bench", "session", "--rival", path, "--length", length, "--runs", runs, "--warmup", warmup]))


def resident_anonymous(command: Path, path: Path) -> float:
    """Megabytes of RssAnon once the model is loaded: the command reads its input after loading, so it waits on a pipe that stays empty."""
    process = subprocess.Popen([command, path, "--input", "-", "--session", "reference", "--quiet"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        history = []
        for _ in range(200):
            time.sleep(0.05)
            if process.poll() is not None:
                sys.exit(f"bench: {command.name} ended before its input came: {process.stderr.read().strip()}")
            status = Path(f"/proc/{process.pid}/status").read_text()
            history.append(next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) / 1024)
            if len(history) >= 10 and len(set(history[-10:])) == 1:
                break
        return history[-1]
    finally:
        process.kill()
        process.wait()


class Table:
    def __init__(self) -> None:
        self.missed = 0
        print("| what | onnx-run | ONNX Runtime | ratio | asked | |\n|---|---|---|---|---|---|")

    def add(self, what: str, ours: str, theirs: str, measured: float, asked: float, unit: str) -> None:
        met = measured <= asked
        self.missed += not met
        ratio = f"{measured:.2f} x" if unit == "x" else "-"
        print(f"| {what} | {ours} | {theirs} | {ratio} | at most {asked} {unit} | {'yes' if met else '**no**'} |", flush=True)


def load_rows(table: Table, command: Path, rounds: int) -> None:
    path = exported("torchscript")
    path.read_bytes()
    loads = [measure_ours(command, path, 1, 1, 0, "--session", "reference")["load_ms"] for _ in range(rounds)]
    middle = statistics.median(loads)
    table.add("load, warm page cache, reference session", f"{middle:.1f} ms", "-", middle, LOAD_MS, "ms")
    over = resident_anonymous(command, path) - resident_anonymous(command, TINY)
    table.add("RssAnon once loaded, over that of a tiny model", f"{over:.1f} MB", "-", over, LOAD_MEGABYTES, "MB")


def compare(table: Table, command: Path, exporter: str, what: str, length: int, runs: int, warmup: int, rounds: int, keys: tuple[str, ...], asked: float) -> None:
    path = exported(exporter)
    path.read_bytes()
    jobs = {"ours": lambda: measure_ours(command, path, length, runs, warmup), "theirs": lambda: measure_rival(path, length, runs, warmup)}
    middle = [statistics.median(sum(each[key] for key in keys) for each in taken) for taken in in_turns(jobs, rounds).values()]
    table.add(f"{what}, {exporter}", f"{middle[0]:.1f} ms", f"{middle[1]:.1f} ms", middle[0] / middle[1], asked, "x")


def main(given: list[str]) -> None:
    parser = parser_of("Tools/bench session", __doc__)
    parser.add_argument("--rows", nargs="+", choices=["load", "start", "steady"], default=["load", "start", "steady"])
    parser.add_argument("--exporters", nargs="+", choices=list(OPSETS), default=list(OPSETS))
    parser.add_argument("--rounds", type=int, default=5, help="processes of each engine a row (default 5)")
    parser.add_argument("--runs", type=int, default=30, help="measured runs a process of the steady row (default 30)")
    parser.add_argument("--warmup", type=int, default=10)
    parser.add_argument("--rival", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--length", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args(given)
    if arguments.rival:
        return rival(arguments.rival, arguments.length, 2, arguments.runs, arguments.warmup)
    command = command_of(arguments)

    before = load()
    table = Table()
    if "load" in arguments.rows:
        load_rows(table, command, arguments.rounds)
    for exporter in arguments.exporters:
        if "start" in arguments.rows:
            compare(table, command, exporter, "load + first run, 1x32, optimised session", 32, 1, 0, arguments.rounds, ("load_ms", "first_ms"), START_FACTOR)
        if "steady" in arguments.rows:
            compare(table, command, exporter, "median, 1x128, 2 threads", 128, arguments.runs, arguments.warmup, arguments.rounds, ("median_ms",), STEADY_FACTOR)
    print(f"\n{machine(before)}")
    sys.exit(1 if table.missed else 0)
