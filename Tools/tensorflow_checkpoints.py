"""TensorFlow's DistilBERT models with lively weights, and what h5py and TensorFlow read from their checkpoints. Needs the environment `tensorflow`."""

import json
from pathlib import Path

import h5py
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

# Loaded before transformers asks TensorFlow for tf_keras, which this TensorFlow's own Keras is.
tf.keras.backend.clear_session()
import transformers  # noqa: E402

HEADS = {
    "base": transformers.TFDistilBertModel,
    "fill-mask": transformers.TFDistilBertForMaskedLM,
    "text-classification": transformers.TFDistilBertForSequenceClassification,
    "question-answering": transformers.TFDistilBertForQuestionAnswering,
    "token-classification": transformers.TFDistilBertForTokenClassification,
    "multiple-choice": transformers.TFDistilBertForMultipleChoice,
}
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def make(head: str, seed: int = 7, **configuration) -> tf.keras.Model:
    """A built model; gammas are 1 + N(0, .1), everything else N(0, .05)."""
    tf.keras.backend.clear_session()
    model = HEADS[head](transformers.DistilBertConfig(**configuration))
    ids = [[1, 2, 3]] if head != "multiple-choice" else [[[1, 2, 3], [3, 2, 1]]]
    model({"input_ids": tf.constant(ids)})
    random = np.random.default_rng(seed)
    for variable in model.weights:
        values = random.normal(size=variable.shape) * (0.1 if "gamma" in variable.name else 0.05)
        variable.assign((values + ("gamma" in variable.name)).astype(np.float32))
    return model


def save_keras(model: tf.keras.Model, path: Path) -> None:
    """tf_model.h5 of save_pretrained, at `path`."""
    folder = path.with_suffix(".part")
    model.save_pretrained(folder)
    (folder / "tf_model.h5").rename(path)
    (folder / "config.json").unlink()
    folder.rmdir()


def names(attributes, name: str) -> list[str]:
    """An attribute that Keras splits where it is long."""
    found, part = list(attributes[name]) if name in attributes else [], 0
    while f"{name}{part}" in attributes:
        found += list(attributes[f"{name}{part}"])
        part += 1
    return [each.decode() if isinstance(each, bytes) else each for each in found]


def values(dataset: h5py.Dataset) -> np.ndarray:
    """Every bit as it is stored; h5py has no bfloat16 and would make float32 of it."""
    kind = dataset.id.get_type()
    is_brain = isinstance(kind, h5py.h5t.TypeFloatID) and kind.get_fields() == (15, 7, 8, 0, 7)
    return tf.cast(dataset[()], tf.bfloat16).numpy() if is_brain else np.asarray(dataset[()])


def read_keras(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        root = file if names(file.attrs, "layer_names") else file["model_weights"]
        paths = []
        for layer in names(root.attrs, "layer_names"):
            is_weight = isinstance(root[layer], h5py.Dataset)
            paths += [layer] if is_weight else [f"{layer}/{weight}" for weight in names(root[layer].attrs, "weight_names")]
        return {each: values(root[each]) for each in paths}


def read_keras_shards(folder: Path) -> dict[str, np.ndarray]:
    """Under the names of the index, which begin with the model's name; those in the shards don't."""
    index = json.loads((folder / "tf_model.h5.index.json").read_text())["weight_map"]
    shards = {shard: read_keras(folder / shard) for shard in set(index.values())}
    return {name: shards[shard][name.split("/", 1)[1]] for name, shard in index.items()}


def read_bundle(prefix: Path) -> dict[str, np.ndarray]:
    """Under the variables' names, where the checkpoint tells them."""
    reader = tf.train.load_checkpoint(str(prefix))
    keys = [key for key in reader.get_variable_to_shape_map() if key != GRAPH]
    named = {}
    if reader.has_tensor(GRAPH):
        graph = trackable_object_graph_pb2.TrackableObjectGraph()
        graph.ParseFromString(reader.get_tensor(GRAPH))
        pairs = {(each.checkpoint_key, each.full_name) for node in graph.nodes for each in node.attributes if each.full_name}
        full = [name for _, name in pairs]
        named = {key: name for key, name in pairs if full.count(name) == 1 and name not in keys}
    return {named.get(key, key): np.asarray(reader.get_tensor(key)) for key in sorted(keys)}


def onnx_type(array: np.ndarray) -> str:
    kinds = {"float32": "float", "float64": "double", "object": "string"}
    return kinds.get(array.dtype.name, "string" if array.dtype.kind == "S" else array.dtype.name)
