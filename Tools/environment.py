"""What the Python tools share: the repository's folders, and running under a pinned environment."""

import os
import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent
CACHE = Path(os.environ.get("SWIFT_ONNX_CACHE", ROOT / ".cache"))


def enter(name: str) -> None:
    """Runs the calling script again under the environment `name` (Tools/requirements/NAME.txt), unless it already does."""
    if Path(sys.prefix).resolve() == (CACHE / f"venv-{name}").resolve():
        return
    made = subprocess.run([TOOLS / "python-env", name], stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        sys.exit(made.returncode)
    python = made.stdout.strip()
    os.execv(python, [python, *sys.argv])
