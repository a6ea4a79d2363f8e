"""ReduceLROnPlateau: a smaller learning rate when a metric no longer improves."""

from __future__ import annotations

import math

from ..optimizer import Optimizer
from .scheduler import LRScheduler, check_optimizer, each_group, warn_of_epoch


class ReduceLROnPlateau(LRScheduler):
    """lr = lr * factor once a metric has not improved for more than `patience` epochs.

    Args:
        optimizer: whose groups it sets.
        mode: "min" if smaller metrics are better, else "max".
        factor: what the learning rate is multiplied by, below 1.
        patience: epochs without improvement that are borne.
        threshold: how much better counts as better: a part of the best metric ("rel") or an amount ("abs").
        threshold_mode: "rel" or "abs".
        cooldown: epochs after a reduction in which nothing is counted.
        min_lr: never go below; one number or one a group.
        eps: a smaller change of the learning rate is not made.

    Raises:
        ValueError: a bad argument.

    Source: `torch.optim.lr_scheduler.ReduceLROnPlateau`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        check_optimizer(optimizer)
        if factor >= 1:
            raise ValueError(f"Factor should be < 1.0, got {factor}")
        if mode not in ("min", "max"):
            raise ValueError(f"mode {mode!r} is unknown: expected 'min' or 'max'")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold mode {threshold_mode!r} is unknown: expected 'rel' or 'abs'")
        self.optimizer = optimizer
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.factor, self.patience, self.cooldown, self.eps = factor, patience, cooldown, eps
        self.min_lrs = each_group(optimizer, "min_lr", min_lr)
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr  # of groups that are added
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.last_epoch = 0
        self._last_lr = self._current()
        self._reset()

    def _reset(self) -> None:
        """Forget all metrics."""
        self.best = self.mode_worse
        self.cooldown_counter = self.num_bad_epochs = 0

    def step(self, metrics, epoch: int | None = None) -> None:  # type: ignore[override]
        """Judge the epoch by its metric, a number or a tensor with one element."""
        metric = float(metrics)
        if epoch is not None:
            warn_of_epoch()
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self.num_bad_epochs += 1
        if self._is_better(metric):
            self.best, self.num_bad_epochs = metric, 0
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        lrs = self._current()
        if self.num_bad_epochs > self.patience:
            lrs = self._reduced()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._set(lrs)

    @property
    def in_cooldown(self) -> bool:
        """Whether it waits, after a reduction, before it counts again."""
        return self.cooldown_counter > 0

    def _reduced(self) -> list[float]:
        """The learning rates after a reduction."""
        if len(self.min_lrs) != len(self.optimizer.param_groups):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"ReduceLROnPlateau has {len(self.min_lrs)} values in min_lrs, the optimizer now has "
                    f"{len(self.optimizer.param_groups)} parameter groups: add to min_lrs, too"
                )
            self.min_lrs = each_group(self.optimizer, "min_lr", self.default_min_lr)
        reduced = [max(lr, least) for lr, least in zip(self._current(self.factor), self.min_lrs, strict=True)]
        pairs = zip(self._current(), reduced, strict=True)
        return [new if old - new > self.eps else old for old, new in pairs]

    def _is_better(self, metric: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            return sign * metric < sign * self.best * (1 - sign * self.threshold)
        return sign * metric < sign * self.best - self.threshold
