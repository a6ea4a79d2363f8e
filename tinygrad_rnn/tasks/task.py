"""What every task has: batches, a loss, a figure that says how well it is solved, and set-ups."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..autograd.graph import Tensor

GATED = ("gru", "lstm")


class Batch(NamedTuple):
    """Sequences, time first.

    Attributes:
        x: float32 [T, N, I].
        target: what the task's loss compares with.
        lengths: int64 [N], where sequences end before T; None where all have T steps.
        more: what only the task's figure needs.
    """

    x: np.ndarray
    target: np.ndarray
    lengths: np.ndarray | None = None
    more: Any = None


@dataclass(frozen=True)
class Setup:
    """How a network is trained: Adam, gradients clipped by their norm.

    Attributes:
        hidden: features of the state.
        batch: sequences in an update.
        lr: learning rate.
        updates: at most so many.
        clip: the largest norm of a gradient.
        forget_bias: with which an LSTM's forget gates begin; None leaves them as they are.
        input_std: with which the inputs' weights of an IRNN begin.
        orthogonal: whether recurrent weights begin so, see `recurrent`.
        every: updates between two looks at the held-out batch.
    """

    hidden: int
    batch: int
    lr: float
    updates: int
    clip: float = 1.0
    forget_bias: float | None = 1.0
    input_std: float = 0.001
    orthogonal: bool = False
    every: int = 100


class Task(ABC):
    """A task.

    Attributes:
        name: a word, its key in TASKS.
        title: the name in full.
        figure: what `measure` measures.
        rising: whether a larger figure is a better one.
        inputs, outputs: I, and how many numbers a prediction has.
        each_step: whether there is a prediction at every step, or one at the end.
        goal: the task counts as solved from this figure on.
        baseline: the figure of who remembers nothing.
        heldout: sequences to measure with.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    figure: ClassVar[str]
    rising: ClassVar[bool] = False
    inputs: ClassVar[int]
    outputs: ClassVar[int]
    each_step: ClassVar[bool] = False
    goal: float
    baseline: float
    heldout: int = 1000

    @abstractmethod
    def setup(self, cell: str) -> Setup:
        """How a network of this cell is trained."""

    @abstractmethod
    def batch(self, random: np.random.Generator, size: int, heldout: bool = False) -> Batch:
        """So many random sequences; with `heldout` such as never occur in training, where one might come twice."""

    @abstractmethod
    def loss(self, scores: Tensor, batch: Batch) -> Tensor:
        """What is made smaller, 0-d: of predictions [T, N, outputs] with `each_step`, else [N, outputs]."""

    @abstractmethod
    def measure(self, scores: Tensor, batch: Batch) -> float:
        """The figure."""

    def solved(self, figure: float) -> bool:
        """Whether the goal is reached."""
        return figure >= self.goal if self.rising else figure <= self.goal


def one_hot(symbols: np.ndarray, count: int) -> np.ndarray:
    """int [...] -> float32 [..., count]."""
    return np.eye(count, dtype=np.float32)[symbols]


def accuracy(scores: Tensor, classes: np.ndarray) -> float:
    """The share of rows of scores [N, K] that are largest at their class."""
    return float((scores.array.argmax(-1) == classes).mean())
