"""Memory after 10,000 training steps against after 100: what a training loop leaves behind.

`python -m tests.trust.memory` trains each of `LOOPS` in a process of its own, without the garbage collector, and prints how
much Python's memory (tracemalloc, NumPy's arrays among it) and that of the process have grown.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
from collections.abc import Callable

import tinygrad_rnn as tg
from tinygrad_rnn import nn, optim

EARLY, LATE = 100, 10_000
MOST = 1 << 20  # bytes


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


def growth(make: Callable[[], Callable[[], None]], early: int = EARLY, late: int = LATE) -> tuple[int, int]:
    """How much Python's memory and the process's have grown between two steps, in bytes; the collector is off."""
    tg.manual_seed(0)
    tg.set_num_threads(1)
    step = make()
    for _ in range(early):
        step()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    step()  # what is traced includes from now on what a step keeps anyway
    before = tracemalloc.get_traced_memory()[0], resident()
    try:
        for _ in range(late - early):
            step()
        return tracemalloc.get_traced_memory()[0] - before[0], resident() - before[1]
    finally:
        tracemalloc.stop()
        gc.enable()


def main() -> None:
    if len(sys.argv) > 1:
        print(*growth(LOOPS[sys.argv[1]]))
        return
    worst = 0
    for name in LOOPS:
        done = subprocess.run([sys.executable, "-m", __spec__.name, name], capture_output=True, text=True, check=True)
        python, process = map(int, done.stdout.split())
        worst = max(worst, python, process)
        print(f"{name}: {python / 1e3:+,.1f} kB of Python's memory, {process / 1e3:+,.1f} kB of the process")
    print(f"after {LATE:,} steps against after {EARLY}: growth at most {worst / 1e6:.3f} MB")
    sys.exit(worst >= MOST)


if __name__ == "__main__":
    main()
