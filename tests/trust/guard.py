"""Run every kernel between fences: python -m tests.trust.guard --shapes 100

Each call is made three times: as usual, with all arrays, also those that the kernel allocates, ending at a page that
may not be touched, and with all of them beginning behind one. A read or write outside of an array ends the process;
the results must be the same bits. Sizes are drawn from odd ones, and work is shared between two threads.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.kernels.cases import KINDS, Kind
from tests.kernels.test_sizes import sized
from tests.kernels.test_updates import RULES, arrays
from tests.trust.fences import Fences
from tinygrad_rnn.kernels import cross_entropy, dropout, minimal, norm, scatter, threads, updates
from tinygrad_rnn.kernels.matrix import matmul

ROWS = 1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 24, 25, 33
SIZES = 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 100, 129
FAR = {np.float32: 330, np.float64: 230}  # a weight of so many units is too large for a core's cache
Call = tuple[str, Callable[..., Any], list]  # its name, what to run, and on which arrays


def flat(results: Any) -> list[np.ndarray]:
    """The arrays in nested tuples."""
    if isinstance(results, (tuple, list)):
        return [a for result in results for a in flat(result)]
    return [] if results is None else [np.asarray(results)]


def recurrent(kind: Kind, chance: random.Random, dtype: type, hidden: int | None = None) -> Iterator[Call]:
    """A sequence forward and back; a step forward and back."""
    T, N = chance.randint(1, 4), chance.choice(ROWS)
    I, P = chance.choice(SIZES), chance.choice(SIZES)
    H = hidden or chance.choice(SIZES)
    inputs = sized(kind, T, N, I, H, P, dtype)
    if chance.random() < 0.25:
        inputs[3 + kind.states : 5 + kind.states] = None, None
    reverse = chance.random() < 0.5
    lengths = np.array([chance.randint(0, T) for _ in range(N)]) if chance.random() < 0.5 else None

    def sequence(*given):
        outputs, saved = kind.sequence(given, reverse, lengths)
        return outputs, kind.sequence_vjp(kind.cotangents(outputs), given, saved, reverse, lengths)

    yield f"{kind} sequence", sequence, inputs

    def step(*given):
        outputs, saved = kind.step(*given)
        return outputs, kind.step_vjp(kind.cotangents(outputs), given, saved, (True,) * len(given))

    yield f"{kind} step", step, [inputs[0][0], *inputs[1:]]


def gated(chance: random.Random, dtype: type) -> Iterator[Call]:
    """MinGRU and MinLSTM."""
    T, N, I, H = chance.randint(1, 6), chance.choice(ROWS), chance.choice(SIZES), chance.choice(SIZES)
    normal = np.random.default_rng(chance.randrange(99)).standard_normal
    for shared_out, gates in (False, 2), (True, 3):
        shapes = (T, N, I), (N, H), (gates * H, I), (gates * H,)
        inputs = [normal(shape).astype(dtype) for shape in shapes]

        def sequence(*given, shared_out=shared_out):
            y, h, sums = minimal.sequence(*given, shared_out, False, None)
            return y, h, minimal.sequence_vjp(y, h, *given, y, sums, shared_out, False, None, (True,) * 4)

        yield f"minimal of {gates}", sequence, inputs


def passes(chance: random.Random, dtype: type) -> Iterator[Call]:
    """What is around the recurrence."""
    N, C, K = (chance.choice(SIZES) for _ in range(3))
    normal = np.random.default_rng(chance.randrange(99)).standard_normal
    x = normal((N, C)).astype(dtype)
    names = np.array([chance.randrange(C) for _ in range(N)])

    def loss(x, names):
        top, total, picked = cross_entropy.normalizers(x, names)
        return top, total, picked, cross_entropy.gradient(x, top, (1 / total).astype(dtype), names, top)

    yield "cross entropy", loss, [x, names]
    yield "dropout", lambda x: dropout.drop(x, 7, 0.5), [x]
    yield "norm", norm.sum_of_squares, [x.ravel()]
    table = normal((C, K)).astype(dtype), normal((N, K)).astype(dtype)
    yield "scatter", lambda table, values, names: (scatter.add_rows(values, table, names), table), [*table, names]
    yield "matmul", matmul, [x, normal((C, K)).astype(dtype)]
    yield "matmul, turned", lambda a, b: matmul(a.T, b.T), [x, normal((K, N)).astype(dtype)]
    size = chance.choice(SIZES) * chance.choice(SIZES)
    for name, _, remembered, numbers in RULES:
        update = getattr(updates, name)

        def run(*given, update=update, numbers=numbers):
            update(*given, *numbers)
            return given

        yield name, run, arrays(size, remembered, dtype)


def calls(shapes: int, seed: int) -> Iterator[Call]:
    chance = random.Random(seed)
    for i in range(shapes):
        dtype = (np.float32, np.float64)[i % 2]
        yield from recurrent(KINDS[i // 2 % len(KINDS)], chance, dtype)
        yield from gated(chance, dtype)
        yield from passes(chance, dtype)
        if i < 4:
            yield from recurrent(KINDS[3 - i // 2], chance, dtype, FAR[dtype])


def run_fenced(call: Call) -> int:
    """How many arrays were fenced."""
    name, function, inputs = call
    expected = flat(function(*[None if a is None else a.copy() for a in inputs]))
    number = 0
    for at_end in (True, False):
        fences = Fences(at_end)
        given = [fences.copy(a) for a in inputs]
        with fences.around_kernels():
            results = flat(function(*given))
        for a, b in zip(results, expected, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)
        number += fences.check()
    return number


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shapes", type=int, default=100, help="for each kernel, of float32 and float64 in turn")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    faulthandler.enable()
    threads.WORTH_SHARING = threads.WORTH_WAKING = 0
    threads.set_num_threads(2)
    count, fenced = Counter[str](), 0
    for call in calls(options.shapes, options.seed):
        fenced += run_fenced(call)
        count[call[0]] += 1
    for name in sorted(count):
        print(f"{name:24} {count[name]:6,} calls")
    print(f"{len(count)} kernels, {count.total():,} calls at both fences, {fenced:,} arrays: none was left")
    return 0


if __name__ == "__main__":
    sys.exit(main())
