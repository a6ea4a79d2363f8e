"""RMSprop: steps scaled by a running root mean square of the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .blocks import blocks
from .optimizer import Optimizer, count, descent, memory, non_negative, sign, update_rule


class RMSprop(Optimizer):
    """RMSprop: v = alpha v + (1 - alpha) dp^2, p = p - lr dp / (sqrt(v) + eps).

    With `centered` the variance v - mean^2 stands for v; with `momentum` the quotients are summed in
    b = momentum * b + dp / (sqrt(v) + eps) and p = p - lr b.

    Args:
        params: what to optimise, see `Optimizer`.
        lr: learning rate.
        alpha: how much of the running mean is kept.
        eps: added to the denominator.
        weight_decay: adds weight_decay * p to the gradient.
        momentum: how much of the last direction is kept; 0 for none.
        centered: divide by the standard deviation of the gradient.
        maximize: ascend instead.

    Raises:
        ValueError: a negative hyperparameter.

    Source: Tieleman & Hinton 2012, Graves 2013 (centered); `torch.optim.RMSprop`.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        })  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        non_negative(**{name: group[name] for name in ("lr", "eps", "momentum", "weight_decay", "alpha")})

    def update(self, p: np.ndarray, dp: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        alpha, momentum = group["alpha"], group["momentum"]
        count(state)
        v = memory(state, "square_avg", p)
        b = memory(state, "momentum_buffer", p) if momentum else None
        mean = memory(state, "grad_avg", p) if group["centered"] else None
        rmsprop(
            p, dp, v, mean, b, sign(group), group["weight_decay"], alpha, 1 - alpha, group["eps"], momentum,
            group["lr"], among=self.among,
        )  # fmt: skip


@update_rule
def rmsprop(p, dp, v, mean, b, sign, decay, keep, rate, eps, momentum, lr) -> None:
    """One step of RMSprop for one parameter p; v, `mean` and b (or None) go on with it."""
    pieces = blocks(p, dp, v, mean, b)
    for p, dp, v, mean, b in pieces:
        dp = descent(dp, p, sign, decay)
        v *= keep
        v += rate * dp * dp
        if mean is None:
            denominator = np.sqrt(v)
        else:
            mean += rate * (dp - mean)
            denominator = np.sqrt(v - mean * mean)
        denominator += eps
        if b is None:
            p -= lr * dp / denominator
        else:
            b *= momentum
            b += dp / denominator
            p -= lr * b
