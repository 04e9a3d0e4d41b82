"""Measures the tokenizer's speed beside the `tokenizers` package and nanotoken on the same lines, cold and warm.

4 MB of real text (documentation strings of Python's library and of the environment's packages, or --text FILE), bert-base-uncased's vocabulary, 2 threads.
Each engine runs in a process of its own, in turns: the first call is the cold figure, the fastest of the later ones the warm
one; the medians over the processes count. Loading is left out. Rows:
    ids        at least 30 x tokenizers' encode_batch_fast cold; no slower than nanotoken's encode_batch, cold and warm
    offsets    ids with offsets and all else: at least 30 x tokenizers' encode_batch cold
    linear     texts made to take long (hostile inputs, case 93), 1 MB and 2 MB as one line each: at most 3 x the time for twice the length
Lines whose ids differ from the package's are counted, for nanotoken and for ours. Exits 1 when a row misses or an id of ours differs.
"""

import argparse
import json
import os
import statistics
import sys
import sysconfig
import time
from pathlib import Path

from environment import CACHE, ROOT, TOOLS, enter
from measuring import in_turns, load, machine, pinned
from onnx_run import command_of, parser_of

enter("tokenizers-bench")

import nanotoken  # noqa: E402
from real_text import lines as real_lines  # noqa: E402
from tokenizer_cases import SETTINGS, read_vocabulary, tokenizer  # noqa: E402

VOCABULARY = ROOT / "Models/tokenizers/vocab.txt"
FACTOR = 30
# Case 93: one word without end, punctuation, marks that are put in order, the beginning of an added token, letters that decompose.
UNITS = {"a": "a", "underscore": "_", "caret": "^", "mark": "\u0301", "spacing mark": "\u302e", "unfinished [MASK]": "[MASK", "Hangul": "가", "note": "\U0001d15e\U0001d172", "é": "é"}
LINEAR = 3


def package():
    return tokenizer(read_vocabulary(VOCABULARY), SETTINGS[0])


def rival(name: str, path: Path, runs: int) -> None:
    """One engine in this process: prints the times of its calls in milliseconds."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    if name == "nanotoken":
        made = nanotoken.Tokenizer.from_vocab(VOCABULARY)
        call = lambda: made.encode_batch(lines)  # noqa: E731
    else:
        made = package()
        call = (lambda: made.encode_batch(lines)) if name == "tokenizers" else (lambda: made.encode_batch_fast(lines))
    times = []
    for _ in range(1 + runs):
        began = time.perf_counter()
        result = call()
        times.append((time.perf_counter() - began) * 1000)
        del result
    print(json.dumps({"first_ms": times[0], "min_ms": min(times[1:], default=times[0])}))


def fed(line: list, stdin: Path) -> str:
    environment = {**os.environ, "RAYON_NUM_THREADS": "2", "TOKENIZERS_PARALLELISM": "true"}
    with open(stdin, "rb") as text:
        return pinned(line, stdin=text, env=environment)


def measure(command: Path, path: Path, rounds: int, runs: int) -> dict[str, dict[str, float]]:
    """The median over the processes of each engine's cold and warm time."""
    ours = [command, "tokenize", VOCABULARY, "--bench", "--runs", runs, "--threads", 2]
    theirs = [TOOLS / "bench", "tokenizer", "--file", path, "--rival"]
    engines = {
        "onnx-run": ours,
        "nanotoken": [sys.executable, *theirs, "nanotoken", "--runs", runs],
        "tokenizers, ids": [sys.executable, *theirs, "tokenizers-fast", "--runs", 1],
        "onnx-run, offsets": [*ours, "--offsets"],
        "tokenizers": [sys.executable, *theirs, "tokenizers", "--runs", 1],
    }
    taken = in_turns({name: lambda line=line: json.loads(fed(line, path)) for name, line in engines.items()}, rounds)
    return {name: {key: statistics.median(each[key] for each in found) for key in ("first_ms", "min_ms")} for name, found in taken.items()}


