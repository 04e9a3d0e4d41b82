"""Compares sentence embeddings of all-MiniLM-L6-v2, from text to vector, with PyTorch's.

The checkpoint (a BERT, from PyPI) is converted by onnx-run to a native file and to ONNX; onnx-run embed reads sentences that are made
from a seed; PyTorch and the tokenizers package read the same. Asked: a cosine of at least 0.999999 for each sentence.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from environment import TOOLS, enter
from onnx_run import command_of, parser_of

enter("torch")

import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from sentences import sentences  # noqa: E402

transformers.utils.logging.disable_progress_bar()
ASKED = 0.999999


def theirs(folder: Path, texts: list[str]) -> np.ndarray:
    """As sentence-transformers does it: mean over the tokens, length 1."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    vectors = []
    with torch.no_grad():
        for start in range(0, len(texts), 50):
            given = tokenizer(texts[start : start + 50], padding=True, truncation=True, max_length=512, return_tensors="pt")
            hidden = model(**given).last_hidden_state
            mask = given["attention_mask"].unsqueeze(-1).to(hidden.dtype)
            vectors.append(torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1))
    return torch.cat(vectors).double().numpy()


def ours(command: Path, model: Path, texts: list[str]) -> np.ndarray:
    given = "".join(f"{text}\n" for text in texts)
    done = subprocess.run([command, "embed", model, "--normalize", "--lines"], input=given, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True)
    lines = [json.loads(line) for line in done.stdout.split("\n") if line]
    assert [line["text"] for line in lines] == texts, "the lines came back in another order"
    return np.array([line["embedding"] for line in lines], dtype=np.float64)


def main(given: list[str]) -> None:
    parser = parser_of("Tools/parity minilm", __doc__)
    parser.add_argument("--count", type=int, default=1000, help="sentences (default 1000)")
    parser.add_argument("--seed", type=int, default=1, help="of the sentences (default 1)")
    parser.add_argument("--model", type=Path, action="append", help="measure this file instead of converting the checkpoint")
    arguments = parser.parse_args(given)
    command = command_of(arguments)

    fetched = subprocess.run([TOOLS / "fetch-minilm"], stdout=subprocess.PIPE, text=True)
    if fetched.returncode != 0:
        sys.exit("parity: all-MiniLM-L6-v2 could not be fetched: is PyPI within reach?")
    folder = Path(fetched.stdout.strip())
    texts = sentences(folder, arguments.count, arguments.seed)
    wanted, missed = theirs(folder, texts), 0
    print(f"{arguments.count} sentences, seed {arguments.seed}\n\n| model | least cosine | mean | largest difference | |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        models = arguments.model or []
        if not models:
            for kind, name in (("native", "minilm.safetensors"), ("onnx", "minilm")):
                target = Path(scratch) / name
                subprocess.run([command, "convert", folder, "--to", kind, "-o", target], stdout=subprocess.DEVNULL, check=True)
                models.append(target)
        for model in models:
            vectors = ours(command, model, texts)
            cosines = (vectors * wanted).sum(1) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(wanted, axis=1)
            met = bool(cosines.min() >= ASKED)
            missed += not met
            print(f"| {model.name} | {cosines.min():.9f} | {cosines.mean():.9f} | {np.abs(vectors - wanted).max():.2e} | {'yes' if met else '**no**'} |")
    sys.exit(missed > 0)
