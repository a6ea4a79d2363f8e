"""What one small operation costs, forward and backward: ours beside PyTorch, Value beside micrograd.

    python examples/overhead.py [--rounds 5]

A chain of alternating products and sums on 16 elements (for the scalar engines: on one number), built and
differentiated again and again on one thread with the garbage collector on. Every measurement is the median
of many repetitions in a process of its own; the engines take turns, and the ratio is the median over the rounds.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from statistics import median
from time import perf_counter

PAIRS = 50  # products and sums in a chain, each
REPETITIONS, WARM_UP = 1500, 300
CONTESTS = {"tensor of 16": ("tinygrad_rnn", "torch", 0.6), "scalar": ("Value", "micrograd", 1.1)}


def tinygrad_rnn():
    import tinygrad_rnn as tg

    dy = tg.ones(16)
    return lambda: (tg.ones(16, requires_grad=True), tg.full((16,), 0.5)), lambda y: y.backward(dy)


def torch():
    import torch

    torch.set_num_threads(1)
    dy = torch.ones(16)
    return lambda: (torch.ones(16, requires_grad=True), torch.full((16,), 0.5)), lambda y: y.backward(dy)


def Value():  # noqa: N802
    from tinygrad_rnn import Value

    return lambda: (Value(1.0), Value(0.5)), lambda y: y.backward()


def micrograd():
    from micrograd.engine import Value

    return lambda: (Value(1.0), Value(0.5)), lambda y: y.backward()


ENGINES = {engine.__name__: engine for engine in (tinygrad_rnn, torch, Value, micrograd)}


def measure(engine: str) -> float:
    """Microseconds for one operation, forward and backward, in this process."""
    make, backward = ENGINES[engine]()

    def repetition() -> float:
        before = perf_counter()
        x, w = make()
        y = x
        for _ in range(PAIRS):
            y = y * w
            y = y + x
        backward(y)
        return perf_counter() - before

    seconds = [repetition() for _ in range(REPETITIONS)]
    return median(seconds[WARM_UP:]) / (2 * PAIRS) * 1e6


def measure_apart(engine: str) -> float:
    """The same in a fresh process on one thread."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, __file__, "--engine", engine]
    return float(
        subprocess.run(command, env=os.environ | threads, check=True, stdout=subprocess.PIPE, text=True).stdout
    )


def contest(name: str, ours: str, theirs: str, wanted: float, rounds: int) -> None:
    """Print both engines' figures and their ratio, or only ours where the other is not installed."""
    if importlib.util.find_spec(theirs) is None:
        print(f"{name:14} {ours} {measure_apart(ours):.2f} us; {theirs} is not installed: pip install {theirs}")
        return
    pairs = []
    for k in range(rounds):
        order = (ours, theirs) if k % 2 == 0 else (theirs, ours)
        found = {engine: measure_apart(engine) for engine in order}
        pairs.append((found[ours], found[theirs]))
    a, b = (median(column) for column in zip(*pairs, strict=True))
    ratio = median([a / b for a, b in pairs])
    print(f"{name:14} {ours} {a:.2f} us, {theirs} {b:.2f} us, ratio {ratio:.2f} (aim: at most {wanted})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each engine")
    parser.add_argument("--engine", choices=ENGINES, help="measure this one only, in this process")
    options = parser.parse_args()
    if options.engine:
        print(measure(options.engine))
        return
    print("one operation, forward + backward, one thread, garbage collector on")
    for name, (ours, theirs, wanted) in CONTESTS.items():
        contest(name, ours, theirs, wanted, options.rounds)


if __name__ == "__main__":
    main()
