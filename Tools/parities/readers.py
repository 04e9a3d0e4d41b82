"""Compares every tensor that onnx-run reads from a checkpoint with torch.load, safetensors, h5py or TensorFlow, bit for bit.

transformers 4.x writes the base model and every head, with lively weights, as pytorch_model.bin (float32, float16,
bfloat16, in shards), model.safetensors (whole and in shards), tf_model.h5 (whole and in shards, float32; float16 by Keras)
and a TensorFlow bundle; `onnx-run inspect --dump` writes what it read from each. A row fails where a name, type, shape or
byte differs. The models are small (--full for DistilBERT's own size).
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from environment import enter
from onnx_run import command_of, parser_of

enter("tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np  # noqa: E402
import safetensors  # noqa: E402
import safetensors.torch  # noqa: E402
import tensorflow as tf  # noqa: E402
import tensorflow_checkpoints as checkpoints  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

SMALL = {"vocab_size": 503, "max_position_embeddings": 64, "dim": 48, "hidden_dim": 96, "n_heads": 4, "n_layers": 3}
PYTORCH = {
    "base": transformers.DistilBertModel,
    "fill-mask": transformers.DistilBertForMaskedLM,
    "text-classification": transformers.DistilBertForSequenceClassification,
    "question-answering": transformers.DistilBertForQuestionAnswering,
    "token-classification": transformers.DistilBertForTokenClassification,
    "multiple-choice": transformers.DistilBertForMultipleChoice,
}
SAFETENSORS = {"float": "F32", "double": "F64", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32"}


def pytorch_model(head: str, configuration: dict) -> torch.nn.Module:
    torch.manual_seed(11)
    model = PYTORCH[head](transformers.DistilBertConfig(**configuration))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(torch.randn(weight.shape) * 0.05 + float("norm.weight" in name.lower()))
    return model


def of_torch(tensors: dict[str, torch.Tensor]) -> dict[str, tuple[str, list[int], bytes]]:
    kinds = {torch.float32: "float", torch.float16: "float16", torch.bfloat16: "bfloat16", torch.float64: "double", torch.int64: "int64"}
    return {
        name: (kinds[each.dtype], list(each.shape), each.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()) for name, each in tensors.items()
    }


def of_numpy(arrays: dict[str, np.ndarray]) -> dict[str, tuple[str, list[int], bytes]]:
    return {name: (checkpoints.onnx_type(each), list(each.shape), each.tobytes()) for name, each in arrays.items()}


def merged(folder: Path, index: str, load) -> dict[str, torch.Tensor]:
    shards = sorted(set(json.loads((folder / index).read_text())["weight_map"].values()))
    assert len(shards) > 1, f"{index} has {len(shards)} shards"
    return {name: each for shard in shards for name, each in load(folder / shard).items()}


def load_bin(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)


def of_pytorch(head: str, folder: Path, configuration: dict, shard: str):
    """Kind, the path that onnx-run opens, and what PyTorch reads."""
    model = pytorch_model(head, configuration)
    for kind in (torch.float32, torch.float16, torch.bfloat16):
        name = str(kind).removeprefix("torch.")
        model.to(kind)
        model.save_pretrained(folder / name, safe_serialization=False)
        path = folder / name / "pytorch_model.bin"
        yield f"pytorch_model.bin, {name}", path, of_torch(load_bin(path))
        model.save_pretrained(folder / name)
        path = folder / name / "model.safetensors"
        yield f"model.safetensors, {name}", path, of_torch(safetensors.torch.load_file(path))
    sharded = folder / "sharded"
    model.save_pretrained(sharded, safe_serialization=False, max_shard_size=shard)
    index = "pytorch_model.bin.index.json"
    yield "pytorch_model.bin in shards, bfloat16", sharded / index, of_torch(merged(sharded, index, load_bin))
    model.save_pretrained(sharded, max_shard_size=shard)
    index = "model.safetensors.index.json"
    yield "model.safetensors in shards, bfloat16", sharded / index, of_torch(merged(sharded, index, safetensors.torch.load_file))


def of_tensorflow(head: str, folder: Path, configuration: dict, shard: str):
    """Kind, the path that onnx-run opens, and what h5py or TensorFlow reads."""
    for kind in ("float32", "float16"):
        tf.keras.backend.set_floatx(kind)
        model = checkpoints.make(head, **configuration)
        path = folder / kind / "tf_model.h5"
        model.save_pretrained(path.parent)
        yield f"tf_model.h5, {kind}", path, of_numpy(checkpoints.read_keras(path))
        model.save_weights(str(folder / kind / "weights"))
        yield f"TensorFlow bundle, {kind}", folder / kind / "weights.index", of_numpy(checkpoints.read_bundle(folder / kind / "weights"))
    tf.keras.backend.set_floatx("float32")
    sharded = folder / "sharded"
    model.save_pretrained(sharded, max_shard_size=shard)
    yield "tf_model.h5 in shards, float16", sharded / "tf_model.h5.index.json", of_numpy(checkpoints.read_keras_shards(sharded))


def difference(command: Path, path: Path, expected: dict[str, tuple[str, list[int], bytes]]) -> str | None:
    """The first difference between what onnx-run reads from `path` and what is expected."""
    dump = path.with_name(path.name + ".dump.safetensors")
    run = subprocess.run([command, "inspect", path, "--dump", dump], capture_output=True, text=True)
    if run.returncode != 0:
        return f"onnx-run ends with {run.returncode}: {run.stderr.strip()}"
    raw = dump.read_bytes()
    dump.unlink()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    header.pop("__metadata__", None)
    start = 8 + int.from_bytes(raw[:8], "little")
    if set(header) != set(expected):
        return f"other names, such as {sorted(set(header) ^ set(expected))[0]}"
    for name, (kind, shape, data) in expected.items():
        found = header[name]
        begin, end = found["data_offsets"]
        if (found["dtype"], found["shape"]) != (SAFETENSORS[kind], shape):
            return f"{name} is {found['dtype']} {found['shape']}, not {SAFETENSORS[kind]} {shape}"
        if raw[start + begin : start + end] != data:
            return f"{name} has other bytes"
    return None


def main(arguments: list[str]) -> None:
    parser = parser_of("Tools/parity readers", __doc__)
    parser.add_argument("--full", action="store_true", help="DistilBERT's own size, six layers of 768")
    parser.add_argument("--heads", nargs="+", choices=list(PYTORCH), default=list(PYTORCH))
    options = parser.parse_args(arguments)
    command = command_of(options)
    configuration, shard = ({}, "100MB") if options.full else (SMALL, "60KB")
    rows: dict[str, tuple[int, int, list[str]]] = {}
    for head in options.heads:
        for writer in (of_pytorch, of_tensorflow):
            with tempfile.TemporaryDirectory() as folder:
                for kind, path, expected in writer(head, Path(folder), configuration, shard):
                    files, tensors, failures = rows.get(kind, (0, 0, []))
                    failure = difference(command, path, expected)
                    rows[kind] = (files + 1, tensors + len(expected), failures + ([f"{head}: {failure}"] if failure else []))
    print("| written by transformers", transformers.__version__, "| models | tensors | differences |")
    print("|---|---:|---:|---|")
    for kind, (files, tensors, failures) in rows.items():
        print(f"| {kind} | {files} | {tensors} | {'; '.join(failures) or 'none'} |")
    if any(failures for _, _, failures in rows.values()):
        sys.exit(1)
