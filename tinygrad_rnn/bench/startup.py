"""Section: how long it takes to import, and to train for the first time."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec

from .bench import Bench
from .child import Child, environment
from .measure import take_turns
from .row import Row, compare
from .work import Layer

IMPORT, STEP = "import", "first training step"
MODULES = {"ours": "tinygrad_rnn", "numpy": "numpy", "numba": "numba", "torch": "torch", "jax": "jax"}
LAYER = Layer("LSTM", 20, 8, 32, 64)
CODE = "from time import perf_counter as now; began = now(); import {}; print(now() - began)"


def plan(quick: bool) -> list[str]:
    return [IMPORT, STEP]


def measure(bench: Bench, job: str) -> Iterator[Row]:
    """Everything in fresh interpreters, on all threads."""
    yield from imports(bench) if job == IMPORT else first_steps(bench)


def imports(bench: Bench) -> Iterator[Row]:
    """`import`."""
    entrants = {
        library: partial(seconds_to_import, module, max(bench.threads))
        for library, module in MODULES.items()
        if find_spec(module)
    }
    if not bench.quick:
        take_turns(entrants, 1)  # the first time, files come from the disk
    figures, ratios = compare(take_turns(entrants, 1 if bench.quick else bench.rounds), 1e3)
    yield Row("startup", "fresh interpreter", IMPORT, "ms", figures, ratios)


def seconds_to_import(module: str, threads: int) -> float:
    """In a fresh interpreter."""
    command = [sys.executable, "-P", "-c", CODE.format(module)]
    return float(subprocess.run(command, env=environment(threads), check=True, stdout=subprocess.PIPE).stdout)


def first_steps(bench: Bench) -> Iterator[Row]:
    """Building an LSTM and its first training step, with an empty cache of compiled kernels and with a filled one.

    The library and Numba are imported before; torch and jax keep no cache, so both rows have the same of theirs.
    """
    threads = max(bench.threads)

    def step(library: str, cache: str) -> float:
        with Child(library, threads, {"TINYGRAD_RNN_CACHE_DIR": cache}) as child:
            return child.ask("prepare", work="layer", sizes=list(LAYER))["seconds"]

    def twice(library: str) -> tuple[float, float]:
        with tempfile.TemporaryDirectory() as cache:
            first = step(library, cache)
            return first, step(library, cache) if library == "ours" else first

    entrants = {library: partial(twice, library) for library in bench.starters}
    with bench.noting(STEP):
        found = take_turns(entrants, 1 if bench.quick else 3)
        for k, name in enumerate(["empty kernel cache", "second process"]):
            figures, ratios = compare({library: [pair[k] for pair in pairs] for library, pairs in found.items()})
            yield Row("startup", "first training step", f"{LAYER}, {name}", "s", figures, ratios, threads)
