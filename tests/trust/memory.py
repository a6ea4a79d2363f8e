"""Memory after 10,000 training steps against after 100: what a training loop leaves behind.

`python -m tests.trust.memory` trains each of `LOOPS` in a process of its own, without the garbage collector, and prints
how much Python's memory (tracemalloc, NumPy's arrays among it) and that of the process have grown.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import NamedTuple

import tinygrad_rnn as tg
from tinygrad_rnn import nn, optim

EARLY, LATE = 100, 10_000
MOST = 1_000_000  # bytes


def classifier() -> Callable[[], None]:
    model = nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 4))
    optimizer = optim.AdamW(model.parameters())
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, 100)
    x, target = tg.randn(16, 8), tg.randint(0, 4, (16,))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), target).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()

    return step


def lstm(granularity: str) -> Callable[[], None]:
    model, head = nn.LSTM(2, 3), nn.Linear(3, 1)
    optimizer = optim.Adam([*model.parameters(), *head.parameters()])
    x, state = tg.randn(2, 1, 2), None

    def step() -> None:
        nonlocal state
        with tg.granularity(granularity):
            y, state = model(x, state)
        state = tuple([s.detach() for s in state])
        optimizer.zero_grad()
        head(y[-1]).square().mean().backward()
        optimizer.step()

    return step


def in_place() -> Callable[[], None]:
    w = tg.ones(4, requires_grad=True)
    optimizer = optim.SGD([w], 1e-3, momentum=0.9)

    def step() -> None:
        out = tg.zeros(3, 4)
        for t in range(3):
            out[t] = (w * (t + 1)).tanh_()
        optimizer.zero_grad(set_to_none=False)
        out.square().sum().backward()
        optimizer.step()

    return step


def second_order() -> Callable[[], None]:
    w = tg.ones(4, requires_grad=True)

    def step() -> None:
        (dw,) = tg.autograd.grad((w**3).sum(), w, create_graph=True)
        handle = dw.register_hook(lambda ddw: ddw * 0.5)
        (dw * dw).sum().backward()
        handle.remove()
        w.grad = None

    return step


def failing() -> Callable[[], None]:
    """Every step ends with an error, in the forward pass or in the backward pass."""
    model = nn.GRU(3, 4)

    def step() -> None:
        for x in (tg.randn(2, 1, 3), tg.randn(2, 1, 5)):
            try:
                y, _ = model(x)
                y.exp_().sum().backward()
                y.sum().backward()
            except RuntimeError:
                continue

    return step


LOOPS: dict[str, Callable[[], Callable[[], None]]] = {
    "classifier, AdamW, schedule": classifier,
    "LSTM at sequence granularity": lambda: lstm("sequence"),
    "LSTM at step granularity": lambda: lstm("step"),
    "LSTM at op granularity": lambda: lstm("op"),
    "in-place writes and views": in_place,
    "gradients of gradients, hooks": second_order,
    "every step fails": failing,
}


def resident() -> int:
    """Bytes of this process that are in memory; 0 where the system does not say it."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return 0


class Growth(NamedTuple):
    python: int  # bytes of Python's memory; 0 if not traced
    process: int  # bytes
    garbage: int  # objects that only the collector could free


def growth(make: Callable[[], Callable[[], None]], early: int = EARLY, late: int = LATE, traced: bool = True) -> Growth:
    """How much memory has grown between two steps, while the collector was off.

    It runs once at the end: to count garbage, and because it also empties the lists of freed objects that Python keeps.
    """
    tg.manual_seed(0)
    tg.set_num_threads(1)
    step = make()
    for _ in range(early):
        step()
    gc.collect()
    gc.disable()
    try:
        if traced:
            tracemalloc.start()
            step()  # from now on what a step keeps anyway is counted
        gc.collect()
        before = tracemalloc.get_traced_memory()[0], resident()
        for _ in range(late - early):
            step()
        grown = tracemalloc.get_traced_memory()[0]
        garbage = gc.collect()
        if not garbage:
            grown = tracemalloc.get_traced_memory()[0]
        return Growth(grown - before[0], resident() - before[1], garbage)
    finally:
        tracemalloc.stop()
        gc.enable()


def in_a_process(name: str, traced: bool) -> Growth:
    command = [sys.executable, "-m", "tests.trust.memory", name, "traced" * traced]
    return Growth(*map(int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()))


def main() -> None:
    if len(sys.argv) > 1:
        print(*growth(LOOPS[sys.argv[1]], traced=bool(sys.argv[2])))
        return
    worst = garbage = 0
    for name in LOOPS:
        python, process = in_a_process(name, traced=True), in_a_process(name, traced=False).process
        worst, garbage = max(worst, python.python, process), garbage + python.garbage
        said = f"{python.python / 1e3:+,.1f} kB of Python's memory, {process / 1e3:+,.1f} kB of the process"
        print(f"{name}: {said}, {python.garbage} objects left to the collector", flush=True)
    print(f"after {LATE:,} steps against after {EARLY}: growth at most {worst / 1e6:.3f} MB, garbage {garbage}")
    sys.exit(worst >= MOST or garbage > 0)


if __name__ == "__main__":
    main()
