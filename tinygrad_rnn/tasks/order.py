"""Temporal order: which of two symbols came first, among many others."""

from __future__ import annotations

import numpy as np

from ..autograd.graph import Tensor
from ..nn import functional as F
from .task import GATED, Batch, Setup, Task, accuracy, one_hot

OTHERS = 4  # symbols that mean nothing; the two that count come after them


class TemporalOrder(Task):
    """Four symbols at random, but for two places, each with an X or a Y: say which of XX, XY, YX, YY it was.

    In a sequence of L steps the places are in [0.1 L, 0.2 L) and [0.5 L, 0.6 L). L is drawn anew for every sequence, so
    a batch has sequences of different lengths. By chance one is right in a quarter of cases (ln 4 = 1.386 nats).

    Args:
        shortest, longest: L, both included; from 10 on, so that there is a place.

    Source: Hochreiter & Schmidhuber 1997; as by Pascanu, Mikolov & Bengio 2013.
    """

    name, title = "order", "temporal order"
    figure = "accuracy"
    goal = 0.99
    rising = True
    inputs, outputs = OTHERS + 2, 4
    baseline = 0.25

    def __init__(self, shortest: int = 20, longest: int = 50) -> None:
        if not 10 <= shortest <= longest:
            raise ValueError(f"TemporalOrder: expected 10 <= shortest <= longest, got {shortest} and {longest}")
        self.shortest, self.longest = shortest, longest

    def setup(self, cell: str) -> Setup:
        return Setup(hidden=50, batch=20, lr=5e-3 if cell in GATED else 1e-3, updates=10_000)

    def batch(self, random: np.random.Generator, size: int, heldout: bool = False) -> Batch:
        lengths, each = random.integers(self.shortest, self.longest + 1, size), np.arange(size)
        symbols = random.integers(0, OTHERS, (lengths.max(), size))
        target = np.zeros(size, np.int64)
        for tenths in (1, 5):  # whole numbers: 0.1 * 30 is above 3
            places = random.integers(-(-tenths * lengths // 10), -(-(tenths + 1) * lengths // 10))
            which = random.integers(0, 2, size)
            symbols[places, each] = OTHERS + which
            target = 2 * target + which
        return Batch(one_hot(symbols, self.inputs), target, lengths)

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        return F.cross_entropy(scores, Tensor(batch.target))

    def measure(self, scores: Tensor, batch: Batch) -> float:
        return accuracy(scores, batch.target)
