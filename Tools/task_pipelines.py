"""Prints as JSON what the pipelines of the transformers at hand make of the cases, on the models in a folder; null where there is no such pipeline."""

import json
import os
import sys
import warnings
from pathlib import Path

os.environ["TRANSFORMERS_VERBOSITY"] = "error"
warnings.filterwarnings("ignore")

import transformers  # noqa: E402
from task_cases import PIPELINES, cases  # noqa: E402


def plain(value):
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, (str, int)) else float(f"{float(value):.7g}")


def main() -> None:
    work, made = Path(sys.argv[1]), {}
    for name, task in PIPELINES.items():
        try:
            made[name] = transformers.pipeline(task, model=str(work / name), tokenizer=str(work / name), device="cpu")
        except KeyError:
            made[name] = None
    results = []
    for case in cases():
        pipeline = made[case["model"]]
        results.append(None if pipeline is None else plain(pipeline(case["input"], **case["options"])))
    print(json.dumps(results, ensure_ascii=False))


main()
