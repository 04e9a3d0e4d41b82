"""The command under test: the option that names it, the same in every tool that runs it."""

import argparse
import os
import sys
from pathlib import Path

from environment import ROOT

BUILT = ROOT / ".build/release/onnx-run"


def parser_of(prog: str, what: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--command", type=Path, default=Path(os.environ.get("ONNX_RUN", BUILT)), metavar="FILE", help="the onnx-run to run (default: ONNX_RUN, else .build/release/onnx-run)"
    )
    return parser


def command_of(arguments: argparse.Namespace) -> Path:
    """The command under test, if it can be run."""
    command = arguments.command.resolve()
    if not os.access(command, os.X_OK):
        sys.exit(f"{Path(sys.argv[0]).name}: no {command}: run `swift build -c release --product onnx-run` first, or name another with --command")
    return command
