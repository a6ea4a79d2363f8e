"""Which numbers of a model are sizes: found by running it at several sizes of its dynamic axes.

To a model a size is a plain number; it multiplies, divides and compares it, and hands the result to operations. So
the model runs several times. A number that is the same in every run is a constant. One that differs must be
`factor * product of axes + offset` in all of them; the sizes are chosen so that no two such terms look alike.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement, count
from typing import NamedTuple

RUNS = 6  # two determine factor and offset, the others confirm them


class Size(NamedTuple):
    """A number that depends on the lengths of dynamic axes: factor * axes[0] * axes[1] * ... + offset."""

    factor: int
    axes: tuple[str, ...]
    offset: int

    def __str__(self) -> str:
        product = "*".join([str(self.factor)] * (self.factor != 1) + list(self.axes))
        return product + (f"{self.offset:+}" if self.offset else "")


class Runs:
    """The lengths of the dynamic axes in each run."""

    def __init__(self, lengths: Sequence[dict[str, int]]) -> None:
        self.lengths = lengths
        self._terms = terms(lengths)

    def explain(self, numbers: Sequence[int]) -> int | Size | None:
        """What a number is that was numbers[i] in run i; None if that does not follow from the lengths alone."""
        first, second = numbers[:2]
        if len(set(numbers)) == 1:
            return first
        for axes, values in self._terms.items():
            factor, rest = divmod(second - first, values[1] - values[0])
            offset = first - factor * values[0]
            if not rest and all([n == factor * v + offset for n, v in zip(numbers, values)]):
                return Size(factor, axes, offset)
        return None


def terms(lengths: Sequence[dict[str, int]]) -> dict[tuple[str, ...], list[int]]:
    """Every product of one, two or three axes (two of them may be the same), with its value in each run."""
    names = list(lengths[0])
    products = [*combinations(names, 1), *combinations_with_replacement(names, 2), *combinations(names, 3)]
    return {axes: [math.prod([run[name] for name in axes]) for run in lengths] for axes in products}


def trial_lengths(example: dict[str, int], within: bool) -> list[dict[str, int]]:
    """Lengths for the runs, none below 2: what is 1 is broadcast, and tells little.

    Args:
        example: the lengths in the user's arguments.
        within: not above these where they leave a choice, else always above.
    """
    draw = random.Random(0).randint
    for tried in count():
        room = 6 + tried // 500  # of many axes there are many products to tell apart
        bounds = [(2, max(n, room)) if within else (max(n, 1) + 1, n + room) for n in example.values()]
        runs = [dict(zip(example, [draw(*each) for each in bounds])) for _ in range(RUNS)]
        if not example or distinct([*terms(runs).values(), list(range(RUNS))]):
            return runs
    raise AssertionError  # never: count() does not end


def distinct(rows: list[list[int]]) -> bool:
    """Whether no row is factor * another + offset, and none has the same number in the first two runs."""
    steps = [[b - a for a, b in zip(row, row[1:])] for row in rows]
    parallel = lambda u, v: all([u[i] * v[j] == u[j] * v[i] for i, j in combinations(range(len(u)), 2)])
    return all([u[0] for u in steps]) and not any([parallel(u, v) for u, v in combinations(steps, 2)])
