"""Sentences made from a seed, of the words of a vocabulary: what Tools/parity minilm and Tools/bench minilm share."""

import random
from pathlib import Path

ENDS = (".", "!", "?", "", " ...", ";")
ODD = ("naïve café", "São Paulo", "日本語のテキスト", "😀 👩‍🚀", "don't", "e.g. 3.14", "Ωμέγα", "https://example.org/a?b=c", "…", "unbelievably-hyphenated", "\u00a0", "CamelCaseWord")


def sentences(folder: Path, count: int, seed: int) -> list[str]:
    """Words of the vocabulary in sentences of 1 to 80 words, some with what a tokenizer finds hard."""
    words = [word for word in (folder / "vocab.txt").read_text(encoding="utf-8").splitlines() if word.isalpha() and len(word) > 1]
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        length = min(80, 1 + int(chance.expovariate(1 / 16)))
        text = [chance.choice(ODD) if chance.random() < 0.05 else chance.choice(words) for _ in range(length)]
        text = [word.capitalize() if chance.random() < 0.1 else word + chance.choice(("", "", "", "", ",")) for word in text]
        made.append(" ".join(text) + chance.choice(ENDS))
    return made
