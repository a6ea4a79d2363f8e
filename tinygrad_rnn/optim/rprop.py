"""Rprop: steps whose length depends only on whether the gradient has changed its sign."""

from __future__ import annotations

from typing import Any

import numpy as np

from .blocks import blocks
from .optimizer import Optimizer, count, memory, non_negative, sign


class Rprop(Optimizer):
    """Rprop: p = p - sign(dp) s, where s grows while the sign of dp stays, and shrinks when it changes.

    s = s etas[1] while dp has the sign of last time, s = s etas[0] when it has the other one (the step is left out
    then, and at the next no sign is compared), always within `step_sizes`. For gradients of the whole data set.

    Args:
        params: what to optimise, see `Optimizer`.
        lr: s before the first step.
        etas: by how much s shrinks and grows.
        step_sizes: the smallest and the largest s.
        maximize: ascend instead.

    Raises:
        ValueError: a negative learning rate, or not 0 < etas[0] < 1 < etas[1].

    Source: Riedmiller & Braun 1993; `torch.optim.Rprop`.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        })  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        non_negative(lr=group["lr"])
        if not 0 < group["etas"][0] < 1 < group["etas"][1]:
            raise ValueError(f"Invalid eta values: {group['etas']}, expected 0 < etas[0] < 1 < etas[1]")

    def update(self, p: np.ndarray, dp: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        (shrink, grow), (least, most) = group["etas"], group["step_sizes"]
        count(state)
        arrays = p, dp, memory(state, "prev", p), memory(state, "step_size", p, group["lr"])
        for p, dp, last, s in blocks(*arrays):
            dp = sign(group) * dp
            product = dp * last
            s *= np.where(product > 0, grow, np.where(product < 0, shrink, 1.0)).astype(s.dtype)
            np.clip(s, least, most, out=s)
            last[...] = np.where(product < 0, 0, dp)
            p -= np.sign(last) * s
