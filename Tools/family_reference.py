"""What transformers answers for a checkpoint: run by Tools/parity family in the environment of each version.

family_reference.py make TASK FOLDER             saves a DistilBERT of the real size with lively weights                  (environment torch)
family_reference.py KIND TASK FOLDER FEEDS OUT   answers each group of inputs in FEEDS (.npz, names GROUP/INPUT)
    KIND sdpa    what the task gives, with PyTorch's default attention                                                    (torch)
         eager   the same with loss, hidden states and attentions                                                         (torch)
         masked  the same without a loss, with head_mask, which transformers 4 has                                        (torch-legacy)
         twin    the TensorFlow twin, with loss, hidden states and attentions                                             (tensorflow)
    OUT holds PRECISION/GROUP/OUTPUT; PRECISION is f64 and f32, for the twin f32 alone.
"""

import os
import sys

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

CLASSES = {
    "base": "DistilBertModel",
    "fill-mask": "DistilBertForMaskedLM",
    "text-classification": "DistilBertForSequenceClassification",
    "question-answering": "DistilBertForQuestionAnswering",
    "token-classification": "DistilBertForTokenClassification",
    "multiple-choice": "DistilBertForMultipleChoice",
}
HEADS = {
    "base": "base",
    "fill-mask": "masked-lm",
    "text-classification": "sequence-classification",
    "question-answering": "question-answering",
    "token-classification": "token-classification",
    "multiple-choice": "multiple-choice",
}
LABELS = {"text-classification": {"num_labels": 3}, "token-classification": {"num_labels": 9}}
STATES = {"output_hidden_states": True, "output_attentions": True}


def make(task: str, folder: str) -> None:
    import distilbert

    distilbert.make(HEADS[task], "sdpa", seed=7, widen=1.7, **LABELS.get(task, {})).save_pretrained(folder)


def flat(results) -> dict[str, np.ndarray]:
    """Outputs by name; the members of tuples are numbered."""
    made = {}
    for name, value in results.items():
        members = {f"{name}.{index}": each for index, each in enumerate(value)} if isinstance(value, (tuple, list)) else {name: value}
        made |= {key: np.asarray(each) for key, each in members.items()}
    return made


def pytorch(kind: str, task: str, folder: str, groups: dict) -> dict[str, np.ndarray]:
    import torch
    import transformers

    torch.set_num_threads(1)
    attention = "sdpa" if kind == "sdpa" else "eager"
    model = getattr(transformers, CLASSES[task]).from_pretrained(folder, attn_implementation=attention).float().eval()
    made = {}
    for precision, type in (("f32", torch.float32), ("f64", torch.float64)):
        model = model.to(type)
        for group, feeds in groups.items():
            given = {name: torch.from_numpy(value) for name, value in feeds.items() if kind != "masked" or name not in ("labels", "start_positions", "end_positions")}
            if kind == "sdpa":
                given = {name: given[name] for name in ("input_ids", "attention_mask")}
            if kind != "masked":
                given.pop("head_mask", None)
            given = {name: value.to(type) if value.is_floating_point() else value for name, value in given.items()}
            with torch.no_grad():
                results = model(**given, **({} if kind == "sdpa" else STATES))
            made |= {f"{precision}/{group}/{name}": value for name, value in flat(results).items()}
    return made


def twin(task: str, folder: str, groups: dict) -> dict[str, np.ndarray]:
    import transformers

    model = getattr(transformers, "TF" + CLASSES[task]).from_pretrained(folder)
    made = {}
    for group, feeds in groups.items():
        given = {name: value for name, value in feeds.items() if name != "head_mask"}
        made |= {f"f32/{group}/{name}": value for name, value in flat(model(given, **STATES)).items()}
    return made


def main() -> None:
    kind, task, folder, *paths = sys.argv[1:]
    if kind == "make":
        return make(task, folder)
    groups: dict[str, dict[str, np.ndarray]] = {}
    for name, value in np.load(paths[0]).items():
        group, _, field = name.partition("/")
        groups.setdefault(group, {})[field] = value
    np.savez(paths[1], **(twin(task, folder, groups) if kind == "twin" else pytorch(kind, task, folder, groups)))


if __name__ == "__main__":
    main()
