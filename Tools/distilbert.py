"""DistilBERT models with lively weights, and their exports: what Tools/fixtures, Tools/parity and Tools/bench share."""

import contextlib
import io
import json
import logging
import os
import warnings
from pathlib import Path

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

logging.getLogger("torch.onnx").setLevel(logging.ERROR)
torch.set_num_threads(1)

HEADS = {
    "base": transformers.DistilBertModel,
    "masked-lm": transformers.DistilBertForMaskedLM,
    "sequence-classification": transformers.DistilBertForSequenceClassification,
    "question-answering": transformers.DistilBertForQuestionAnswering,
    "token-classification": transformers.DistilBertForTokenClassification,
    "multiple-choice": transformers.DistilBertForMultipleChoice,
}
OUTPUTS = {"base": ["last_hidden_state"], "question-answering": ["start_logits", "end_logits"]}
# What a fresh model hides: with biases 0 and gammas 1 a kernel that forgets them still gives the right result.
BIAS, GAMMA, SHARPEN = 0.05, 0.1, 4.0


def outputs_of(head: str) -> list[str]:
    return OUTPUTS.get(head, ["logits"])


def lively(model: torch.nn.Module, seed: int, widen: float = 1.0) -> torch.nn.Module:
    """Biases N(0, .05), gammas 1 + N(0, .1), query and key matrices x4, every other matrix x `widen`; in eval mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.copy_(torch.randn(weight.shape, generator=generator) * BIAS)
            elif "layer_norm" in name or "LayerNorm" in name:
                weight.copy_(1 + torch.randn(weight.shape, generator=generator) * GAMMA)
            elif "q_lin" in name or "k_lin" in name:
                weight.mul_(SHARPEN)
            elif "embeddings" not in name:
                weight.mul_(widen)
    return model.eval()


def make(head: str, attention: str, seed: int = 7, widen: float = 1.0, **configuration) -> torch.nn.Module:
    """The same weights for the same head, seed and configuration, whatever the attention implementation."""
    torch.manual_seed(seed)
    config = transformers.DistilBertConfig(attn_implementation=attention, **configuration)
    return lively(HEADS[head](config), seed, widen)


@contextlib.contextmanager
def quiet():
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def axes_of(head: str) -> dict[int, str]:
    return {0: "batch", 1: "choice", 2: "sequence"} if head == "multiple-choice" else {0: "batch", 1: "sequence"}


def export_torchscript(model, head: str, path: Path, opset: int, sample: dict[str, torch.Tensor], outputs: list[str] | None = None, **options) -> None:
    names = outputs or outputs_of(head)
    dynamic = {name: axes_of(head) for name in ("input_ids", "attention_mask")}
    pooled = head in ("sequence-classification", "multiple-choice")
    dynamic |= {name: {0: "batch"} if pooled else {0: "batch", 1: "sequence"} for name in names}
    model.config.return_dict = False
    with quiet():
        torch.onnx.export(model, (sample["input_ids"], sample["attention_mask"]), str(path), opset_version=opset, dynamo=False,
                          input_names=["input_ids", "attention_mask"], output_names=names, dynamic_axes=dynamic, **options)  # fmt: skip


def export_dynamo(
    model, head: str, path: Path, opset: int | None, sample: dict[str, torch.Tensor], dynamic: bool = True, external: bool = False, **options
) -> None:
    """With `opset` None, static shapes and external data: what torch.onnx.export does unless it is told otherwise."""
    model.config.return_dict = True
    shapes = {name: {axis: torch.export.Dim.DYNAMIC for axis in axes_of(head)} for name in sample} if dynamic else None
    with quiet():
        torch.onnx.export(model, kwargs=dict(sample), f=str(path), opset_version=opset, dynamo=True, dynamic_shapes=shapes, external_data=external, **options)


def strip(path: Path, keep: tuple[str, ...] = ()) -> None:
    """Removes doc strings and the exporter's per-node metadata, which hold stack traces with the paths of the exporting machine."""
    model = onnx.load(path, load_external_data=False)

    def clean(message) -> None:
        for field, value in message.ListFields():
            if field.name == "doc_string":
                message.ClearField("doc_string")
            elif field.name == "metadata_props":
                kept = [(each.key, each.value) for each in value if each.key in keep]
                message.ClearField("metadata_props")
                for key, text in kept:
                    message.metadata_props.add(key=key, value=text)
            elif field.type == field.TYPE_MESSAGE:
                for each in value if field.is_repeated else [value]:
                    clean(each)

    clean(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def reference(model, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    """PyTorch's results in float64, by output position."""
    double = model.double()
    double.config.return_dict = False
    with torch.no_grad():
        results = double(**{name: torch.from_numpy(value) for name, value in feeds.items()})
    model.float()
    return [each.numpy() for each in flatten(results)]


def flatten(results) -> list[torch.Tensor]:
    if isinstance(results, torch.Tensor):
        return [results]
    return [each for result in results for each in flatten(result)]


def write_feeds(stem: Path, feeds: dict[str, np.ndarray]) -> None:
    save_npz(stem.with_suffix(".npz"), feeds)
    stem.with_suffix(".json").write_text(json.dumps({name: value.tolist() for name, value in feeds.items()}) + "\n")


def save_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """As numpy.savez, with the names as they are: savez would take an array called 'file' for its own argument."""
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        for name, value in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(value, order="C"), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), buffer.getvalue())
