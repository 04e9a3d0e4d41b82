"""The full-size models that Tools/bench measures, with lively weights from a seed; made once, kept in the cache."""

import subprocess
import sys
from pathlib import Path

from environment import TOOLS

SEED, WIDEN = 7, 1.7
OPSETS = {"torchscript": 17, "dynamo": 18}


def make(kept: Path, wanted: list[str] | None = None) -> dict[str, Path]:
    """The paths of all models, once those that are wanted (all) are there."""
    kept.mkdir(parents=True, exist_ok=True)
    names = {"torchscript": "base-torchscript.onnx", "dynamo": "base-dynamo.onnx", "classifier": "classifier.onnx", "quantized": "base-quantized.onnx", "bert": "bert.onnx",
             "folder": "base", "ctranslate2": "ctranslate2", "native": "base.safetensors"}
    paths = {name: kept / each for name, each in names.items()}
    makers = {"torchscript": exported, "dynamo": exported, "classifier": exported, "bert": bert, "quantized": quantized, "folder": folder, "ctranslate2": ctranslate2}
    for name, maker in makers.items():
        if (wanted is None or name in wanted) and not paths[name].exists():
            print(f"bench: making {paths[name].name}", file=sys.stderr)
            part = paths[name].with_suffix(".part")
            maker(name, part, paths)
            part.rename(paths[name])
    return paths


def sample() -> dict:
    import torch

    return {"input_ids": torch.arange(1000, 1087).reshape(3, 29), "attention_mask": torch.ones(3, 29, dtype=torch.int64)}


def exported(name: str, path: Path, _: dict[str, Path]) -> None:
    import distilbert

    head, exporter = ("sequence-classification", "torchscript") if name == "classifier" else ("base", name)
    export = distilbert.export_torchscript if exporter == "torchscript" else distilbert.export_dynamo
    export(distilbert.make(head, "sdpa", seed=SEED, widen=WIDEN), head, path, OPSETS[exporter], sample())


def bert(_: str, path: Path, __: dict[str, Path]) -> None:
    import distilbert
    import torch
    import transformers

    torch.manual_seed(SEED)
    model = distilbert.lively(transformers.BertModel(transformers.BertConfig(attn_implementation="sdpa"), add_pooling_layer=False), SEED, WIDEN)
    distilbert.export_dynamo(model, "base", path, OPSETS["dynamo"], sample())


def quantized(_: str, path: Path, paths: dict[str, Path]) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(str(paths["torchscript"]), str(path), weight_type=QuantType.QInt8)


def folder(_: str, path: Path, __: dict[str, Path]) -> None:
    import distilbert

    distilbert.make("base", "sdpa", seed=SEED, widen=WIDEN).save_pretrained(path)


def ctranslate2(_: str, path: Path, paths: dict[str, Path]) -> None:
    python = subprocess.run([TOOLS / "python-env", "ctranslate2"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    script = "import sys; sys.path.insert(0, sys.argv[1]); import peers; from pathlib import Path; from safetensors.numpy import load_file; peers.ctranslate2_folder(load_file(sys.argv[2]), 6, 12, Path(sys.argv[3]))"
    subprocess.run([python, "-c", script, TOOLS, paths["folder"] / "model.safetensors", path], check=True)
