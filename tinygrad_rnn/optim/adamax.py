"""Adamax: Adam with the largest gradient so far in the place of the mean square."""

from __future__ import annotations

from typing import Any

import numpy as np

from .blocks import blocks
from .optimizer import Optimizer, check_betas, count, descent, memory, non_negative, sign


class Adamax(Optimizer):
    """Adamax: m = b1 m + (1 - b1) dp, u = max(b2 u, |dp| + eps), p = p - lr / (1 - b1^t) m / u.

    Args:
        params: what to optimise, see `Optimizer`.
        lr: learning rate.
        betas: how much of m and u is kept, b1 and b2.
        eps: added to the size of the gradient.
        weight_decay: adds weight_decay * p to the gradient.
        maximize: ascend instead.

    Raises:
        ValueError: a negative hyperparameter, or a beta outside [0, 1).

    Source: Kingma & Ba 2015, section 7.1; `torch.optim.Adamax`.
    """

    def __init__(
        self,
        params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        })  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        non_negative(lr=group["lr"], eps=group["eps"], weight_decay=group["weight_decay"])
        check_betas(group["betas"])

    def update(self, p: np.ndarray, dp: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        step = group["lr"] / (1 - beta1 ** count(state))
        arrays = p, dp, memory(state, "exp_avg", p), memory(state, "exp_inf", p)
        for p, dp, m, u in blocks(*arrays):
            dp = descent(dp, p, sign(group), group["weight_decay"])
            m += (1 - beta1) * (dp - m)
            u *= beta2
            np.maximum(u, np.abs(dp) + group["eps"], out=u)
            p -= step * m / u
