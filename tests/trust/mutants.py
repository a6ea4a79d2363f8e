"""Do the tests notice? The engine is broken in one place at a time, and its core tests (`core.py`) must fail.

    pip install cosmic-ray torch==2.13.0
    python -m tests.trust.mutants                      300 mutants drawn with seed 0, about an hour on one core
    python -m tests.trust.mutants --sample 20 --seed 7
    python -m tests.trust.mutants --only autograd/backward.py

Cosmic Ray (https://cosmic-ray.readthedocs.io) finds the places and makes the mutants: another operator, a number off by
one, a comparison turned, a condition negated, a loop that never runs, a decorator less. They are drawn at random, the
same ones for a seed, from all lines of `autograd/` and `ops/` that do something: not from annotations, which are text
here, nor `is` for `==` and back, which are the same for what is compared here. It works on a copy of the tree, and
prints survivors with their change, to be looked at; those that were, and change nothing, are in `equivalent.py`.
"""

from __future__ import annotations

import argparse
import ast
import collections
import compileall
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from .equivalent import EQUIVALENT

ROOT = Path(__file__).parent.parent.parent
MUTATED = "tinygrad_rnn/autograd", "tinygrad_rnn/ops"
SAME = ("_Eq_Is", "_Is_Eq", "_NotEq_IsNot", "_IsNot_NotEq")  # of small numbers, strings and classes they say the same
LIMIT = 120.0  # seconds, after which a mutant counts as killed: it hangs

Place = tuple[int, int]


def annotations(source: str) -> list[tuple[Place, Place]]:
    """Where annotations stand: from line and column to line and column."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for name in ("annotation", "returns"):
            if isinstance(each := getattr(node, name, None), ast.expr):
                found.append(((each.lineno, each.col_offset), (each.end_lineno or 0, each.end_col_offset or 0)))
    return found


def candidates(tree: Path, only: list[str]) -> Iterator:
    """All mutations of the two packages that can change what happens."""
    from cosmic_ray.commands import init
    from cosmic_ray.work_db import WorkDB, use_db

    files = sorted(file for folder in MUTATED for file in (tree / folder).rglob("*.py"))
    files = [file for file in files if not only or any(file.as_posix().endswith(end) for end in only)]
    with use_db(tree / "mutants.sqlite", WorkDB.Mode.create) as found:
        init(files, found, {})
        each = [mutation for item in found.work_items for mutation in item.mutations]
    left_out = {file: annotations(file.read_text(encoding="utf-8")) for file in files}
    for mutation in each:
        if mutation.operator_name.endswith(SAME):
            continue
        if not any(start <= mutation.start_pos < end for start, end in left_out[Path(mutation.module_path)]):
            yield mutation


def tried(mutation, tree: Path, command: str) -> tuple[bool, str]:
    """Whether the tests fail on a mutant, and the change that made it."""
    from cosmic_ray.mutating import mutate_and_test
    from cosmic_ray.work_item import TestOutcome, WorkerOutcome

    result = mutate_and_test([mutation], command, LIMIT)
    if result.worker_outcome != WorkerOutcome.NORMAL:
        raise SystemExit(f"no mutant was made of {mutation}: {result.output}")
    return result.test_outcome != TestOutcome.SURVIVED, (result.diff or "").replace(f"{tree}/", "")


def known(change: str) -> str | None:
    """Why a surviving change is none, if it was looked at."""
    files = re.findall(r"^\+\+\+ b/tinygrad_rnn/(\S+)$", change, re.MULTILINE)
    lines = re.findall(r"^\+ +(.*)$", change, re.MULTILINE)
    return EQUIVALENT.get((files[0], lines[0])) if len(files) == len(lines) == 1 else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=300, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--only", nargs="+", default=[], help="files, by the end of their path")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder).resolve() / "tree"
        for name in ("tinygrad_rnn", "tests"):
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", tree)
        compileall.compile_dir(tree, quiet=1)  # mutants are never written as bytecode
        command = f"sh -c \"cd '{tree}' && '{sys.executable}' -m tests.trust.core\""
        whole = list(candidates(tree, options.only))
        sample = random.Random(options.seed).sample(whole, min(options.sample, len(whole)))
        began = perf_counter()
        run(command)
        print(f"{len(whole):,} mutants are possible, {len(sample)} are tried; the core tests take "
              f"{perf_counter() - began:.1f} s", flush=True)  # fmt: skip
        killed: collections.Counter[str] = collections.Counter()
        tries: collections.Counter[str] = collections.Counter()
        nothing = 0
        for number, mutation in enumerate(sample, 1):
            dead, change = tried(mutation, tree, command)
            package = Path(mutation.module_path).parent.name
            tries[package] += 1
            killed[package] += dead
            if not dead and (why := known(change)):
                nothing += 1
                print(f"\nmutant {number} changes nothing: {why}")
            elif not dead:
                print(f"\nsurvivor {number}\n{change}", flush=True)
            print(f"{number} tried, {killed.total()} killed, {perf_counter() - began:.0f} s", end="\r", file=sys.stderr)
    for package in sorted(tries):
        print(f"{package}: {killed[package]} of {tries[package]} killed")
    print(f"together: {killed.total()} of {tries.total()} killed, {killed.total() / max(1, tries.total()):.1%}")
    real = tries.total() - nothing
    print(f"{nothing} change nothing (equivalent.py); of the other {real}, {killed.total() / max(1, real):.1%} killed")


def run(command: str) -> None:
    """The core tests on the tree as it is: they must pass."""
    from cosmic_ray.testing import run_tests
    from cosmic_ray.work_item import TestOutcome

    outcome, output = run_tests(command, LIMIT)
    if outcome != TestOutcome.SURVIVED:
        raise SystemExit(f"the core tests fail without any mutant:\n{output}")


if __name__ == "__main__":
    main()
