"""A command whose first argument names a module beside it: `Tools/parity graphs …` runs main() of Tools/parities/graphs.py."""

import ast
import importlib.util
import sys
from pathlib import Path


def dispatch(folder: Path, what: str) -> None:
    modules = {path.stem: path for path in sorted(folder.glob("*.py"))}
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("-h", "--help"):
        print(f"{what}\n\nUsage: {sys.argv[0]} NAME [options]; {sys.argv[0]} NAME --help says more.\n")
        for each, path in modules.items():
            print(f"    {each:12}{ast.get_docstring(ast.parse(path.read_text())).splitlines()[0]}")
        return
    if name not in modules:
        sys.exit(f"{Path(sys.argv[0]).name}: no '{name}': one of {', '.join(modules)}")
    specification = importlib.util.spec_from_file_location(name, modules[name])
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    module.main(sys.argv[2:])
