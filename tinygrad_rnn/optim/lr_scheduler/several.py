"""Schedules made of schedules: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ..optimizer import Optimizer
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler


class Several(LRScheduler):
    """Schedules of one optimiser, saved and loaded together."""

    _schedulers: Sequence[LRScheduler]

    def _check(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> Optimizer:
        """Their optimiser."""
        name = type(self).__name__
        if not schedulers:
            raise ValueError(f"{name} expects at least one scheduler, but got none")
        for i, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(f"{name}: schedulers[{i}] is no scheduler but {type(scheduler).__name__}")
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(f"{name}: schedulers[{i}] is ReduceLROnPlateau, whose step() needs a metric")
            optimizer = optimizer or scheduler.optimizer
            if scheduler.optimizer is not optimizer:
                raise ValueError(f"{name} expects schedulers of the same optimizer, but schedulers[{i}] has another")
        return optimizer  # type: ignore[return-value]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser; of the schedules their state dicts."""
        return {**super().state_dict(), "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        pairs = list(zip(self._schedulers, state_dict["_schedulers"], strict=True))
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "_schedulers"})
        for scheduler, state in pairs:
            scheduler.load_state_dict(state)


class SequentialLR(Several):
    """One schedule after the other: each begins anew at its milestone.

    Args:
        optimizer: whose groups they set.
        schedulers: in their order.
        milestones: the epochs at which the second and all others begin.
        last_epoch: see `LRScheduler`.

    Raises:
        ValueError: not one milestone less than schedules, or schedules of another optimiser.

    Source: `torch.optim.lr_scheduler.SequentialLR`.
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        self.optimizer = self._check(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR expects one milestone less than schedulers, but got {len(milestones)} milestones for "
                f"{len(schedulers)} schedulers"
            )
        self._schedulers, self._milestones = schedulers, milestones
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        undo_first_step(schedulers)  # all have taken one; only one of them has to
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Go to the next epoch."""
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(Several):
    """Several schedules at once: a step of it is one of each, so that their factors multiply.

    Args:
        schedulers: those that go on from the rate that stands in the group.
        optimizer: theirs.

    Raises:
        ValueError: no schedules, or schedules of different optimisers.

    Source: `torch.optim.lr_scheduler.ChainedScheduler`.
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self.optimizer = self._check(schedulers, optimizer)
        self._schedulers = schedulers
        self._last_lr = self._current()

    def step(self) -> None:  # type: ignore[override]
        """Go to the next epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._current()


def undo_first_step(schedulers: Sequence[LRScheduler]) -> None:
    for scheduler in schedulers:
        if isinstance(scheduler, Several):
            undo_first_step(scheduler._schedulers)
        else:
            scheduler.last_epoch -= 1
