"""Adam and AdamW: steps scaled by running moments of the gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .blocks import blocks
from .optimizer import Optimizer, check_betas, count, descent, memory, non_negative, sign, update_rule


class Adam(Optimizer):
    """Adam: m = b1 m + (1 - b1) dp, v = b2 v + (1 - b2) dp^2, p = p - lr m' / (sqrt(v') + eps).

    m' = m / (1 - b1^t) and v' = v / (1 - b2^t) undo that m and v start at zero.

    Args:
        params: what to optimise, see `Optimizer`.
        lr: learning rate.
        betas: how much of the moments m and v is kept, b1 and b2.
        eps: added to the denominator.
        weight_decay: adds weight_decay * p to the gradient (in AdamW: shrinks p by lr * weight_decay).
        amsgrad: divide by the largest v so far.
        maximize: ascend instead.
        decoupled_weight_decay: as in AdamW.

    Raises:
        ValueError: a negative hyperparameter, or a beta outside [0, 1).

    Source: Kingma & Ba 2015; `torch.optim.Adam`.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(params, {
            "lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            "fused": fused, "decoupled_weight_decay": decoupled_weight_decay,
        })  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        non_negative(lr=group["lr"], eps=group["eps"], weight_decay=group["weight_decay"])
        check_betas(group["betas"])

    def update(self, p: np.ndarray, dp: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, (beta1, beta2), weight_decay = group["lr"], group["betas"], group["weight_decay"]
        decoupled = group["decoupled_weight_decay"]
        t = count(state)
        scale = math.sqrt(1 - beta2**t)
        step, eps = lr / (1 - beta1**t) * scale, group["eps"] * scale  # sqrt(v') = sqrt(v) / scale
        m, v = memory(state, "exp_avg", p), memory(state, "exp_avg_sq", p)
        largest = memory(state, "max_exp_avg_sq", p) if group["amsgrad"] else None
        decay, shrink = (0.0, 1 - lr * weight_decay) if decoupled else (weight_decay, 1.0)
        adam(
            p, dp, m, v, largest, sign(group), decay, shrink, 1 - beta1, beta2, 1 - beta2, step, eps,
            among=self.among,
        )  # fmt: skip


@update_rule
def adam(p, dp, m, v, largest, sign, decay, shrink, rate1, keep2, rate2, step, eps) -> None:
    """One step of Adam for one parameter p; m, v and `largest` (or None) go on with it."""
    pieces = blocks(p, dp, m, v, largest)
    for p, dp, m, v, largest in pieces:
        if shrink != 1:
            p *= shrink
        dp = descent(dp, p, sign, decay)
        m += rate1 * (dp - m)
        v *= keep2
        v += rate2 * dp * dp
        denominator = np.sqrt(v if largest is None else np.maximum(largest, v, out=largest))
        denominator += eps
        p -= step * m / denominator


class AdamW(Adam):
    """Adam with decoupled weight decay: before the step p = p - lr * weight_decay * p, outside the moments.

    Args: as for `Adam`. Source: Loshchilov & Hutter 2019; `torch.optim.AdamW`.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, foreach=foreach, fused=fused,
            capturable=capturable, differentiable=differentiable, decoupled_weight_decay=True,
        )  # fmt: skip
