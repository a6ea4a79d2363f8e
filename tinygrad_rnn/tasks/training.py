"""Training on a task: clipping, looks at a held-out batch, and an honest end where numbers end."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

import numpy as np

from ..autograd.graph import Tensor
from ..autograd.scope import no_grad
from ..divergence import Diverged, backward
from ..optim import Adam
from ..random import manual_seed
from ..serialization import save
from .network import Network
from .task import Batch, Setup, Task


class Point(NamedTuple):
    """What is seen of a training where it is looked at.

    Attributes:
        update: after how many.
        loss: of the batch learnt from.
        norm: of its gradient, before clipping.
        figure: the task's, on the held-out batch.
    """

    update: int
    loss: float
    norm: float
    figure: float


@dataclass
class Curve:
    """A training, from the first update to the one that reached the goal or was the last.

    Attributes:
        points: what was seen at each look.
        seconds: how long the updates took.
        solved: whether the goal was reached.
    """

    points: list[Point] = field(default_factory=list)
    seconds: float = 0.0
    solved: bool = False

    @property
    def updates(self) -> int:
        """After how many updates each error was measured."""
        return self.points[-1].update

    @property
    def figure(self) -> float:
        """That of the end."""
        return self.points[-1].figure


def network(task: Task, cell: str, setup: Setup, seed: int) -> Network:
    """A network for a task, its first parameters decided by the seed.

    Args:
        task: whose inputs and outputs it has.
        cell: its recurrent part, as for `recurrent`.
        setup: its size, and how it begins.
        seed: of the default generator, which is seeded with it.
    """
    manual_seed(seed)
    begins = {name: getattr(setup, name) for name in ("forget_bias", "input_std", "orthogonal")}
    return Network(cell, task.inputs, setup.hidden, task.outputs, task.each_step, **begins)


def train(
    task: Task,
    net: Network,
    setup: Setup,
    seed: int = 0,
    *,
    to_the_end: bool = False,
    show: Callable[[Point], object] | None = None,
    checkpoint: str | os.PathLike | None = None,
) -> Curve:
    """Train until the goal is reached on held-out sequences, or for as many updates as the set-up has.

    Each look at the held-out batch is also a checkpoint: the parameters that gave finite numbers.

    Args:
        task: what to learn.
        net: it is changed.
        setup: how it is trained.
        seed: of the batches.
        to_the_end: go on where the goal is reached.
        show: called after each look.
        checkpoint: the file that the parameters are written to at each look; None keeps them in memory only.

    Raises:
        Diverged: the loss or the gradient of an update is not finite; `net` then has the parameters of the last look
            (the first ones, where there was none), and the error names what made the number.
    """
    random = np.random.default_rng([seed, 0])
    heldout = task.batch(np.random.default_rng([seed, 1]), task.heldout, heldout=True)
    optimizer = Adam(net.parameters(), lr=setup.lr)
    curve, began = Curve(), perf_counter()
    good, looked = copied(net), 0
    for update in range(1, setup.updates + 1):
        batch = task.batch(random, setup.batch)
        try:
            loss, norm = learn(task, net, optimizer, batch, setup.clip)
        except Diverged as error:
            net.load_state_dict(good)
            kept = f" and in {os.fspath(checkpoint)}" if checkpoint and looked else ""
            where = f"The network has its parameters of update {looked}{kept}"
            raise Diverged(f"update {update}: {error}. {where}") from None
        if update % setup.every == 0 or update == setup.updates:
            point = Point(update, loss, norm, evaluate(task, net, heldout))
            if math.isfinite(point.figure):
                good, looked = copied(net), update
                if checkpoint:
                    save(good, checkpoint)
            curve.points.append(point)
            curve.seconds = perf_counter() - began
            curve.solved = curve.solved or task.solved(point.figure)
            if show:
                show(point)
            if curve.solved and not to_the_end:
                break
    return curve


def learn(task: Task, net: Network, optimizer: Adam, batch: Batch, clip: float) -> tuple[float, float]:
    """One update: the loss, and the norm of its gradient before clipping.

    Raises:
        Diverged: one of them is not finite; nothing was changed.
    """

    def forward() -> Tensor:
        return task.loss(net(Tensor(batch.x), batch.lengths), batch)

    optimizer.zero_grad()
    loss = forward()
    norm = backward(loss, net, clip, forward)
    optimizer.step()
    return loss.item(), norm


@no_grad()
def evaluate(task: Task, net: Network, batch: Batch) -> float:
    """The task's figure on a batch."""
    return task.measure(net(Tensor(batch.x), batch.lengths), batch)


def copied(net: Network) -> dict[str, Tensor]:
    """The parameters as they are now."""
    return {name: parameter.clone() for name, parameter in net.state_dict().items()}
