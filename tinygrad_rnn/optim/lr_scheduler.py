"""Learning-rate schedules: each sets the learning rate of every parameter group once an epoch (or batch).

Most are chainable, as in PyTorch: they go on from the rate that stands in the group, so several schedules on
one optimiser multiply.
"""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType
from typing import Any

from ..absent import name_the_nearest
from .optimizer import Optimizer

name_the_nearest(__name__)


class LRScheduler(ABC):
    """A schedule: `get_lr` says the learning rates of step `last_epoch`, and `step` sets them.

    Args:
        optimizer: whose groups it sets.
        last_epoch: the number of the last step when resuming, -1 for a fresh start.

    Raises:
        TypeError: not an optimiser.
        KeyError: resuming, but the groups do not say their "initial_lr".

    Source: `torch.optim.lr_scheduler.LRScheduler`.
    """

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
        self._step_count = 0
        self._advance()

    @abstractmethod
    def get_lr(self) -> list[float]:
        """The learning rates, one a group, at step `last_epoch`; what `step` sets."""

    def get_last_lr(self) -> list[float]:
        """The learning rates that were set last."""
        return self._last_lr

    def step(self) -> None:
        """Go to the next epoch: call it after `optimizer.step()`."""
        own_step = type(self.optimizer).step is not Optimizer.step  # then nobody noted whether it was called
        if self._step_count == 1 and not (own_step or self.optimizer.stepped):
            warnings.warn(
                "lr_scheduler.step() was called before optimizer.step(): the first learning rate of the "
                "schedule is skipped. Call them in the opposite order.",
                UserWarning,
                stacklevel=2,
            )
        self._advance()

    def _advance(self) -> None:
        self._step_count += 1
        self.last_epoch += 1
        self._set(self.get_lr())

    def _set(self, lrs: Sequence[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr
        self._last_lr = list(lrs)

    def _current(self, factor: float = 1) -> list[float]:
        """The learning rates that stand in the groups, times a factor."""
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    @property
    def _fresh(self) -> bool:
        """Whether this is the step that the constructor takes."""
        return self._step_count == 1

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where the schedule stood that gave this state dict; unknown entries are left out."""
        known = self.state_dict()
        self.__dict__.update({name: value for name, value in state_dict.items() if name in known})


class LambdaLR(LRScheduler):
    """lr = initial lr * lr_lambda(epoch); one function, or one a group.

    Source: `torch.optim.lr_scheduler.LambdaLR`.
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

    def get_lr(self) -> list[float]:
        factors = [lr_lambda(self.last_epoch) for lr_lambda in self.lr_lambdas]
        return [lr * factor for lr, factor in zip(self.base_lrs, factors, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Of the functions only the attributes of callable objects: a lambda cannot be saved."""
        parts = [None if isinstance(f, FunctionType) else dict(f.__dict__) for f in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": parts}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        pairs = list(zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True))
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "lr_lambdas"})
        for function, attributes in pairs:
            if attributes is not None:
                function.__dict__.update(attributes)


class StepLR(LRScheduler):
    """lr = lr * gamma every `step_size` epochs. Source: `torch.optim.lr_scheduler.StepLR`."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        due = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return self._current(self.gamma if due else 1)


class MultiStepLR(LRScheduler):
    """lr = lr * gamma at each of the epochs `milestones`. Source: `torch.optim.lr_scheduler.MultiStepLR`."""

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return self._current(self.gamma ** self.milestones[self.last_epoch])


class ExponentialLR(LRScheduler):
    """lr = lr * gamma every epoch. Source: `torch.optim.lr_scheduler.ExponentialLR`."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return self._current(1 if self._fresh else self.gamma)


class CosineAnnealingLR(LRScheduler):
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

    def get_lr(self) -> list[float]:
        if self._fresh:
            return self._current()
        height = lambda epoch: 1 + math.cos(math.pi * epoch / self.T_max)
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # no factor leads up from the bottom
            rises = [(lr - self.eta_min) * height(self.T_max - 1) / 2 for lr in self.base_lrs]
            return [lr + rise for lr, rise in zip(self._current(), rises, strict=True)]
        factor = height(self.last_epoch) / height(self.last_epoch - 1)
        return [factor * (lr - self.eta_min) + self.eta_min for lr in self._current()]


class OneCycleLR(LRScheduler):
    """The learning rate rises to max_lr and falls to almost nothing, and momentum does the opposite.

    Call `step` after every batch, `total_steps` times in all.

    Args:
        optimizer: whose groups it sets.
        max_lr: the peak, one number or one a group.
        total_steps: batches in the cycle; or give `epochs` and `steps_per_epoch`.
        pct_start: the part of the cycle in which the rate rises.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: also move momentum (or the first beta) from max_momentum to base_momentum and back.
        base_momentum, max_momentum: one number or one a group.
        div_factor: the cycle starts at max_lr / div_factor,
        final_div_factor: and ends at that / final_div_factor.
        three_phase: fall back to the start as fast as it rose, and only then to the end.
        last_epoch: see `LRScheduler`.

    Raises:
        ValueError: a bad argument; a step beyond total_steps.

    Source: Smith & Topin 2017; `torch.optim.lr_scheduler.OneCycleLR`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
            positive_int(epochs=epochs, steps_per_epoch=steps_per_epoch)
            total_steps = epochs * steps_per_epoch
        positive_int(total_steps=total_steps)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start!r}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be 'cos' or 'linear', instead got {anneal_strategy!r}")
        momentum = next((name for name in ("betas", "momentum") if name in optimizer.defaults), None)
        if cycle_momentum and momentum is None:
            raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
        self.total_steps, self.anneal_strategy = total_steps, anneal_strategy
        self.momentum = momentum if cycle_momentum else None  # under which name the groups have it

        up = pct_start * total_steps - 1  # the step at which a phase ends, and what it goes from and to
        rise = up, ("initial_lr", "max_lr"), ("max_momentum", "base_momentum")
        fall = total_steps - 1, ("max_lr", "min_lr"), ("base_momentum", "max_momentum")
        back = 2 * up, ("max_lr", "initial_lr"), ("base_momentum", "max_momentum")
        rest = total_steps - 1, ("initial_lr", "min_lr"), ("max_momentum", "max_momentum")
        self.phases = [rise, back, rest] if three_phase else [rise, fall]

        peaks = each_group(optimizer, "max_lr", max_lr)
        bases = each_group(optimizer, "base_momentum", base_momentum)
        tops = each_group(optimizer, "max_momentum", max_momentum)
        if last_epoch == -1:
            for group, peak, base, top in zip(optimizer.param_groups, peaks, bases, tops, strict=True):
                group["initial_lr"], group["max_lr"] = peak / div_factor, peak
                group["min_lr"] = group["initial_lr"] / final_div_factor
                if self.momentum:
                    group["base_momentum"], group["max_momentum"] = base, top
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Also moves the groups' momentum to where it is at this step."""
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(f"Tried to step {step} times, but total_steps is {self.total_steps}")
        i = min(bisect_left([end for end, _, _ in self.phases], step), len(self.phases) - 1)
        start = self.phases[i - 1][0] if i else 0.0
        end, lr, momentum = self.phases[i]
        part = (step - start) / (end - start)
        for group in self.optimizer.param_groups:
            if self.momentum == "betas":
                group["betas"] = (self._anneal(group, momentum, part), *group["betas"][1:])
            elif self.momentum:
                group["momentum"] = self._anneal(group, momentum, part)
        return [self._anneal(group, lr, part) for group in self.optimizer.param_groups]

    def _anneal(self, group: dict[str, Any], names: tuple[str, str], part: float) -> float:
        """`part` of the way from one entry of the group to another."""
        start, end = group[names[0]], group[names[1]]
        if self.anneal_strategy == "cos":
            return end + (start - end) / 2 * (1 + math.cos(math.pi * part))
        return (end - start) * part + start


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
        each_group(optimizer, "min_lr", min_lr)
        self.min_lr = min_lr
        self.best = math.inf if mode == "min" else -math.inf
        self.cooldown_counter = self.num_bad_epochs = self.last_epoch = 0
        self._last_lr = self._current()

    def step(self, metrics) -> None:  # type: ignore[override]
        """Judge the epoch by its metric, a number or a tensor with one element."""
        metric = float(metrics)
        self.last_epoch += 1
        self.num_bad_epochs += 1
        if self._is_better(metric):
            self.best, self.num_bad_epochs = metric, 0
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        lrs = self._current()
        if self.num_bad_epochs > self.patience:
            lrs = self.get_lr()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._set(lrs)

    def get_lr(self) -> list[float]:
        """The learning rates after a reduction."""
        least = each_group(self.optimizer, "min_lr", self.min_lr)
        reduced = [max(lr, bound) for lr, bound in zip(self._current(self.factor), least, strict=True)]
        pairs = zip(self._current(), reduced, strict=True)
        return [new if old - new > self.eps else old for old, new in pairs]

    def _is_better(self, metric: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            return sign * metric < sign * self.best * (1 - sign * self.threshold)
        return sign * metric < sign * self.best - self.threshold


# --- what the schedules share ------------------------------------------------------------------------------


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
