"""Makes the backend-test suite of the pinned onnx package as folders on disk. Run by Tools/conformance.

<suite>/<kind>/<case>/model.onnx, tolerance.json, test_data_set_N/input_M.pb and output_M.pb
for the kinds node, simple, pytorch-operator, pytorch-converted and light.
"""

import json
import shutil
import sys
import warnings
from pathlib import Path

from environment import enter

enter("onnx")

import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import numpy_helper  # noqa: E402
from onnx.backend.test import loader, runner  # noqa: E402

PACKAGED = ("simple", "pytorch-operator", "pytorch-converted", "light")
DATA = Path(loader.DATA_DIR)


def serialized(value, described: onnx.ValueInfoProto) -> bytes:
    """A value in the form that its declared type has in a .pb file of the suite."""
    if hasattr(value, "SerializeToString"):
        return value.SerializeToString()
    kind = described.type.WhichOneof("value")
    make = {
        "tensor_type": numpy_helper.from_array,
        "sequence_type": numpy_helper.from_list,
        "optional_type": numpy_helper.from_optional,
        "map_type": numpy_helper.from_dict,
    }[kind]
    return make(value, described.name).SerializeToString()


def write_tolerance(folder: Path, rtol: float, atol: float) -> None:
    (folder / "tolerance.json").write_text(json.dumps({"rtol": rtol, "atol": atol}) + "\n")


def node_rtol(case) -> float:
    """The runner of onnx grants bfloat16 outputs two units in the last place."""
    types = [each.type.tensor_type.elem_type for each in case.model.graph.output]
    return max(case.rtol, 2**-6) if onnx.TensorProto.BFLOAT16 in types else case.rtol


def write_node_case(case, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    write_tolerance(folder, node_rtol(case), case.atol)
    for number, (inputs, outputs) in enumerate(case.data_sets):
        data_set = folder / f"test_data_set_{number}"
        data_set.mkdir()
        for values, described, name in ((inputs, case.model.graph.input, "input"), (outputs, case.model.graph.output, "output")):
            for index, value in enumerate(values):
                (data_set / f"{name}_{index}.pb").write_bytes(serialized(value, described[index]))


def copy_packaged_case(source: Path, folder: Path) -> None:
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("data.json", "__init__.py"))
    told = source / "data.json"
    given = json.loads(told.read_text()) if told.exists() else {}
    write_tolerance(folder, given.get("rtol", 1e-3), given.get("atol", 1e-7))


def write_light_case(source: Path, folder: Path) -> None:
    """The package has no inputs for these: the runner of onnx feeds a ramp from 0 to 1, and the package's outputs belong to that."""
    given = json.loads((source / "data.json").read_text())
    model_file = DATA / "light" / Path(given["url"]).name
    model = onnx.load(model_file)
    data_set = folder / "test_data_set_0"
    data_set.mkdir(parents=True)
    shutil.copy(model_file, folder / "model.onnx")
    write_tolerance(folder, given.get("rtol", 1e-3), given.get("atol", 1e-7))
    weights = {each.name for each in model.graph.initializer}
    fed = [each for each in model.graph.input if each.name not in weights]
    for index, described in enumerate(fed):
        ramp = runner.Runner.generate_dummy_data(described)
        (data_set / f"input_{index}.pb").write_bytes(numpy_helper.from_array(ramp, described.name).SerializeToString())
    for index in range(len(model.graph.output)):
        shutil.copy(model_file.with_name(f"{model_file.stem}_output_{index}.pb"), data_set / f"output_{index}.pb")


def main() -> None:
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    suite = Path(sys.argv[1])
    np.random.seed(0)
    nodes = loader.load_model_tests(kind="node")
    for case in nodes:
        write_node_case(case, suite / "node" / case.name)
    made = {"node": len(nodes)}
    for kind in PACKAGED[:-1]:
        cases = loader.load_model_tests(kind=kind)
        for case in cases:
            copy_packaged_case(Path(case.model_dir), suite / kind / case.name)
        made[kind] = len(cases)
    lights = [each for each in sorted((DATA / "real").iterdir()) if (each / "data.json").exists()]
    for source in lights:
        write_light_case(source, suite / "light" / source.name)
    made["light"] = len(lights)
    print(", ".join(f"{kind} {count}" for kind, count in made.items()), file=sys.stderr)


if __name__ == "__main__":
    main()
