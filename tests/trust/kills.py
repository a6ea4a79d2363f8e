"""Kill processes that are saving, and load what they left: python -m tests.trust.kills --random 500

First a save is killed before and after every line and every call of a C function that it makes, so between all its
system calls. Then processes that save in a loop are killed at random moments. After each kill the file must load, and
be wholly the old or wholly the new one. The last line counts the kills; the exit code says whether a file was lost.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_rnn as tg

ALONE = {"OPENBLAS_NUM_THREADS": "1"}  # else NumPy's import starts threads, and forks of those are warned of
NUMBERS = 100_000  # in a file of the loop: half a megabyte, which takes several system calls


def checkpoint(number: int, size: int) -> dict[str, Any]:
    """Everything in it says which one it is."""
    return {"number": number, "model": {"w": tg.tensor(np.full(size, number, "f4"))}, "b": tg.tensor(float(number))}


def number_in(path: Path, size: int) -> int:
    """Which checkpoint the file is.

    Raises:
        ValueError: it is not one of ours, or a mixture.
    """
    found = tg.load(path)
    numbers = {found["number"], found["b"].item(), *np.unique(found["model"]["w"].numpy()).tolist()}
    if len(numbers) != 1 or found["model"]["w"].shape != (size,):
        raise ValueError(f"{path} has parts of the checkpoints {sorted(numbers)}")
    return found["number"]


def start(function: Callable, *arguments: Any) -> int:
    """The number of a child that runs the function and ends."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            function(*arguments)
            status = 0
        finally:
            os._exit(status)
    return child


def end_of(child: int) -> int:
    """Its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def save_until_event(path: Path, last: int) -> None:
    """Save checkpoint 1 and kill this process at its last-th event."""
    events = count(1)

    def event(frame: Any, kind: str, what: Any) -> Any:
        if next(events) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return event

    new = checkpoint(1, 100)
    sys.setprofile(event)
    sys.settrace(event)
    tg.save(new, path)
    sys.settrace(None)
    sys.setprofile(None)


def save_for_ever(path: Path, first: int) -> None:
    for number in count(first):
        tg.save(checkpoint(number, NUMBERS), path)


def kill_between_calls(path: Path, step: int = 1) -> tuple[int, int, int]:
    """Kills; files that were still the old one, those that were the new one."""
    tg.save(checkpoint(0, 100), path)
    old = new = 0
    for last in count(1, step):
        code = end_of(start(save_until_event, path, last))
        if code == 0:
            return old + new, old, new
        if code != -signal.SIGKILL:
            raise ChildProcessError(f"a save ended with {code}")
        if number_in(path, 100):
            new += 1
            tg.save(checkpoint(0, 100), path)
        else:
            old += 1
        clean(path)
    raise AssertionError


def kill_at_random(path: Path, kills: int, seed: int = 0) -> tuple[int, int, int]:
    """Kills; those in the middle of writing; how many checkpoints were saved in the meantime."""
    chance, last, amid = random.Random(seed), 0, 0
    tg.save(checkpoint(0, NUMBERS), path)
    for _ in range(kills):
        child = start(save_for_ever, path, last + 1)
        before = path.stat().st_mtime_ns
        while path.stat().st_mtime_ns == before:  # until it saves
            time.sleep(0.0005)
        time.sleep(chance.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        end_of(child)
        number = number_in(path, NUMBERS)
        if number <= last:
            raise ValueError(f"checkpoint {number} came back after {last}")
        last = number
        amid += clean(path)
    return kills, amid, last


def clean(path: Path) -> int:
    """Remove what the killed process left beside the file: how many."""
    others = [other for other in path.parent.iterdir() if other != path]
    for other in others:
        other.unlink()
    return len(others)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--random", type=int, default=500, help="kills at random moments")
    parser.add_argument("--step", type=int, default=1, help="of the events only every n-th")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not ALONE.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, "-m", __spec__.name, *sys.argv[1:]], os.environ | ALONE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "checkpoint.safetensors")
        kills, old, new = kill_between_calls(path, options.step)
        print(f"{kills:,} kills between calls: {old:,} left the old file, {new:,} the new one, none a damaged one")
        more, amid, saved = kill_at_random(path, options.random, options.seed)
        print(f"{more:,} kills at random moments, {amid:,} of them amid writing, in {saved:,} saves: no damaged file")
    print(f"{kills + more:,} kills survived")
    return 0


if __name__ == "__main__":
    sys.exit(main())
