"""LRScheduler: what sets the learning rates, and what the schedules share."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

from ..optimizer import Optimizer


class LRScheduler:
    """A schedule: `get_lr` says the learning rates of step `last_epoch`, and `step` sets them.

    Derive from it and write `get_lr`, which finds the learning rates at first in `base_lrs`. A
    `_get_closed_form_lr` beside it, which must not depend on the rates that stand in the groups, is asked when the
    epoch is given.

    Args:
        optimizer: whose groups it sets.
        last_epoch: the number of the last step when resuming, -1 for a fresh start.

    Raises:
        TypeError: not an optimiser.
        KeyError: resuming, but the groups do not say their "initial_lr".

    Source: `torch.optim.lr_scheduler.LRScheduler`.
    """

    _get_lr_called_within_step = False
    _is_initial = False  # whether this is the step that the constructor takes

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming a schedule with "
                    f"last_epoch={last_epoch}: load the optimizer's state dict first"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self) -> list[float]:
        """The learning rates, one a group, at step `last_epoch`; what `step` sets."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr()")

    def get_last_lr(self) -> list[float]:
        """The learning rates that were set last."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch: call it after `optimizer.step()`.

        Args:
            epoch: go to this one; deprecated, as in PyTorch.
        """
        own_step = type(self.optimizer).step is not Optimizer.step  # then nobody noted whether it was called
        if self._step_count == 1 and not (own_step or self.optimizer.stepped):
            warnings.warn(
                "lr_scheduler.step() was called before optimizer.step(): the first learning rate of the "
                "schedule is skipped. Call them in the opposite order.",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warn_of_epoch()
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        """Go to this epoch, or the next."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._get_lr_called_within_step = True
        try:
            closed_form = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
            lrs = (closed_form or self.get_lr)()
        finally:
            self._get_lr_called_within_step = False
        self._set(lrs)

    def _set(self, lrs: Sequence[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr
        self._last_lr = list(lrs)

    def _current(self, factor: float = 1) -> list[float]:
        """The learning rates that stand in the groups, times a factor."""
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where the schedule stood that gave this state dict; unknown entries are left out."""
        known = self.state_dict()
        self.__dict__.update({name: value for name, value in state_dict.items() if name in known})


class Schedule(LRScheduler):
    """One of those in this package.

    Attributes:
        lrs: the learning rates, one a group, at step `last_epoch`.
    """

    lrs: Callable[[], list[float]]

    def get_lr(self) -> list[float]:
        """The learning rates at step `last_epoch`, for `step`; what was set last says `get_last_lr`."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "get_lr() computes what step() is to set: to get the last learning rates, use get_last_lr()",
                UserWarning,
                stacklevel=2,
            )
        return self.lrs()

    def _scaled(self, factor: float) -> list[float]:
        """The initial learning rates, times a factor."""
        return [lr * factor for lr in self.base_lrs]


def warn_of_epoch() -> None:
    warnings.warn(
        "the epoch parameter of scheduler.step() is deprecated: call step() without it",
        UserWarning,
        stacklevel=3,
    )


def check_optimizer(optimizer) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def each_group(optimizer: Optimizer, name: str, value) -> list:
    """One value a parameter group: a list must have as many."""
    n = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * n
    if len(value) != n:
        raise ValueError(f"expected {n} values for {name}, one a parameter group, but got {len(value)}")
    return list(value)


def positive_int(**values) -> None:
    for name, value in values.items():
        if not isinstance(value, int) or value <= 0:
            raise ValueError(f"Expected positive integer {name}, but got {value!r}")


def set_momentum(group: dict[str, Any], momentum: float) -> None:
    """Under the name it has there; of Adam it is the first beta."""
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def momentum_bounds(optimizer: Optimizer, base: Any, most: Any, fresh: bool) -> tuple[list, list]:
    """The bounds between which a schedule moves the momentum of each group, which begins at the upper one."""
    if {"betas", "momentum"}.isdisjoint(optimizer.defaults):
        raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
    bases = each_group(optimizer, "base_momentum", base)
    tops = each_group(optimizer, "max_momentum", most)
    if fresh:
        for group, low, high in zip(optimizer.param_groups, bases, tops, strict=True):
            set_momentum(group, high)
            group["max_momentum"], group["base_momentum"] = high, low
    return bases, tops


def attributes(function: Callable | None) -> dict[str, Any] | None:
    """What can be saved of a function: the attributes of a callable object; a lambda has none."""
    return None if function is None or isinstance(function, FunctionType) else dict(function.__dict__)


def restore(function: Callable | None, saved: dict[str, Any] | None) -> None:
    """The attributes again."""
    if saved is not None:
        function.__dict__.update(saved)
