"""Compares the tokenizer with the `tokenizers` package on texts from a seed: ids, offsets, words, windows, decoded text.

The texts: words and real sentences, twenty scripts, emoji, marks, random Unicode, pairs, truncation with stride. The package's
answers go to a file in the cache, which TokenizersTests (built in release) reads. Exit code 0 means no difference.
"""

import argparse
import os
import subprocess
import sys

from environment import CACHE, ROOT, TOOLS


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="Tools/parity tokenizer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--longest", type=int, default=12, help="words of a text, at most (default 12)")
    options = parser.parse_args(arguments)
    CACHE.mkdir(exist_ok=True)
    cases = CACHE / f"tokenizer-cases-{options.seed}.jsonl"
    numbers = [f"--{name}={getattr(options, name)}" for name in ("seed", "count", "longest")]
    # Where truncation is impossible the crate panics and says so on standard error.
    subprocess.run([TOOLS / "fixtures-tokenizers", "--out", cases, *numbers], check=True, stderr=subprocess.DEVNULL)
    environment = {**os.environ, "SWIFT_ONNX_TOKENIZER_CASES": str(cases)}
    test = ["swift", "test", "-c", "release", "--disable-testable-imports", "--filter", "TokenizersTests.ParityTests"]
    code = subprocess.run(test, cwd=ROOT, env=environment).returncode
    if code == 0:
        cases.unlink()
    sys.exit(code)
