"""Copying memory: keep ten symbols while nothing happens, then say them."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.graph import Tensor
from ..nn import functional as F
from .task import GATED, Batch, Setup, Task, one_hot

SYMBOLS, LENGTH = 8, 10  # so many different ones, so many of them to copy
BLANK, GO = SYMBOLS, SYMBOLS + 1


class Copying(Task):
    """Ten symbols, T - 1 blanks, a sign to go, ten blanks; the answer: T + 10 blanks, then the ten symbols.

    Of T + 20 steps the last ten need memory: who has none guesses them among 8, and is sure of the blanks. The cross
    entropy, mean over all steps, is 10 ln 8 / (T + 20) for them.

    Args:
        delay: T, at least 1.

    Source: Hochreiter & Schmidhuber 1997; as by Arjovsky, Shah & Bengio 2016.
    """

    name, title = "copying", "copying memory"
    figure = "cross entropy"
    inputs, outputs = SYMBOLS + 2, SYMBOLS + 1
    each_step = True
    heldout = 500

    def __init__(self, delay: int = 50) -> None:
        if delay < 1:
            raise ValueError(f"Copying: the delay must be at least 1 step, got {delay}")
        self.delay = delay
        steps = delay + 2 * LENGTH
        self.baseline, self.goal = LENGTH * math.log(SYMBOLS) / steps, 0.17 * 70 / steps  # 0.17 at a delay of 50

    def setup(self, cell: str) -> Setup:
        return Setup(
            hidden=100, batch=16, lr=5e-3 if cell in GATED else 1e-3, updates=15_000, forget_bias=4.0, every=500
        )

    def batch(self, random: np.random.Generator, size: int, heldout: bool = False) -> Batch:
        symbols = random.integers(0, SYMBOLS, (LENGTH, size))
        x = np.full((self.delay + 2 * LENGTH, size), BLANK)
        target = x.copy()
        x[:LENGTH] = target[-LENGTH:] = symbols
        x[-LENGTH - 1] = GO
        return Batch(one_hot(x, self.inputs), target)

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        return F.cross_entropy(scores.reshape(-1, self.outputs), Tensor(batch.target.reshape(-1)))

    def measure(self, scores: Tensor, batch: Batch) -> float:
        return self.loss(scores, batch).item()
