"""Loads with transformers what onnx-run convert --to hf writes: no key missing or unexpected, every weight and result equal bit for bit.

Rows: each model of Models/family, converted from its folder, and from the native and bf16 native files that it was converted to.
Exits 1 when a row misses.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from environment import ROOT, enter
from onnx_run import command_of, parser_of

enter("torch")

import torch  # noqa: E402
import transformers  # noqa: E402

CLASSES = {
    "base": transformers.DistilBertModel,
    "fill-mask": transformers.DistilBertForMaskedLM,
    "text-classification": transformers.DistilBertForSequenceClassification,
    "question-answering": transformers.DistilBertForQuestionAnswering,
    "token-classification": transformers.DistilBertForTokenClassification,
    "multiple-choice": transformers.DistilBertForMultipleChoice,
}


def loaded(kind: type, folder: Path) -> tuple[torch.nn.Module, dict]:
    return kind.from_pretrained(folder, output_loading_info=True)


def difference(kind: type, original: Path, made: Path, dtype: torch.dtype) -> str:
    """What is wrong with the folder that was made; empty for nothing."""
    model, told = loaded(kind, made)
    wrong = [f"{what}: {sorted(map(str, keys))}" for what, keys in told.items() if keys]
    expected = kind.from_pretrained(original).to(dtype)
    if model.dtype != dtype:
        wrong.append(f"the weights are {model.dtype}")
    for name, weight in expected.state_dict().items():
        if not torch.equal(weight, model.state_dict()[name]):
            wrong.append(f"{name} differs")
    ids = torch.tensor([[2, 17, 45]])
    ids = ids.unsqueeze(0) if kind is transformers.DistilBertForMultipleChoice else ids
    with torch.no_grad():
        pairs = zip(expected.eval()(ids).to_tuple(), model.eval()(ids).to_tuple(), strict=True)
        if not all(torch.equal(a, b) for a, b in pairs):
            wrong.append("the results differ")
    return "; ".join(wrong)


def main(arguments: list[str]) -> None:
    command = command_of(parser_of("Tools/parity hf", __doc__).parse_args(arguments))
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    missed = 0
    print("| model | way | loads |\n|---|---|---|")
    for task, kind in CLASSES.items():
        original = ROOT / "Models/family" / task
        with tempfile.TemporaryDirectory() as scratch:
            here = Path(scratch)

            def convert(source: Path, form: str, name: str, *more: str, here: Path = here) -> Path:
                subprocess.run([command, "convert", source, "--to", form, "-o", here / name, *more], check=True, stdout=subprocess.DEVNULL)
                return here / name

            ways = {
                "folder": (convert(original, "hf", "direct"), torch.float32),
                "native": (convert(convert(original, "native", "file"), "hf", "again"), torch.float32),
                "bf16 native": (convert(convert(original, "native", "half", "--dtype", "bf16"), "hf", "halved"), torch.bfloat16),
            }
            for way, (folder, dtype) in ways.items():
                wrong = difference(kind, original, folder, dtype)
                missed += bool(wrong)
                print(f"| {task} | {way} | {wrong or 'ok'} |", flush=True)
    sys.exit(1 if missed else 0)
