"""Real English text that every machine with Python has: the documentation strings of its modules, a paragraph a line."""

import ast
import random
from collections.abc import Iterator
from pathlib import Path


def paragraphs(folders: list[Path]) -> Iterator[str]:
    """Each paragraph once, in the order of the files' names."""
    seen = set()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            try:
                tree = ast.parse(path.read_text("utf-8"))
            except (SyntaxError, UnicodeDecodeError, ValueError):
                continue
            for node in ast.walk(tree):
                if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    continue
                for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
                    line = " ".join(paragraph.split())
                    if line and line not in seen:
                        seen.add(line)
                        yield line


def lines(folders: list[Path], size: int, seed: int) -> list[str]:
    """Paragraphs in random order, `size` bytes of them in UTF-8, or all that there are."""
    found = list(paragraphs(folders))
    random.Random(seed).shuffle(found)
    taken, bytes_taken = [], 0
    for line in found:
        if bytes_taken >= size:
            break
        taken.append(line)
        bytes_taken += len(line.encode(errors="replace")) + 1
    return taken
