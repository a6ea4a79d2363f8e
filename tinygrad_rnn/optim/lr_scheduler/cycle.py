"""Schedules that raise the learning rate and lower it again, and move momentum the opposite way."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from .cosine import annealed
from .scheduler import (
    Schedule,
    attributes,
    check_optimizer,
    each_group,
    momentum_bounds,
    positive_int,
    restore,
    set_momentum,
)


class OneCycleLR(Schedule):
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
        self.total_steps, self._anneal_func_type = total_steps, anneal_strategy
        self.cycle_momentum = cycle_momentum

        up = pct_start * total_steps - 1  # the step at which a phase ends, and what it goes from and to
        rise = phase(up, "initial_lr", "max_lr", "max_momentum", "base_momentum")
        fall = phase(total_steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")
        back = phase(2 * up, "max_lr", "initial_lr", "base_momentum", "max_momentum")
        rest = phase(total_steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum")
        self._schedule_phases = [rise, back, rest] if three_phase else [rise, fall]

        peaks = each_group(optimizer, "max_lr", max_lr)
        if cycle_momentum:
            self.use_beta1 = "betas" in optimizer.defaults
            momentum_bounds(optimizer, base_momentum, max_momentum, last_epoch == -1)
        if last_epoch == -1:
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["initial_lr"], group["max_lr"] = peak / div_factor, peak
                group["min_lr"] = group["initial_lr"] / final_div_factor
        super().__init__(optimizer, last_epoch)

    def lrs(self) -> list[float]:
        """Also moves the groups' momentum to where it is at this step."""
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(f"Tried to step {step} times, but total_steps is {self.total_steps}")
        phases = self._schedule_phases
        i = min(bisect_left([known["end_step"] for known in phases], step), len(phases) - 1)
        start, now = phases[i - 1]["end_step"] if i else 0.0, phases[i]
        part = (step - start) / (now["end_step"] - start)
        for group in self.optimizer.param_groups if self.cycle_momentum else ():
            set_momentum(group, self._anneal(group[now["start_momentum"]], group[now["end_momentum"]], part))
        return [
            self._anneal(group[now["start_lr"]], group[now["end_lr"]], part) for group in self.optimizer.param_groups
        ]

    def _anneal(self, start: float, end: float, part: float) -> float:
        """`part` of the way from start to end."""
        return annealed(start, end, part) if self._anneal_func_type == "cos" else (end - start) * part + start


def phase(end_step: float, start_lr: str, end_lr: str, start_momentum: str, end_momentum: str) -> dict[str, Any]:
    """Until when, and between which entries of a group."""
    return {
        "end_step": end_step, "start_lr": start_lr, "end_lr": end_lr, "start_momentum": start_momentum,
        "end_momentum": end_momentum,
    }  # fmt: skip


class CyclicLR(Schedule):
    """The learning rate goes up from base_lr to max_lr and down again, over and over; momentum does the opposite.

    lr = base_lr + (max_lr - base_lr) * height * scale, where height goes up from 0 to 1 in step_size_up steps and
    down in step_size_down. Call `step` after every batch.

    Args:
        optimizer: whose groups it sets.
        base_lr, max_lr: the bounds; one number or one a group.
        step_size_up, step_size_down: steps up, and down (by default as many).
        mode: the scale is 1 ("triangular"), halved after each cycle ("triangular2") or gamma^step ("exp_range").
        gamma: for "exp_range".
        scale_fn: the scale as a function of the number of the cycle, from 1; instead of `mode`.
        scale_mode: "iterations" to give it the number of the step.
        cycle_momentum: also move momentum (or the first beta) from max_momentum to base_momentum and back.
        base_momentum, max_momentum: one number or one a group.
        last_epoch: see `LRScheduler`; of the steps.

    Raises:
        ValueError: a bad argument.

    Source: Smith 2017; `torch.optim.lr_scheduler.CyclicLR`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(f"mode {mode!r} is invalid and scale_fn is None")
        base_lrs = each_group(optimizer, "base_lr", base_lr)
        self.max_lrs = each_group(optimizer, "max_lr", max_lr)
        up, down = float(step_size_up), float(step_size_up if step_size_down is None else step_size_down)
        self.total_size, self.step_ratio = up + down, up / (up + down)
        self.mode, self.gamma, self._scale_fn_custom = mode, gamma, scale_fn
        self.scale_mode = scale_mode if scale_fn else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = "betas" in optimizer.defaults
            bounds = momentum_bounds(optimizer, base_momentum, max_momentum, last_epoch == -1)
            self.base_momentums, self.max_momentums = bounds
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                group["lr"] = lr
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def lrs(self) -> list[float]:
        """Also moves the groups' momentum to where it is at this step."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        part = 1 + self.last_epoch / self.total_size - cycle
        height = part / self.step_ratio if part <= self.step_ratio else (part - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, base, most in bounds:
                set_momentum(group, most - (most - base) * height)
        return [base + (most - base) * height for base, most in zip(self.base_lrs, self.max_lrs, strict=True)]

    def scale_fn(self, x: float) -> float:
        """The scale, for the number of the cycle or of the step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return {"triangular": 1.0, "triangular2": 0.5 ** (x - 1), "exp_range": self.gamma**x}[self.mode]

    def state_dict(self) -> dict[str, Any]:
        """Of a scale_fn only the attributes of a callable object: a lambda cannot be saved."""
        return {**super().state_dict(), "_scale_fn_custom": attributes(self._scale_fn_custom)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        saved = state_dict["_scale_fn_custom"]
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "_scale_fn_custom"})
        restore(self._scale_fn_custom, saved)
