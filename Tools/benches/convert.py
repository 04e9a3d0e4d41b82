"""Measures onnx-run convert on a full-size DistilBERT of 265 MB beside copying its file, and prints a Markdown table.

Rows, each figure the median of the rounds, the two taken in turns, every file on the disk before and after:
    time     safetensors to native: at most 2 x the time of copying the file with fsync
    memory   the most anonymous memory meanwhile: at most 64 MB over that of a tiny model's conversion
    verify   onnx-run check --verify, for comparison
    swift    building the package that convert --to swift writes: at most 60 s
The weights are lively and made once. Exits 1 when a row misses.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from environment import CACHE, ROOT, enter
from measuring import load
from onnx_run import command_of, parser_of

enter("torch")

TIME_FACTOR, MEGABYTES, SECONDS = 2.0, 64, 60
TINY = ROOT / "Models/family/base"


def made() -> Path:
    """The folder with the checkpoint."""
    folder = CACHE / "bench" / "distilbert-265mb"
    if not (folder / "config.json").exists():
        import distilbert

        distilbert.make("base", "sdpa", seed=7, widen=1.7).save_pretrained(folder)
    return folder


def copied(source: Path, target: Path) -> float:
    """Seconds to copy a file and sync it, as one that wants it to last does it."""
    begun = time.perf_counter()
    with open(source, "rb") as read, open(target, "wb") as written:
        while os.copy_file_range(read.fileno(), written.fileno(), 1 << 30):
            pass
        os.fsync(written.fileno())
    taken = time.perf_counter() - begun
    target.unlink()
    os.sync()
    return taken


def converted(command: Path, source: Path, target: Path, form: str = "native") -> tuple[float, float]:
    """Seconds and the most anonymous memory in MB of a conversion."""
    begun = time.perf_counter()
    child = subprocess.Popen([command, "convert", source, "--to", form, "-o", target], stdout=subprocess.DEVNULL)
    most = 0
    while child.poll() is None:
        try:
            status = Path(f"/proc/{child.pid}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            break
        lines = [line for line in status.splitlines() if line.startswith("RssAnon:")]
        most = max([most] + [int(line.split()[1]) for line in lines])
        time.sleep(0.002)
    taken = time.perf_counter() - begun
    if child.wait() != 0:
        sys.exit(f"convert: onnx-run ended with {child.returncode}")
    os.sync()
    return taken, most / 1000


def swift_seconds(command: Path, source: Path, scratch: Path) -> float:
    package = scratch / "BenchWeights"
    converted(command, source, package, "swift")
    begun = time.perf_counter()
    subprocess.run(["swift", "build", "--package-path", package, "--scratch-path", scratch / "build"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main(arguments: list[str]) -> None:
    parser = parser_of("Tools/bench convert", __doc__)
    parser.add_argument("--rounds", type=int, default=7, help="rounds (default 7)")
    parser.add_argument("--no-swift", action="store_true", help="leave out the build of the Swift package")
    asked = parser.parse_args(arguments)
    command, source = command_of(asked), made()
    weights = source / "model.safetensors"
    scratch = CACHE / "bench" / "converting"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    target = scratch / "native.safetensors"
    copies, conversions, memory, floor, checks = [], [], [], [], []
    weights.read_bytes()
    os.sync()
    for _ in range(asked.rounds):
        copies.append(copied(weights, scratch / "copy"))
        seconds, megabytes = converted(command, source, target)
        conversions.append(seconds)
        memory.append(megabytes)
        begun = time.perf_counter()
        subprocess.run([command, "check", "--verify", target], check=True, stdout=subprocess.DEVNULL)
        checks.append(time.perf_counter() - begun)
        target.unlink()
        floor.append(converted(command, TINY, target)[1])
        target.unlink()
    rows = []
    copy, conversion = statistics.median(copies), statistics.median(conversions)
    rows.append(("time", f"{conversion:.3f} s", f"{copy:.3f} s to copy: {conversion / copy:.2f} x", f"≤ {TIME_FACTOR:g} x", conversion <= TIME_FACTOR * copy))
    over = statistics.median(memory) - statistics.median(floor)
    rows.append(("memory", f"{statistics.median(memory):.1f} MB", f"{statistics.median(floor):.1f} MB for a tiny model", f"≤ {MEGABYTES} MB over", over <= MEGABYTES))
    rows.append(("verify", f"{statistics.median(checks):.3f} s", "", "", True))
    if not asked.no_swift:
        seconds = swift_seconds(command, source, scratch)
        rows.append(("swift", f"{seconds:.1f} s", "", f"≤ {SECONDS} s", seconds <= SECONDS))
    shutil.rmtree(scratch)
    print(f"{weights.stat().st_size / 1e6:.0f} MB, {asked.rounds} rounds, load {load():.1f}\n")
    print("| row | measured | beside | asked | |\n|---|---|---|---|---|")
    for name, measured, beside, asked_for, holds in rows:
        print(f"| {name} | {measured} | {beside} | {asked_for} | {'ok' if holds else 'MISSED'} |")
    sys.exit(0 if all(row[-1] for row in rows) else 1)
