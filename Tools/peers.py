"""One peer engine in a process of its own: loads a model, runs it on given inputs, prints times and memory as JSON.

Usage: PYTHON Tools/peers.py ENGINE MODEL INPUTS.npz [--runs N] [--warmup N] [--threads N] [--output OUT.npz]
ENGINE is onnxruntime, openvino-f32, openvino-bf16, ctranslate2-float32 or ctranslate2-int8. MODEL is an .onnx file; for CTranslate2 a folder made by `ctranslate2_folder`.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np


def onnxruntime_engine(path: str, threads: int):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda feeds: session.run(None, feeds)


def openvino_engine(path: str, threads: int, precision: str):
    import openvino

    hints = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    request = openvino.Core().compile_model(path, "CPU", hints).create_infer_request()
    return lambda feeds: [np.array(each) for each in request.infer(feeds).values()]


def ctranslate2_engine(path: str, threads: int, compute: str):
    import ctranslate2

    encoder = ctranslate2.Encoder(path, device="cpu", compute_type=compute, inter_threads=1, intra_threads=threads)

    def run(feeds):
        ids = ctranslate2.StorageView.from_array(feeds["input_ids"].astype(np.int32))
        lengths = ctranslate2.StorageView.from_array(feeds["attention_mask"].sum(axis=1).astype(np.int32))
        return [np.array(encoder.forward_batch(ids, lengths).last_hidden_state)]

    return run


def ctranslate2_folder(weights: dict[str, np.ndarray], layers: int, heads: int, folder: Path) -> None:
    """What CTranslate2's own converter of DistilBERT writes, from numpy arrays: it needs no PyTorch this way."""
    from ctranslate2.specs import common_spec, transformer_spec

    encoder = transformer_spec.TransformerEncoderSpec(layers, heads, pre_norm=False, activation=common_spec.Activation.GELU, layernorm_embedding=True)
    spec = transformer_spec.TransformerEncoderModelSpec(encoder)
    encoder.scale_embeddings = False

    def linear(target, *names: str) -> None:
        target.weight = np.concatenate([weights[f"{name}.weight"] for name in names])
        target.bias = np.concatenate([weights[f"{name}.bias"] for name in names])

    def norm(target, name: str) -> None:
        target.gamma, target.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]

    encoder.embeddings[0].weight = weights["embeddings.word_embeddings.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    norm(encoder.layernorm_embedding, "embeddings.LayerNorm")
    for index, layer in enumerate(encoder.layer):
        name = f"transformer.layer.{index}"
        linear(layer.self_attention.linear[0], *(f"{name}.attention.{each}_lin" for each in "qkv"))
        linear(layer.self_attention.linear[1], f"{name}.attention.out_lin")
        norm(layer.self_attention.layer_norm, f"{name}.sa_layer_norm")
        linear(layer.ffn.linear_0, f"{name}.ffn.lin1")
        linear(layer.ffn.linear_1, f"{name}.ffn.lin2")
        norm(layer.ffn.layer_norm, f"{name}.output_layer_norm")
    spec.register_vocabulary([f"[{each}]" for each in range(len(weights["embeddings.word_embeddings.weight"]))])
    spec.config.layer_norm_epsilon = 1e-12
    spec.config.unk_token = "[100]"
    spec.validate()
    spec.optimize()
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))


def resident_peak() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine")
    parser.add_argument("model")
    parser.add_argument("inputs")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    feeds = dict(np.load(given.inputs))
    kind, _, precision = given.engine.partition("-")
    start = time.perf_counter()
    run = {
        "onnxruntime": lambda: onnxruntime_engine(given.model, given.threads),
        "openvino": lambda: openvino_engine(given.model, given.threads, precision),
        "ctranslate2": lambda: ctranslate2_engine(given.model, given.threads, precision),
    }[kind]()
    loaded = time.perf_counter()
    times = []
    for _ in range(1 + given.warmup + given.runs):
        began = time.perf_counter()
        result = run(feeds)
        times.append((time.perf_counter() - began) * 1000)
    if given.output:
        np.savez(given.output, *result)
    steady = times[1 + given.warmup :] or times
    json.dump({"load_ms": (loaded - start) * 1000, "first_ms": times[0], "median_ms": statistics.median(steady), "min_ms": min(steady), "peak_bytes": resident_peak()}, sys.stdout)


if __name__ == "__main__":
    main()
