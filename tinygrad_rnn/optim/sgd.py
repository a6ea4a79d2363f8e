"""SGD: stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from .blocks import blocks
from .optimizer import Optimizer, descent, memory, non_negative, sign, update_rule


class SGD(Optimizer):
    """Gradient descent: b = momentum * b + (1 - dampening) * dp, p = p - lr * b.

    At the first step b = dp. With `nesterov`, p = p - lr * (dp + momentum * b).

    Args:
        params: what to optimise, see `Optimizer`.
        lr: learning rate.
        momentum: how much of the last direction is kept; 0 for none.
        dampening: how much less of the gradient enters the direction.
        weight_decay: adds weight_decay * p to the gradient.
        nesterov: take the gradient's step from where momentum leads.
        maximize: ascend instead.

    Raises:
        ValueError: a negative hyperparameter; nesterov without momentum or with dampening.

    Source: `torch.optim.SGD`, whose momentum differs from Sutskever's by scaling with lr.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach, "differentiable": differentiable,
            "fused": fused,
        })  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        non_negative(lr=group["lr"], momentum=group["momentum"], weight_decay=group["weight_decay"])
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")

    def update(self, p: np.ndarray, dp: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        momentum, nesterov = group["momentum"], group["nesterov"]
        first = state.get("momentum_buffer") is None
        rate = 1.0 if first else 1 - group["dampening"]
        b = memory(state, "momentum_buffer", p) if momentum else None
        sgd(p, dp, b, sign(group), group["weight_decay"], momentum, rate, group["lr"], nesterov, among=self.among)


@update_rule
def sgd(p, dp, b, sign, decay, momentum, rate, lr, nesterov) -> None:
    """One step of gradient descent for one parameter p; b (or None) goes on with it."""
    pieces = blocks(p, dp, b)
    for p, dp, b in pieces:
        dp = descent(dp, p, sign, decay)
        if b is not None:
            b *= momentum
            b += rate * dp
            dp = dp + momentum * b if nesterov else b
        p -= lr * dp
