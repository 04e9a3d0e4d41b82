"""The hostile inputs, one folder each: the files, and what the command must do with them.

expect.json of a folder holds
  case       number of the kind of attack (the list is in the hostile-input notes of this project: 1-63 concern ONNX, 64-84 checkpoints)
  class      MAL malformed, LIM limit, UNS unsupported, PATH policy, SHP shape or type or index, IO, CAN deadline
  command    arguments of onnx-run, run inside a copy of the folder; a run happens in both sessions
  also       further commands that must fare the same
  error      regular expression (case-insensitive) that the message must match
  never      regular expression that nothing printed may match
  outcome    "error" (the default), "success", or "either": a documented result or a refusal, but no crash
  setup      what git can't hold, made before the run: [["fifo" | "socket" | "directory" | "delete", path],
             ["symlink" | "hardlink" | "rename", from, to], ["sparse", path, size]]
  mode       "truncate": the command is repeated on every shorter length of the model file
             "race": the external file is swapped for a link out of the folder all the while
"""

import re
from dataclasses import dataclass, field

CASES: list["Case"] = []


@dataclass
class Case:
    number: int
    name: str
    files: dict
    kind: str
    error: str
    command: list[str] = field(default_factory=lambda: ["check", "model.onnx"])
    outcome: str = "error"
    never: str = ""
    setup: list = field(default_factory=list)
    also: list[list[str]] = field(default_factory=list)
    mode: str = ""
    generated: bool = False

    @property
    def folder(self) -> str:
        return f"{self.number:02}-{self.name}"

    def expectation(self) -> dict:
        told = {"case": self.number, "class": self.kind, "command": self.command, "error": self.error}
        for key in ("also", "outcome", "never", "setup", "mode", "generated"):
            if getattr(self, key) not in ("", [], False) and (key, getattr(self, key)) != ("outcome", "error"):
                told[key] = getattr(self, key)
        return told


def case(number: int, name: str, content, kind: str, error: str, **options) -> None:
    """Adds a case. `content` is the model's bytes, or all files by name; a file may be a function that makes its bytes in pieces."""
    files = content if isinstance(content, dict) else {"model.onnx": content}
    if any(callable(each) for each in files.values()):
        options["generated"] = True
    # A name of one letter must stand as a word of its own: every message holds the letter.
    error = re.sub(r"(?<![\\\w])([A-Za-z])(?!\w)", r"\\b\1\\b", error)
    CASES.append(Case(number, name, files, kind, error, **options))


def all_cases() -> list[Case]:
    from hostile_cases import external, feeds, models, operators, pickles, shards, wire, zips  # noqa: F401  each adds its cases to CASES

    folders = [each.folder for each in CASES]
    twice = {each for each in folders if folders.count(each) > 1}
    assert not twice, f"two cases of one name: {twice}"
    return sorted(CASES, key=lambda each: each.folder)
