"""The adding problem: remember two numbers among many."""

from __future__ import annotations

import numpy as np

from ..autograd.graph import Tensor
from ..nn import functional as F
from .task import GATED, Batch, Setup, Task


class Adding(Task):
    """Two numbers of a sequence are marked, one in each half; say at its end what they sum to.

    x_t = (a number from U(0, 1), 1 where it is marked and 0 elsewhere). Who always says 1, the mean of the sum, has a
    mean squared error of 2/12 = 0.167.

    Args:
        steps: T; a single step has one number, and it is the sum.

    Source: Hochreiter & Schmidhuber 1997; numbers as by Le, Jaitly & Hinton 2015.
    """

    name, title = "adding", "adding problem"
    figure = "MSE"
    goal = 0.01
    inputs, outputs = 2, 1
    baseline = 1 / 6

    def __init__(self, steps: int = 100) -> None:
        if steps < 1:
            raise ValueError(f"Adding: expected at least 1 step, got {steps}")
        self.steps = steps

    def setup(self, cell: str) -> Setup:
        gated = cell in GATED  # an LSTM learns it sooner from orthogonal weights
        return Setup(hidden=64, batch=32, lr=5e-3 if gated else 1e-3, updates=2000, orthogonal=gated)

    def batch(self, random: np.random.Generator, size: int, heldout: bool = False) -> Batch:
        T, each = self.steps, np.arange(size)
        x = np.zeros((T, size, 2), np.float32)
        x[:, :, 0] = random.random((T, size))
        for first, end in ((0, max(1, T // 2)), (T // 2, T)):
            x[random.integers(first, end, size), each, 1] = 1
        return Batch(x, (x[:, :, 0] * x[:, :, 1]).sum(0)[:, None])

    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        return F.mse_loss(scores, Tensor(batch.target))

    def measure(self, scores: Tensor, batch: Batch) -> float:
        return float(np.square(scores.array - batch.target, dtype=np.float64).mean())
