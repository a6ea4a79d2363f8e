"""Schedules that follow the cosine."""

from __future__ import annotations

import math

from ..optimizer import Optimizer
from .scheduler import Schedule, positive_int


class CosineAnnealingLR(Schedule):
    """lr = eta_min + (initial lr - eta_min) * (1 + cos(pi epoch / T_max)) / 2, computed from the last lr.

    After T_max epochs it rises again.

    Args:
        optimizer: whose groups it sets.
        T_max: epochs from the initial to the smallest learning rate.
        eta_min: the smallest learning rate.
        last_epoch: see `LRScheduler`.

    Source: Loshchilov & Hutter 2017; `torch.optim.lr_scheduler.CosineAnnealingLR`.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def lrs(self) -> list[float]:
        if self._is_initial:
            return self._current()
        if self._step_count == 1 and self.last_epoch > 0:  # the first step after others
            return self._get_closed_form_lr()
        height = lambda epoch: 1 + math.cos(math.pi * epoch / self.T_max)
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # no factor leads up from the bottom
            rises = [(lr - self.eta_min) * height(self.T_max - 1) / 2 for lr in self.base_lrs]
            return [lr + rise for lr, rise in zip(self._current(), rises, strict=True)]
        factor = height(self.last_epoch) / height(self.last_epoch - 1)
        return [factor * (lr - self.eta_min) + self.eta_min for lr in self._current()]

    def _get_closed_form_lr(self) -> list[float]:
        return [annealed(lr, self.eta_min, self.last_epoch / self.T_max) for lr in self.base_lrs]


class CosineAnnealingWarmRestarts(Schedule):
    """The first half of a cosine from the initial learning rate to eta_min, and again, each time T_mult times longer.

    Args:
        optimizer: whose groups it sets.
        T_0: epochs of the first.
        T_mult: by what they get longer.
        eta_min: the smallest learning rate.
        last_epoch: see `LRScheduler`.

    Raises:
        ValueError: T_0 or T_mult is not a positive integer, eta_min not a number; an epoch is negative.

    Source: Loshchilov & Hutter 2017; `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`.
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        positive_int(T_0=T_0, T_mult=T_mult)
        if not isinstance(eta_min, (int, float)):
            raise ValueError(f"Expected a number as eta_min, but got {eta_min!r}")
        self.T_0, self.T_i, self.T_mult, self.eta_min = T_0, T_0, T_mult, eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def lrs(self) -> list[float]:
        return [annealed(lr, self.eta_min, self.T_cur / self.T_i) for lr in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch; or to any, also to a part of one: `step(epoch + batch / batches)`."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur % self.T_i, self.T_i * self.T_mult
            epoch = self.last_epoch + 1
        elif epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        elif epoch < self.T_0 or self.T_mult == 1:
            self.T_cur = epoch % self.T_0
            self.T_i = self.T_0
        else:
            n = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))  # restarts before
            self.T_cur = epoch - self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**n
        self._update_lr(math.floor(epoch))


def annealed(lr: float, least: float, part: float) -> float:
    """`part` of the way from lr to `least`, along half a cosine."""
    return least + (lr - least) * (1 + math.cos(math.pi * part)) / 2