def mismatches(command: Path, path: Path) -> dict[str, int]:
    """Lines whose ids are not those of the package."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    wanted = [each.ids for each in package().encode_batch_fast(lines)]
    ours = [json.loads(line)["input_ids"] for line in fed([command, "tokenize", VOCABULARY, "--lines"], path).splitlines()]
    rows = nanotoken.Tokenizer.from_vocab(VOCABULARY).encode_batch(lines).to_list()
    count = lambda found: sum(a != b for a, b in zip(found, wanted, strict=True))  # noqa: E731
    return {"onnx-run": count(ours), "nanotoken": count(rows)}


def linear_rows(command: Path) -> list[tuple[str, float]]:
    """How many times as long 2 MB of each unit take as 1 MB."""
    path, rows = CACHE / "tokenizer-long.txt", []
    for name, unit in UNITS.items():
        times = []
        for size in (1_000_000, 2_000_000):
            path.write_text(unit * (size // len(unit.encode())), encoding="utf-8")
            times.append(json.loads(fed([command, "tokenize", VOCABULARY, "--bench", "--offsets", "--runs", 9], path))["min_ms"])
        rows.append((name, times[1] / times[0]))
    path.unlink()
    return rows


def main(arguments: list[str]) -> None:
    parser = parser_of("Tools/bench tokenizer", __doc__)
    parser.add_argument("--text", type=Path, help="lines to measure on, in UTF-8, instead of the made 4 MB")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="processes of each engine (default 5)")
    parser.add_argument("--runs", type=int, default=20, help="calls after the first, in a process (default 20)")
    parser.add_argument("--rival", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.rival:
        return rival(options.rival, options.file, options.runs)
    command = command_of(options)
    path = options.text
    if path is None:
        path = CACHE / f"tokenizer-lines-{options.seed}.txt"
        folders = [Path(sysconfig.get_paths()[name]) for name in ("stdlib", "purelib")]
        path.write_text("\n".join(real_lines(folders, 4_000_000, options.seed)) + "\n", encoding="utf-8", errors="replace")

    before = load()
    times = measure(command, path, options.rounds, options.runs)
    differ = mismatches(command, path)
    print(f"{path.stat().st_size / 1e6:.1f} MB, {path.read_bytes().count(10)} lines\n\n| engine | cold | warm | lines with other ids |\n|---|---|---|---|")
    for name, each in times.items():
        print(f"| {name} | {each['first_ms']:.1f} ms | {each['min_ms']:.1f} ms | {differ.get(name, '-')} |")
    rows = [
        ("ids, cold, beside tokenizers' encode_batch_fast", times["tokenizers, ids"]["first_ms"] / times["onnx-run"]["first_ms"], FACTOR),
        ("ids, cold, beside nanotoken", times["nanotoken"]["first_ms"] / times["onnx-run"]["first_ms"], 1),
        ("ids, warm, beside nanotoken", times["nanotoken"]["min_ms"] / times["onnx-run"]["min_ms"], 1),
        ("offsets, cold, beside tokenizers' encode_batch", times["tokenizers"]["first_ms"] / times["onnx-run, offsets"]["first_ms"], FACTOR),
    ]
    print("\n| what | times as fast | asked | |\n|---|---|---|---|")
    for what, factor, asked in rows:
        print(f"| {what} | {factor:.2f} x | at least {asked} x | {'yes' if factor >= asked else '**no**'} |")
    linear = linear_rows(command)
    worst = max(linear, key=lambda row: row[1])
    print(f"| linear: 2 MB beside 1 MB of {len(linear)} texts, worst '{worst[0]}' | {worst[1]:.2f} x | at most {LINEAR} x | {'yes' if worst[1] <= LINEAR else '**no**'} |")
    print(f"\n{machine(before)}")
    sys.exit(1 if differ["onnx-run"] or any(factor < asked for _, factor, asked in rows) or worst[1] > LINEAR else 0)
