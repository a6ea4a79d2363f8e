"""Adadelta: steps whose length is that of the recent ones, so that no learning rate is needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from .blocks import blocks
from .optimizer import Optimizer, count, descent, memory, non_negative, sign, update_rule


class Adadelta(Optimizer):
    """Adadelta: v = rho v + (1 - rho) dp^2, u = sqrt(a + eps) / sqrt(v + eps) dp, p = p - lr u.

    Behind it a = rho a + (1 - rho) u^2, the running mean square of the steps.

    Args:
        params: what to optimise, see `Optimizer`.
        lr: by how much a step is scaled.
        rho: how much of the running means is kept.
        eps: added to them.
        weight_decay: adds weight_decay * p to the gradient.
        maximize: ascend instead.

    Raises:
        ValueError: a negative hyperparameter, or rho above 1.

    Source: Zeiler 2012; `torch.optim.Adadelta`.
    """

    def __init__(
        self,
        params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        })  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        non_negative(**{name: group[name] for name in ("lr", "rho", "eps", "weight_decay")})
        if group["rho"] > 1:
            raise ValueError(f"Invalid rho value: {group['rho']}, expected a number in [0, 1]")

    def update(self, p: np.ndarray, dp: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        count(state)
        v, a = memory(state, "square_avg", p), memory(state, "acc_delta", p)
        rho = group["rho"]
        adadelta(
            p, dp, v, a, sign(group), group["weight_decay"], rho, 1 - rho, group["eps"], group["lr"],
            among=self.among,
        )  # fmt: skip


@update_rule
def adadelta(p, dp, v, a, sign, decay, keep, rate, eps, lr) -> None:
    """One step of Adadelta for one parameter p; v and a go on with it."""
    pieces = blocks(p, dp, v, a)
    for p, dp, v, a in pieces:
        dp = descent(dp, p, sign, decay)
        v *= keep
        v += rate * dp * dp
        u = np.sqrt(a + eps) / np.sqrt(v + eps) * dp
        a *= keep
        a += rate * u * u
        p -= lr * u
