"""Graphs that are deep, wide, or used by many threads at once: each gradient is known exactly.

`python -m tests.trust.graphs` prints how deep, how wide, and how many threads did how many backward passes.
"""

from __future__ import annotations

import sys
import threading

import numpy as np

import tinygrad_rnn as tg


def deep(n: int) -> None:
    """A chain of n operations is run backward and freed, under the recursion limit there is."""
    x = tg.ones(1, dtype=tg.float64, requires_grad=True)
    y = x
    for _ in range(n):
        y = y + 1
    y.sum().backward()
    assert x.grad.item() == 1.0
    del y


def wide(n: int) -> None:
    """n leaves meet in one operation, and one leaf in n."""
    leaves = [tg.tensor([float(k)], requires_grad=True) for k in range(n)]
    (tg.cat(leaves) ** 2).sum().backward()
    assert all([x.grad.item() == 2.0 * k for k, x in enumerate(leaves)])
    x = tg.ones(1, dtype=tg.float64, requires_grad=True)
    tg.stack([x * k for k in range(n)]).sum().backward()
    assert x.grad.item() == n * (n - 1) / 2


def threaded(threads: int, backwards: int) -> None:
    """All threads run backward into the same leaves, each through graphs of its own and through one they share."""
    w = tg.zeros(100, dtype=tg.float64, requires_grad=True)
    shared = (w * 3.0).sum()
    start, errors = threading.Barrier(threads), []

    def work(k: int) -> None:
        try:
            start.wait()
            for _ in range(backwards):
                (w * float(k) + w).sum().backward()
                shared.backward(retain_graph=True)
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not errors, errors
    each = sum([k + 1.0 + 3.0 for k in range(threads)])
    np.testing.assert_array_equal(w.grad.numpy(), np.full(100, backwards * each))


def main() -> None:
    limit = sys.getrecursionlimit()
    deep(1_000_000)
    print(f"a chain of 1,000,000 operations, backward and freed, recursion limit {limit:,}")
    wide(100_000)
    print("100,000 leaves into one operation, one leaf into 100,000: exact")
    threaded(8, 1_000)
    print("8 threads x 1,000 backward passes of their own, and as many of a graph they share: exact")


if __name__ == "__main__":
    main()
