"""What the benches share: runs pinned to the same two cores, in turns, and the load of the machine."""

import os
import subprocess
import sys
from collections.abc import Callable

CORES = sorted(os.sched_getaffinity(0))[:2]


def pinned(line: list, **more) -> str:
    """What a command prints, run on the same cores as every other."""
    words = [str(each) for each in line]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace", preexec_fn=lambda: os.sched_setaffinity(0, CORES), **more)
    if done.returncode != 0:
        sys.exit(f"bench: exit {done.returncode} from {' '.join(words)}\n{done.stderr.strip()[-2000:]}")
    return done.stdout


def in_turns(jobs: dict[str, Callable], rounds: int) -> dict[str, list]:
    """What each job returned in each round: whatever slows the machine for a while slows them all."""
    taken = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            taken[name].append(job())
    return taken


def load() -> float:
    return os.getloadavg()[0]


def machine(before: float) -> str:
    """The line under a table by which a reader can tell whether the machine was quiet."""
    return f"load of the machine: {before:.1f} before, {load():.1f} after; cores {', '.join(map(str, CORES))}"
