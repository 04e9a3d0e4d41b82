"""Heads exported with their loss, for Tools/fixtures."""

from pathlib import Path

import distilbert
import numpy as np
import torch


def labels_for(folder: str) -> dict[str, np.ndarray]:
    """For the inputs of kind `right`: 3 rows of 7. -100 is the label that doesn't count."""
    labels = {
        "masked-lm": {"labels": np.array([[5, -100, 127, -100, 0, 9, 1], [-100, 3, -100, 64, -100, -100, -100], [-100] * 7])},
        "sequence-classification": {"labels": np.array([2, 0, 1])},
        "question-answering": {"start_positions": np.array([1, 0, 9]), "end_positions": np.array([4, 3, -1])},
        "token-classification": {"labels": np.array([[0, 1, 2, 3, 4, -100, 1], [1, 1, 0, 4, -100, -100, -100], [2] + [-100] * 6])},
    }
    return labels[folder]


class WithLoss(torch.nn.Module):
    """The model with its labels as positional inputs; answers the loss, then the outputs of the head."""

    LABELS = {
        "masked-lm": ["labels"],
        "sequence-classification": ["labels"],
        "question-answering": ["start_positions", "end_positions"],
        "token-classification": ["labels"],
    }

    def __init__(self, model: torch.nn.Module, folder: str) -> None:
        super().__init__()
        self.model, self.names, self.outputs = model, self.LABELS[folder], distilbert.outputs_of(folder)
        model.config.problem_type = "single_label_classification"
        model.config.return_dict = False

    def forward(self, input_ids, attention_mask, *labels):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, **dict(zip(self.names, labels)))

    def export(self, path: Path, sample: dict[str, torch.Tensor]) -> None:
        inputs = ["input_ids", "attention_mask", *self.names]
        axes = {name: {axis: ("batch", "sequence")[axis] for axis in range(sample[name].dim())} for name in inputs}
        if "start_positions" in inputs:
            axes = {}  # the label that doesn't count is the sequence's length, and an attribute
        with distilbert.quiet():
            torch.onnx.export(self, tuple(sample[name] for name in inputs), str(path), opset_version=17, dynamo=False,
                              input_names=inputs, output_names=["loss", *self.outputs], dynamic_axes=axes)  # fmt: skip

    def reference(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.model.double()
        with torch.no_grad():
            results = self(*(torch.from_numpy(feeds[name].copy()) for name in ("input_ids", "attention_mask", *self.names)))
        return [each.numpy() for each in distilbert.flatten(results)]
