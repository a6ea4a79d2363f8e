"""Schedules that multiply the learning rate with a factor."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..optimizer import Optimizer
from .scheduler import Schedule, attributes, check_optimizer, each_group, restore


class LambdaLR(Schedule):
    """lr = initial lr * lr_lambda(epoch).

    Args:
        lr_lambda: from the number of the epoch, an int, to the factor; or a list of such functions, one for each group.

    Other arguments as for `LRScheduler`. Source: `torch.optim.lr_scheduler.LambdaLR`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.lr_lambdas = each_group(optimizer, "lr_lambdas", lr_lambda)
        super().__init__(optimizer, last_epoch)

    def lrs(self) -> list[float]:
        return [lr * factor(self.last_epoch) for lr, factor in zip(self.base_lrs, self.lr_lambdas, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Of the functions only the attributes of callable objects: a lambda cannot be saved."""
        return {**super().state_dict(), "lr_lambdas": [attributes(function) for function in self.lr_lambdas]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        pairs = list(zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True))
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "lr_lambdas"})
        for function, saved in pairs:
            restore(function, saved)


class MultiplicativeLR(LambdaLR):
    """lr = lr * lr_lambda(epoch), from epoch 1 on.

    Args:
        lr_lambda: from the number of the epoch, an int, to the factor; or a list of such functions, one for each group.

    Raises:
        TypeError: one of them is not a function.

    Other arguments as for `LRScheduler`. Source: `torch.optim.lr_scheduler.MultiplicativeLR`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        for function in lr_lambda if isinstance(lr_lambda, (list, tuple)) else [lr_lambda]:
            if not callable(function):
                raise TypeError(f"lr_lambda should be a function, but got {type(function).__name__}")
        super().__init__(optimizer, lr_lambda, last_epoch)

    def lrs(self) -> list[float]:
        if self._is_initial:
            return self._current()
        return [lr * factor(self.last_epoch) for lr, factor in zip(self._current(), self.lr_lambdas, strict=True)]


class StepLR(Schedule):
    """lr = lr * gamma every `step_size` epochs.

    Other arguments as for `LRScheduler`. Source: `torch.optim.lr_scheduler.StepLR`.
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def lrs(self) -> list[float]:
        due = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return self._current(self.gamma if due else 1)

    def _get_closed_form_lr(self) -> list[float]:
        return self._scaled(self.gamma ** (self.last_epoch // self.step_size))


class MultiStepLR(Schedule):
    """lr = lr * gamma at each of the epochs `milestones`.

    Other arguments as for `LRScheduler`. Source: `torch.optim.lr_scheduler.MultiStepLR`.
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def lrs(self) -> list[float]:
        return self._current(self.gamma ** self.milestones[self.last_epoch])

    def _get_closed_form_lr(self) -> list[float]:
        return self._scaled(self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch))


class ConstantLR(Schedule):
    """lr = initial lr * factor until epoch `total_iters`, then the initial one.

    Raises:
        ValueError: the factor is not in [0, 1].

    Other arguments as for `LRScheduler`. Source: `torch.optim.lr_scheduler.ConstantLR`.
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        if not 0 <= factor <= 1:
            raise ValueError(f"Constant multiplicative factor expected to be between 0 and 1, got {factor}")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def lrs(self) -> list[float]:
        if self.last_epoch == 0:
            return self._current(self.factor)
        return self._current(1 / self.factor if self.last_epoch == self.total_iters else 1)

    def _get_closed_form_lr(self) -> list[float]:
        return self._scaled(1 if self.last_epoch >= self.total_iters else self.factor)


class LinearLR(Schedule):
    """lr = initial lr * a factor that goes straight from start_factor to end_factor in `total_iters` epochs.

    Raises:
        ValueError: the start is not in (0, 1], or the end not in [0, 1].

    Other arguments as for `LRScheduler`. Source: `torch.optim.lr_scheduler.LinearLR`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(f"Starting multiplicative factor expected to be in (0, 1], got {start_factor}")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"Ending multiplicative factor expected to be between 0 and 1, got {end_factor}")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def lrs(self) -> list[float]:
        if self.last_epoch == 0:
            return self._current(self.start_factor)
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._current()
        rise = self.end_factor - self.start_factor
        return self._current(1 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))

    def _get_closed_form_lr(self) -> list[float]:
        part = min(self.total_iters, self.last_epoch) / self.total_iters
        return self._scaled(self.start_factor + (self.end_factor - self.start_factor) * part)


class ExponentialLR(Schedule):
    """lr = lr * gamma every epoch.

    Other arguments as for `LRScheduler`. Source: `torch.optim.lr_scheduler.ExponentialLR`.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def lrs(self) -> list[float]:
        return self._current(1 if self._is_initial else self.gamma)

    def _get_closed_form_lr(self) -> list[float]:
        return self._scaled(self.gamma**self.last_epoch)


class PolynomialLR(Schedule):
    """lr = initial lr * (1 - epoch / total_iters)^power, then 0.

    Other arguments as for `LRScheduler`. Source: `torch.optim.lr_scheduler.PolynomialLR`.
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def lrs(self) -> list[float]:
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._current()
        left = [1 - epoch / self.total_iters for epoch in (self.last_epoch - 1, self.last_epoch)]
        return self._current((left[1] / left[0]) ** self.power)

    def _get_closed_form_lr(self) -> list[float]:
        return self._scaled((1 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power)
