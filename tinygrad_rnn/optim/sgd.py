"""SGD: stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .blocks import blocks
from .optimizer import Optimizer, descent, non_negative


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
        lr, momentum = group["lr"], group["momentum"]
        first = momentum != 0 and state.get("momentum_buffer") is None
        if first:
            state["momentum_buffer"] = Tensor(np.empty_like(p))
        direction = state["momentum_buffer"].array if momentum else None
        pieces = blocks(p, dp, direction)
        for p, dp, b in pieces:
            dp = descent(dp, p, group, group["weight_decay"])
            if first:
                b[...] = dp
            elif momentum:
                b *= momentum
                b += (1 - group["dampening"]) * dp
            if group["nesterov"]:
                dp = dp + momentum * b
            elif momentum:
                dp = b
            p -= lr * dp
