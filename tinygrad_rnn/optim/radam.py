"""RAdam: Adam whose first steps are those of momentum, until the mean square can be trusted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .blocks import blocks
from .optimizer import Optimizer, check_betas, count, descent, memory, non_negative, sign


class RAdam(Optimizer):
    """RAdam: p = p - lr r m' / (sqrt(v') + eps'), or p = p - lr m' as long as r is not defined.

    m' and v' are the moments of Adam. With R = 2 / (1 - b2) - 1, the number of gradients that v averages in the end,
    and rho = R - 2 t b2^t / (1 - b2^t), what it has averaged after t steps,
    r = sqrt((rho - 4) (rho - 2) R / ((R - 4) (R - 2) rho)) is defined for rho > 5.

    Args:
        params: what to optimise, see `Optimizer`.
        lr: learning rate.
        betas: how much of the moments is kept, b1 and b2.
        eps: added to the root of v, before the correction that makes v' of it.
        weight_decay: adds weight_decay * p to the gradient.
        decoupled_weight_decay: instead shrink p by lr * weight_decay, as in AdamW.
        maximize: ascend instead.

    Raises:
        ValueError: a negative hyperparameter, or a beta outside [0, 1).

    Source: Liu et al. 2020; `torch.optim.RAdam`.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        })  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        non_negative(lr=group["lr"], eps=group["eps"], weight_decay=group["weight_decay"])
        check_betas(group["betas"])

    def update(self, p: np.ndarray, dp: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, (beta1, beta2), weight_decay = group["lr"], group["betas"], group["weight_decay"]
        decoupled = group["decoupled_weight_decay"]
        decay, shrink = (0.0, 1 - lr * weight_decay) if decoupled else (weight_decay, 1.0)
        t = count(state)
        step, scale = lr / (1 - beta1**t), math.sqrt(1 - beta2**t)
        R = 2 / (1 - beta2) - 1
        rho = R - 2 * t * beta2**t / (1 - beta2**t)
        arrays = p, dp, memory(state, "exp_avg", p), memory(state, "exp_avg_sq", p)
        for p, dp, m, v in blocks(*arrays):
            p *= shrink
            dp = descent(dp, p, sign(group), decay)
            m += (1 - beta1) * (dp - m)
            v *= beta2
            v += (1 - beta2) * dp * dp
            if rho > 5:
                r = math.sqrt((rho - 4) * (rho - 2) * R / ((R - 4) * (R - 2) * rho))
                p -= step * r * scale * m / (np.sqrt(v) + group["eps"])
            else:
                p -= step * m
